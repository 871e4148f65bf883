"""Outcomes are kept for ever, as attainment is counted from them, unless the operator says otherwise."""

import pytest

from deskstream_chassis.testing import open_service
from sla_svc.settings import Settings
from sla_svc.wiring import build

pytestmark = pytest.mark.anyio
OUTCOME = """INSERT INTO outcomes (ticket_id, clock, started_at, in_time, at, policy, priority, customer_id)
    VALUES (gen_random_uuid(), 'resolution', now(), true, now() - make_interval(days => :days), :name, 'low', gen_random_uuid())"""


@pytest.mark.parametrize(("setting", "kept"), [({}, {"399 days", "401 days"}), ({"keep_outcomes_days": 400}, {"399 days"})])
async def test_outcomes_are_kept_as_long_as_is_said(migrated_url: str, setting: dict[str, int], kept: set[str]) -> None:
    async with open_service(build, Settings, migrated_url, role="all", timer_catch_up_seconds=0, **setting) as desk:
        for days in (399, 401):
            await desk.execute(OUTCOME, days=days, name=f"{days} days")
        await desk.let_go()
        assert {row.policy for row in await desk.rows("SELECT policy FROM outcomes")} == kept
