"""Raw mail is let go when its entries are closed and old; the ledger stays."""

from typing import Any
from uuid import UUID

import pytest

from deskstream_chassis.testing import another
from deskstream_chassis.testing.transactions import NOTED, noting
from deskstream_contracts.events.tickets import TicketOpenedV1
from ingest_svc.handlers.accept import Acceptance, Incoming

from .conftest import Desk, opened

pytestmark = pytest.mark.anyio
MAIL = b"From: alice@example.com\r\nMessage-ID: <%d@example.com>\r\nSubject: Question\r\n\r\nHello\r\n"


async def hand_in(desk: Desk, number: int, *mailboxes: str) -> list[UUID]:
    acceptance: Acceptance = desk.door._handler._acceptance  # type: ignore[assignment]
    to = [f"{name}@desk.example" for name in mailboxes or ("support",)]
    ids = await acceptance.accept(Incoming("smtp", MAIL % number, "message/rfc822", to, "alice@example.com"))
    await desk.sort()
    return list(ids)


async def close(desk: Desk, id_: UUID, days_ago: float = 0) -> None:
    """A ticket was opened of the message."""
    await desk.settle(another(TicketOpenedV1, message_id=id_, ticket={"thread_root": id_}))
    await desk.grow_older("receipts", "closed_at", days_ago, f"id = '{id_}'")


async def held(desk: Desk) -> set[UUID]:
    return {row.id for row in await desk.rows("SELECT id FROM raw_messages")}


async def test_the_raw_mail_of_an_old_closed_entry_goes_and_the_entry_says_what_it_said(desk: Desk) -> None:
    (old,) = await hand_in(desk, 1)
    (young,) = await hand_in(desk, 2)
    await close(desk, old, 90.1)
    await close(desk, young, 89.9)
    before = (await desk.get(f"/ledger/{old}", role="operator")).json()
    assert before["outcome"] == "opened"
    await desk.let_go()
    assert await held(desk) == {young}
    assert before["raw_gone"] is None
    assert (await desk.get(f"/ledger/{old}", role="operator")).json() == {**before, "raw_gone": "age"}
    assert (await desk.get("/ledger", role="operator")).json()["items"][-1] == {**before, "raw_gone": "age"}
    for path in (f"/messages/{old}/raw", f"/messages/{old}/attachments/1"):
        answer = await desk.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (410, "application/problem+json")
        assert "is kept for 90 days after its entry in the ledger was closed, and is gone" in answer.json()["detail"]
    assert (await desk.get(f"/messages/{young}/raw")).content == MAIL % 2
    assert (await desk.get(f"/messages/{UUID(int=7)}/raw")).status_code == 404


async def test_what_is_open_keeps_its_raw_mail_and_what_is_in_quarantine_for_longer(desk: Desk) -> None:
    (open_,), (quarantined,), (suppressed,) = [await hand_in(desk, n) for n in (1, 2, 3)]
    await close(desk, quarantined, 179.9)
    await close(desk, suppressed, 1000)
    await desk.grow_older("receipts", "received_at", 1000)
    await desk.execute("UPDATE receipts SET outcome = 'quarantined' WHERE id = :id", id=quarantined)
    await desk.execute("UPDATE receipts SET outcome = 'suppressed' WHERE id = :id", id=suppressed)
    await desk.let_go()
    assert await held(desk) == {open_, quarantined}
    assert (await desk.get(f"/messages/{quarantined}/raw")).status_code == 200


async def quarantine(desk: Desk, number: int, hours_ago: float, peer: str, sender: str, trusted: bool) -> UUID:
    """A mail of 1,000 bytes that was quarantined so long ago."""
    (id_,) = await hand_in(desk, number)
    await close(desk, id_, hours_ago / 24)
    await desk.execute(
        """UPDATE receipts SET outcome = 'quarantined', size = 1000, peer = :peer, envelope_from = :sender, relay_trusted = :trusted
           WHERE id = :id""",
        id=id_, peer=peer, sender=sender, trusted=trusted,
    )  # fmt: skip
    return id_


async def test_what_is_quarantined_goes_when_it_is_old_and_its_entry_says_so(desk: Desk) -> None:
    old = await quarantine(desk, 1, 180.1 * 24, "203.0.113.9", "eve@example.com", False)
    young = await quarantine(desk, 2, 179.9 * 24, "203.0.113.9", "eve@example.com", False)
    await desk.let_go()
    assert await held(desk) == {young}
    entry = (await desk.get(f"/ledger/{old}", role="operator")).json()
    assert (entry["outcome"], entry["raw_gone"], entry["sender"]) == ("quarantined", "age", "alice@example.com")
    answer = await desk.get(f"/messages/{old}/raw")
    assert answer.status_code == 410
    assert "is kept for 180 days after its entry in the ledger was closed, and is gone." in answer.json()["detail"]
    assert "only its entry is left" in answer.json()["detail"]


