"""Raw messages and attachments are given out in a bounded room, whoever reads them or does not."""

import base64
import random
import tracemalloc
from contextlib import AsyncExitStack
from uuid import UUID

from deskstream_chassis.testing import unread
from ingest_svc.handlers.accept import Acceptance, Incoming

from .conftest import Desk, Play


def _large_mail(size: int) -> bytes:
    """With an attachment that is three quarters as large."""
    coded = base64.encodebytes(random.Random(7).randbytes(size * 3 // 4))
    return (
        b"From: alice@example.com\r\nTo: support@desk.example\r\nMessage-ID: <large@example.com>\r\nSubject: Large\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nHello\r\n"
        b"--x\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename=a.png\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + coded.replace(b"\n", b"\r\n") + b"--x--\r\n"
    )


async def _hand_in(desk: Desk, raw: bytes) -> UUID:
    acceptance: Acceptance = desk.door._handler._acceptance  # type: ignore[assignment]
    incoming = Incoming("smtp", raw, "message/rfc822", ["support@desk.example"], "alice@example.com")
    return (await acceptance.accept(incoming))[0]


def test_a_raw_message_that_nobody_reads_holds_a_piece_of_itself_and_no_connection(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        sent = _large_mail(8 * 1024 * 1024)
        id_ = await _hand_in(desk, sent)
        path, agent = f"/messages/{id_}/raw", desk.as_("agent").headers
        async with AsyncExitStack() as readers:
            tracemalloc.start()
            for _ in range(4):
                assert await readers.enter_async_context(unread(desk.asgi, path, agent)) == 200
            traced, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert traced < 6 * 1024 * 1024, "of 32 MiB"
            assert desk.service.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
            refusal = await desk.get(path)
            assert (refusal.status_code, refusal.headers["retry-after"]) == (429, "2")
            ben = await desk.as_("agent", id="ben").get(path)
            assert (ben.status_code, ben.content == sent, ben.headers["content-length"]) == (200, True, str(len(sent)))
        assert (await desk.get(path)).content == sent

    play(scene, http_downloads_of_an_account=4)


def test_attachments_are_taken_out_of_messages_while_there_is_room_for_both(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        id_ = await _hand_in(desk, _large_mail(3 * 1024 * 1024))
        path, raw = f"/messages/{id_}/attachments/2", f"/messages/{id_}/raw"
        ada, ben = (desk.as_("agent", id=name) for name in ("ada", "ben"))
        async with unread(desk.asgi, path, ada.headers) as status:
            assert status == 200
            assert (await ada.get(path)).status_code == 429
            refusal = await ben.get(path)
            assert (refusal.status_code, refusal.headers["retry-after"]) == (503, "2")
            assert (await ben.get(raw)).status_code == 200
        assert len((await ben.get(path)).content) == 3 * 1024 * 1024 * 3 // 4

    play(scene, http_answers_bytes=10 * 1024 * 1024)
