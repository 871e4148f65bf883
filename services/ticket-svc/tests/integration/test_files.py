"""Files of answers and notes: uploaded, claimed by what is written, given out to who sees the ticket."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from deskstream_chassis.files.tokens import file_token
from deskstream_chassis.testing import OpenService, accepted, open_service, unread
from deskstream_chassis.web.subjects import Customer
from deskstream_contracts.events.tickets import TicketAgentRepliedV1, TicketNotedV1, TicketState
from deskstream_contracts.visibility import Visibility
from deskstream_contracts.wire import File
from ticket_svc.settings import Settings
from ticket_svc.wiring import build

from .given import commanded, opened

pytestmark = pytest.mark.anyio
SECRET = "s" * 40
LARGE = bytes(range(256)) * 4096


@pytest.fixture
async def desk(migrated_url: str, tmp_path: Path) -> AsyncIterator[OpenService]:
    own: dict[str, Any] = {"hold_seconds": 0, "files_secret": SECRET, "files_store": f"{tmp_path}/files", "file_bytes": 2_000_000}
    own |= {"message_files_bytes": 2_000_000, "unclaimed_files_bytes": 4_000_000}
    async with open_service(build, Settings, migrated_url, role="all", **own) as service:
        yield service


async def upload(desk: OpenService, content: bytes, name: str = "notes.txt", who: str = "ada", **headers: str) -> httpx.Response:
    said = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "Content-Type": "text/plain; charset=utf-8", **headers}
    return await desk.as_("agent", id=who, name=who.title()).post("/files", content=content, headers=said)


async def uploaded(desk: OpenService, content: bytes = b"words", name: str = "notes.txt", who: str = "ada") -> File:
    answer = await upload(desk, content, name, who)
    assert answer.status_code == 201, answer.text
    return File.model_validate(answer.json())


async def refused(desk: OpenService, ticket: TicketState, files: list[UUID], who: str = "ada") -> tuple[int, Any]:
    body = {"text": "Here it is.", "files": [str(id_) for id_ in files]}
    answer = await desk.as_("agent", id=who).post(f"/tickets/{ticket.id}/replies", json=body)
    return answer.status_code, answer.json().get("errors", [{}])[0].get("pointer")


async def written(desk: OpenService, ticket: TicketState, command: str, *files: File) -> UUID:
    """The message that the agent Ada has written with these files."""
    found = await commanded(desk, ticket, "POST", command, text="Here it is.", files=[str(file.id) for file in files])
    return UUID(found["message_id"])


def requester_of(ticket: TicketState) -> Customer:
    id_ = ticket.requester.customer_id
    return Customer(str(id_), "Jim", Visibility(customer_ids=frozenset({id_})))


async def test_an_upload_is_told_as_it_is_kept(desk: OpenService) -> None:
    file = await uploaded(desk, LARGE, "r%C3%A9sum%C3%A9.txt")
    assert (file.name, file.media_type, file.size) == ("résumé.txt", "text/plain", len(LARGE))
    assert file.sha256 == hashlib.sha256(LARGE).hexdigest()


async def test_a_reply_carries_its_files_in_what_is_told_and_in_the_conversation(desk: OpenService) -> None:
    ticket, a, b = await opened(desk), await uploaded(desk, LARGE, "a.bin"), await uploaded(desk, name="b.txt")
    message = await written(desk, ticket, "replies", b, a)
    (replied,) = await desk.published(TicketAgentRepliedV1)
    assert replied.files == [b, a]
    last = accepted(await desk.as_("viewer").get(f"/tickets/{ticket.id}/conversation"))[-1]
    assert last["files"] == [file.model_dump(mode="json") for file in (b, a)]
    answer = await desk.as_("agent").get(f"/messages/{message}/files/{a.id}")
    assert (answer.status_code, answer.content) == (200, LARGE)
    assert answer.headers["content-length"] == str(len(LARGE))
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_a_note_tells_its_files_too(desk: OpenService) -> None:
    ticket, file = await opened(desk), await uploaded(desk)
    await written(desk, ticket, "notes", file)
    (noted,) = await desk.published(TicketNotedV1)
    assert noted.files == [file]


async def test_only_who_uploaded_a_file_may_write_with_it_and_once(desk: OpenService) -> None:
    ticket, first, second = await opened(desk), await uploaded(desk), await uploaded(desk)
    assert await refused(desk, ticket, [first.id], who="bob") == (422, "#/files/0")
    assert await refused(desk, ticket, [first.id, uuid4()]) == (422, "#/files/1")
    await written(desk, ticket, "replies", first)
    assert await refused(desk, ticket, [second.id, first.id]) == (409, None)
    await written(desk, ticket, "notes", second)


async def test_a_refused_reply_claims_nothing(desk: OpenService) -> None:
    ticket, file = await opened(desk), await uploaded(desk)
    await commanded(desk, ticket, "POST", "close", reason="spam")
    assert (await refused(desk, ticket, [file.id]))[0] == 409
    await written(desk, ticket, "notes", file)


async def test_a_repeated_reply_is_the_same_reply(desk: OpenService) -> None:
    ticket, file = await opened(desk), await uploaded(desk)
    ada = desk.as_("agent", id="ada")
    body, headers = {"text": "Here.", "files": [str(file.id)]}, {"Idempotency-Key": "reply-1"}
    answers = [await ada.post(f"/tickets/{ticket.id}/replies", json=body, headers=headers) for _ in range(2)]
    assert accepted(answers[0]) == accepted(answers[1])
    assert len(await desk.published(TicketAgentRepliedV1)) == 1


async def test_files_of_one_message_are_bounded_together_and_in_number(desk: OpenService) -> None:
    ticket, large = await opened(desk), [await uploaded(desk, LARGE + bytes([n])) for n in range(2)]
    assert (await refused(desk, ticket, [file.id for file in large]))[0] == 413
    assert (await refused(desk, ticket, [uuid4() for _ in range(21)]))[0] == 422


async def test_what_cannot_be_taken_is_said_by_its_status(desk: OpenService, tmp_path: Path) -> None:
    assert (await upload(desk, b"x" * 2_000_001)).status_code == 413
    assert (await upload(desk, b"words", **{"X-Content-SHA256": "0" * 64})).status_code == 422
    assert (await upload(desk, b"words", "%FF")).status_code == 422
    for role in ("viewer", "operator"):
        assert (await desk.as_(role).post("/files", content=b"words")).status_code == 403
    (tmp_path / "files").rename(tmp_path / "elsewhere")
    answer = await upload(desk, LARGE)
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.headers["retry-after"]
    assert await desk.rows("SELECT id FROM files") == []
    (tmp_path / "elsewhere").rename(tmp_path / "files")
    for n in range(3):
        assert (await upload(desk, LARGE + bytes([n]))).status_code == 201
    answer = await upload(desk, LARGE + b"x")
    assert (answer.status_code, answer.json()["detail"][:10]) == (413, "Your files")


async def test_a_file_whose_place_is_away_is_said_to_be_before_anything_is_given_out(desk: OpenService, tmp_path: Path) -> None:
    ticket, file = await opened(desk), await uploaded(desk, LARGE)
    message = await written(desk, ticket, "replies", file)
    path = f"/messages/{message}/files/{file.id}"
    (tmp_path / "files").rename(tmp_path / "elsewhere")
    assert (await desk.as_("agent").get(path)).status_code == 503
    (tmp_path / "files").mkdir()
    assert (await desk.as_("agent").get(path)).status_code == 410


async def test_a_customer_has_the_files_of_answers_to_them_and_of_no_note(desk: OpenService) -> None:
    ticket, public, internal = await opened(desk), await uploaded(desk, b"for you"), await uploaded(desk, b"for us")
    answer, note = await written(desk, ticket, "replies", public), await written(desk, ticket, "notes", internal)
    jim = desk.as_subject(requester_of(ticket))
    assert (await jim.get(f"/messages/{answer}/files/{public.id}")).content == b"for you"
    assert (await jim.get(f"/messages/{note}/files/{internal.id}")).status_code == 404
    stranger = desk.as_subject(Customer(str(uuid4()), "Eve", Visibility(customer_ids=frozenset({uuid4()}))))
    assert (await stranger.get(f"/messages/{answer}/files/{public.id}")).status_code == 404
    assert (await jim.post("/files", content=b"x")).status_code == 403


async def test_a_file_is_found_at_its_own_message_only_and_once_it_belongs_there(desk: OpenService) -> None:
    ticket, one, other, loose = await opened(desk), await uploaded(desk), await uploaded(desk), await uploaded(desk)
    first, second = await written(desk, ticket, "replies", one), await written(desk, ticket, "replies", other)
    agent = desk.as_("agent")
    assert (await agent.get(f"/messages/{second}/files/{one.id}")).status_code == 404
    assert (await agent.get(f"/messages/{first}/files/{loose.id}")).status_code == 404
    assert (await desk.as_("viewer").get(f"/messages/{first}/files/{one.id}")).status_code == 403


async def test_what_nobody_writes_with_goes_after_a_day(desk: OpenService) -> None:
    ticket, used, _ = await opened(desk), await uploaded(desk, LARGE), await uploaded(desk, LARGE[1:])
    message = await written(desk, ticket, "replies", used)
    await desk.grow_older("files", "uploaded_at", 0.9)
    await desk.let_go()
    assert len(await desk.rows("SELECT id FROM files")) == 2
    await desk.grow_older("files", "uploaded_at", 0.2)
    await desk.let_go()
    assert [row.id for row in await desk.rows("SELECT id FROM files")] == [used.id]
    assert (await desk.as_("agent").get(f"/messages/{message}/files/{used.id}")).content == LARGE


async def test_files_that_nobody_reads_are_few_of_an_account_and_hold_no_connection(desk: OpenService) -> None:
    ticket, file = await opened(desk), await uploaded(desk, LARGE)
    path, mine = f"/messages/{await written(desk, ticket, 'replies', file)}/files/{file.id}", desk.as_("agent")
    async with AsyncExitStack() as readers:
        for _ in range(desk.service.settings.http_downloads_of_an_account):
            assert await readers.enter_async_context(unread(desk.asgi, path, mine.headers)) == 200
        assert (await mine.get(path)).status_code == 429
        assert (await desk.as_("agent", id="ben").get(path)).content == LARGE
        assert desk.service.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    assert (await mine.get(path)).content == LARGE


async def test_notify_svc_is_given_the_file_that_its_token_names_and_nothing_else(desk: OpenService) -> None:
    file, other = await uploaded(desk, LARGE), await uploaded(desk)

    async def asked(id_: UUID, token: str) -> httpx.Response:
        return await desk.http.get(f"/files/{id_}", headers={"authorization": f"Bearer {token}"})

    now = datetime.now(UTC)
    answer = await asked(file.id, file_token(SECRET, file.id, now))
    assert (answer.status_code, answer.content) == (200, LARGE)
    assert (await asked(other.id, file_token(SECRET, file.id, now))).status_code == 401
    assert (await asked(file.id, file_token("g" * 40, file.id, now))).status_code == 401
    assert (await desk.as_("admin").get(f"/files/{file.id}")).status_code == 401
    gone = uuid4()
    assert (await asked(gone, file_token(SECRET, gone, now))).status_code == 410
