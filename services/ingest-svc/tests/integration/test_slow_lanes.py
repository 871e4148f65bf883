"""Whoever waits in a slow lane is seen, however much others have waiting there."""

from collections import Counter
from uuid import UUID, uuid4

import pytest

from deskstream_chassis.store.asyncpg_pool import _positional
from ingest_svc.domain.lanes import Debts, Lane, Waiting
from ingest_svc.persistence import sorting
from ingest_svc.persistence.sorting import SlowLanes

from .conftest import Desk

pytestmark = pytest.mark.anyio


async def waits(desk: Desk, lane: Lane, sender: str | None, peer: str | None = "127.0.0.1", messages: int = 1) -> list[UUID]:
    """So many receipts of a sender, oldest first."""
    ids = sorted(uuid4() for _ in range(messages))
    await desk.execute(
        """INSERT INTO receipts (id, raw_id, door, channel, media_type, size, sha256, relay_trusted, received_at, correlation_id,
            traceparent, lane, peer, envelope_from)
        SELECT id, id, 'smtp', 'email', 'message/rfc822', 1, '', true, now(), '', '', :lane, :peer, :sender
        FROM unnest(CAST(:ids AS uuid[])) AS id""",
        ids=ids, lane=int(lane), peer=peer, sender=sender,
    )  # fmt: skip
    return ids


async def look(desk: Desk, lanes: SlowLanes) -> list[Waiting]:
    assert desk.service.pool is not None
    async with desk.service.pool.connect() as connection:
        return await lanes.look(connection)


async def test_of_each_sender_the_first_message_is_seen_whatever_else_waits(desk: Desk) -> None:
    eves = await waits(desk, Lane.INDEBTED, "eve@example.com", messages=500)
    (anns,) = await waits(desk, Lane.INDEBTED, "ann@example.com")
    (nobodys,) = await waits(desk, Lane.INDEBTED, None, None)
    large, slow = await waits(desk, Lane.LARGE, "Eve@example.com", messages=2), await waits(desk, Lane.SLOW, "eve@example.com")
    await waits(desk, Lane.BEHIND, "ben@example.com")
    await waits(desk, Lane.QUICK, "ben@example.com")
    found = await look(desk, SlowLanes())
    assert {w.id for w in found} == {eves[0], anns, nobodys, large[0], slow[0]}
    # And so whoever owes less goes first.
    debts = Debts()
    debts.charge(next(w for w in found if w.id == eves[0]), 9.0, 0.0)
    indebted = [w for w in found if w.lane is Lane.INDEBTED and w.peer]
    chosen = debts.next(indebted, 0.0)
    assert chosen is not None
    assert chosen.id == anns


async def test_of_many_senders_some_are_seen_at_a_time_and_all_in_turns(desk: Desk) -> None:
    for n in range(10):
        await waits(desk, Lane.INDEBTED, f"{n}@example.com", messages=3)
    await waits(desk, Lane.SLOW, "ann@example.com")
    lanes, seen = SlowLanes(4), Counter[str]()
    for _ in range(10):
        found = await look(desk, lanes)
        assert len({w.id for w in found}) == len(found) <= 4 + 4
        assert Lane.SLOW in {w.lane for w in found}
        seen.update(w.envelope_from or "" for w in found if w.lane is Lane.INDEBTED)
    assert len(seen) == 10
    assert min(seen.values()) >= 4


async def test_a_sender_is_found_by_one_step_in_the_index_however_many_messages_are_before_it(desk: Desk) -> None:
    await waits(desk, Lane.INDEBTED, "eve@example.com", messages=2000)
    await waits(desk, Lane.INDEBTED, "fay@example.com")
    await desk.execute("ANALYZE receipts")
    assert desk.service.pool is not None
    async with desk.service.pool.session() as connection:
        assert [w.envelope_from for w in await SlowLanes().look(connection)] == ["eve@example.com", "fay@example.com"]
        sql, names, _ = _positional(f"EXPLAIN {sorting._FIRST_OF_SENDERS.text}")
        values = {"lanes": [Lane.INDEBTED], "peers": [""], "senders": [""], "most": 200}
        plan = "\n".join(row[0] for row in await connection._raw.fetch(sql, *(values[name] for name in names)))
    assert plan.count("using ix_receipts_slow_senders") == 2, plan
    assert "Sort" not in plan, plan
    assert "Filter" not in plan, plan