async def test_of_one_relay_or_sender_so_many_bytes_stay_in_quarantine_and_the_oldest_go(settings: dict[str, Any]) -> None:
    async with opened({**settings, "quarantine_bytes_of_a_sender": 2500}) as desk:
        of_a_stranger = [await quarantine(desk, n, n, "203.0.113.9", f"{n}@example.com", False) for n in range(1, 6)]
        of_eve = [await quarantine(desk, n, n, "127.0.0.1", "Eve@example.com", True) for n in range(11, 16)]
        of_ben = [await quarantine(desk, n, n, "127.0.0.1", "ben@example.com", True) for n in range(21, 23)]
        await desk.let_go()
        assert await held(desk) == {*of_a_stranger[:2], *of_eve[:2], *of_ben}
        entry = (await desk.get(f"/ledger/{of_eve[2]}", role="operator")).json()
        assert (entry["outcome"], entry["raw_gone"]) == ("quarantined", "room")
        answer = await desk.get(f"/messages/{of_eve[2]}/raw")
        assert (answer.status_code, "had to make room" in answer.json()["detail"]) == (410, True)


async def test_of_all_senders_together_so_many_bytes_stay_in_quarantine(settings: dict[str, Any]) -> None:
    async with opened({**settings, "quarantine_bytes": 2500}) as desk:
        found = [await quarantine(desk, n, n, "127.0.0.1", f"{n}@example.com", True) for n in range(1, 6)]
        await desk.let_go()
        assert await held(desk) == set(found[:2])


@pytest.mark.parametrize("first", [0, 1])
async def test_a_message_of_several_entries_goes_with_the_last_of_them(desk: Desk, first: int) -> None:
    ids = await hand_in(desk, 1, "support", "billing")
    one, other = ids[first], ids[1 - first]
    await close(desk, one, 100)
    assert await held(desk) == {ids[0]}, "both share it"
    await desk.let_go()
    assert await held(desk) == {ids[0]}
    assert (await desk.get(f"/messages/{one}/raw")).status_code == 410
    assert (await desk.get(f"/messages/{other}/raw")).status_code == 200
    await close(desk, other, 100)
    await desk.let_go()
    assert await held(desk) == set()
    assert (await desk.get(f"/messages/{other}/raw")).status_code == 410


async def test_entries_that_are_old_at_once_take_their_message_along(desk: Desk) -> None:
    for id_ in await hand_in(desk, 1, "support", "billing"):
        await close(desk, id_, 100)
    await desk.let_go()
    assert await held(desk) == set()


async def test_where_it_is_kept_for_ever_nothing_goes_and_what_went_before_is_said_to_be_gone(settings: dict[str, Any]) -> None:
    async with opened({**settings, "keep_raw_mail_days": 0}) as desk:
        (kept,), (gone,) = await hand_in(desk, 1), await hand_in(desk, 2)
        await close(desk, kept, 1000)
        await close(desk, gone, 1000)
        await desk.execute("UPDATE receipts SET raw_kept = false WHERE id = :id", id=gone)
        await desk.let_go()
        assert (await desk.get(f"/messages/{kept}/raw")).content == MAIL % 1
        answer = await desk.get(f"/messages/{gone}/raw")
        assert (answer.status_code, "was not kept for ever, and is gone" in answer.json()["detail"]) == (410, True)


async def test_a_hundred_raw_mails_at_most_go_in_one_transaction(desk: Desk) -> None:
    await desk.execute(
        """WITH made AS (
            INSERT INTO receipts (id, raw_id, door, channel, media_type, size, sha256, relay_trusted, received_at, correlation_id,
                traceparent, state, outcome, closed_at)
            SELECT id, id, 'smtp', 'email', 'message/rfc822', 1, '', false, now(), '', '', 'closed', 'opened',
                now() - interval '91 days'
            FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, 250)) AS new RETURNING id)
        INSERT INTO raw_messages SELECT id, '' FROM made"""
    )
    for statement in (*noting("raw_messages"), *noting("receipts", "UPDATE")):
        await desk.execute(statement)
    await desk.let_go()
    found = [tuple(row) for row in await desk.rows(NOTED)]
    assert sorted(found) == sorted((table, n) for table in ("raw_messages", "receipts") for n in (100, 100, 50))
