"""Trials, and rules that an earlier release kept: what users write stops nobody."""

import asyncio
import json
import time
from typing import Any

import pytest
from sqlalchemy import text

from deskstream_chassis.testing import accepted, refused

from .conftest import Routing

pytestmark = pytest.mark.anyio
SIXTY = "[" + ",".join("1" * 60) + "]"
NESTED = f"{SIXTY}.all(a, {SIXTY}.all(b, {SIXTY}.all(c, {SIXTY}.all(d, true))))"
SAMPLE = {"ticket": {"subject": "s", "text": "t"}}


def body(*conditions: str) -> dict[str, Any]:
    return {"rules": [{"name": "r", "conditions": list(conditions), "actions": {"priority": "high"}}], "sample": SAMPLE}


async def test_trials_are_for_those_who_may_change_rules(routing: Routing) -> None:
    for role, status in (("viewer", 403), ("agent", 403), ("lead", 200), ("admin", 200)):
        client = routing.as_(role)
        assert (await client.post("/configuration/try", json=body("true"))).status_code == status
        assert (await client.post("/configuration/try-history", json={"rules": []})).status_code == status


async def test_what_would_freeze_the_service_is_refused_at_once_for_trials_and_puts_alike(routing: Routing) -> None:
    began = time.monotonic()
    for answer in (
        await routing.http.post("/configuration/try", json=body("true", NESTED)),
        await routing.http.put("/configuration", json={"rules": body("true", NESTED)["rules"]}),
        await routing.http.post("/configuration/try-history", json={"rules": body("true", NESTED)["rules"]}),
    ):
        assert refused(answer) == (422, "#/rules/0/conditions/1")
        assert "inside another" in answer.text
    assert time.monotonic() - began < 30


async def test_many_trials_at_once_are_answered_or_told_to_come_again_and_the_service_goes_on(routing: Routing) -> None:
    trials = [routing.http.post("/configuration/try", json=body("ticket.text == 't'")) for _ in range(30)]
    running = asyncio.gather(*trials)
    began = time.monotonic()
    assert (await routing.http.get("/health/live")).status_code == 200
    assert time.monotonic() - began < 20
    statuses = [answer.status_code for answer in await running]
    assert set(statuses) == {200, 503}
    assert statuses.count(200) >= 9


async def test_a_rule_that_an_earlier_release_kept_and_this_one_refuses_is_passed_over_and_told(routing: Routing) -> None:
    await routing.staff("Support", "sue")
    rules = await routing.rules(
        {"name": "Old", "conditions": ["true"], "actions": {"priority": "low"}}, {"name": "New", "actions": {"team": "Support"}}
    )
    kept = json.dumps(rules["rules"]).replace('"true"', json.dumps(NESTED))
    # Version 1 is compiled already, so that what an earlier release has kept is put as another.
    async with routing.service.engine.begin() as connection:
        insert = "INSERT INTO configurations VALUES (9, CAST(:rules AS jsonb), '', 'x', 'x', now())"
        await connection.execute(text(insert), {"rules": kept})
        await connection.execute(text("UPDATE current_versions SET configuration_version = 9"))
    await routing.settle(routing.opened())
    (decision,) = await routing.published_data("routing.decided.v1")
    assert decision["assign"]["team_name"] == "Support"
    assert "priority" not in decision
    assert "not taken any more: all stands inside another" in decision["rules"][0]["conditions"][0]["error"]
    (told,) = accepted(await routing.http.get("/configuration"))["warnings"]
    assert told.startswith("Rule “Old” never matches")
