"""The API of policies, calendars and clocks: each route with what it does and what it refuses."""

import time
from typing import Any
from uuid import uuid4

import pytest

from deskstream_chassis.testing import accepted, refused
from deskstream_contracts.events.slas import SlaClockStartedV1, SlaState

from .conftest import Desk

pytestmark = pytest.mark.anyio
POLICY = {"name": "Short", "is_default": True, "targets": {"medium": {"resolution": 3600}}}
OFFICE = {"name": "Office", "weekly": {"monday": [["08:00", "09:00"]]}}


async def test_policies_are_put_as_a_whole_and_counted(desk: Desk) -> None:
    first = await desk.put("/policies", {"policies": [POLICY]})
    assert (first["version"], first["policies"][0]["version"]) == (2, 1), "a new desk has a first configuration"
    again = await desk.put("/policies", {"policies": first["policies"]})
    assert again == first, "what was sent back is no change"
    changed = await desk.put("/policies", {"policies": [{**POLICY, "warn_fraction": 0.5}]})
    assert (changed["version"], changed["policies"][0]["version"]) == (3, 2)
    answer = await desk.as_("viewer").get("/policies")
    assert (accepted(answer), answer.headers["etag"]) == (changed, '"3"')


async def test_calendars_and_policies_count_together(desk: Desk) -> None:
    await desk.put("/policies", {"policies": [POLICY]})
    seeded = accepted(await desk.http.get("/calendars"))["calendars"]
    put = await desk.put("/calendars", {"calendars": [*seeded, OFFICE]})
    assert put["version"] == 3
    answer = await desk.as_("viewer").get("/calendars")
    assert (accepted(answer), answer.headers["etag"]) == (put, '"3"')


async def test_a_configuration_that_has_moved_is_not_replaced(desk: Desk) -> None:
    await desk.put("/policies", {"policies": [POLICY]}, **{"if-match": '"1"'})
    stale = await desk.http.put("/policies", json={"policies": [], "expected_version": 1})
    assert refused(stale) == (409, None)
    assert refused(await desk.http.put("/policies", json={"policies": []}, headers={"if-match": 'W/"1"'})) == (412, None)
    late = {"policies": [{**POLICY, "warn_fraction": 0.5}], "expected_version": 1}
    assert accepted(await desk.http.put("/policies", json=late, headers={"if-match": "*"}))["version"] == 3


async def test_what_takes_long_to_check_is_checked_elsewhere(desk: Desk) -> None:
    minutes = [[f"{hour:02}:10", f"{hour:02}:11"] for hour in range(24)]
    hardly = [{"name": f"{n}", "time_zone": "Europe/Oslo", "weekly": {"monday": minutes}} for n in range(45)]
    seeded = accepted(await desk.http.get("/calendars"))["calendars"]
    await desk.put("/calendars", {"calendars": [*seeded, *hardly]})
    # Each is walked through for almost five years.
    targets = {priority: {"resolution": 24 * 60 * 240} for priority in ("low", "medium", "high", "critical")}
    policies = [{"name": f"{n}", "is_default": not n, "targets": targets, "calendar": f"{n}"} for n in range(45)]
    began = time.thread_time()
    answer = await desk.http.put("/policies", json={"policies": policies})
    assert time.thread_time() - began < 0.3, "the event loop goes on meanwhile"
    assert answer.status_code in (200, 422), answer.text
    if answer.status_code == 422:
        assert "takes more than" in answer.text


async def test_what_was_checked_against_another_version_is_not_put(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = desk.service.app.state.checks
    checked = checks.policies

    async def overtaken(*put: Any) -> int:
        version: int = await checked(*put)
        await desk.put("/calendars", {"calendars": [{"name": "24x7", "always": True}, OFFICE]})
        return version

    monkeypatch.setattr(checks, "policies", overtaken)
    assert refused(await desk.http.put("/policies", json={"policies": [POLICY]})) == (409, None)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/calendars", {"calendars": [{**OFFICE, "weekly": {"monday": [["08:00", "09:00"]] * 25}}]}),
        ("/calendars", {"calendars": [{**OFFICE, "name": f"{n}"} for n in range(51)]}),
        ("/calendars", {"calendars": [{**OFFICE, "closed_dates": ["2026-01-01"] * 2001}]}),
        ("/policies", {"policies": [{**POLICY, "name": f"{n}"} for n in range(201)]}),
        ("/policies", {"policies": [{**POLICY, "conditions": {"tags": ["x"] * 201}}]}),
        ("/policies", {"policies": [{**POLICY, "conditions": {"priorities": ["low"] * 5}}]}),
        ("/policies", {"policies": [{**POLICY, "name": f"{n}", "conditions": {"tags": ["x"] * 200}} for n in range(26)]}),
    ],
)
async def test_a_configuration_has_bounds(desk: Desk, path: str, body: dict[str, Any]) -> None:
    status, pointer = refused(await desk.http.put(path, json=body))
    assert status == 422
    assert str(pointer).startswith(f"#{path}")


@pytest.mark.parametrize(
    ("policies", "pointer"),
    [
        ([POLICY, {**POLICY, "name": "SHORT", "is_default": False}], "#/policies/1/name"),
        ([POLICY, {**POLICY, "name": "Other"}], "#/policies/1/is_default"),
        ([{**POLICY, "targets": {"urgent": {}}}], None),
        ([{**POLICY, "warn_fraction": 1}], "#/policies/0/warn_fraction"),
        ([{**POLICY, "colour": "red"}], "#/policies/0/colour"),
        ([], "#/policies"),
        ([{**POLICY, "is_default": False}], "#/policies"),
    ],
)
async def test_policies_that_make_no_sense_are_refused(desk: Desk, policies: list[Any], pointer: str | None) -> None:
    status, found = refused(await desk.http.put("/policies", json={"policies": policies}))
    assert status == 422
    assert pointer in (None, found)


async def test_a_target_that_takes_years_is_refused(desk: Desk) -> None:
    seeded = accepted(await desk.http.get("/calendars"))["calendars"]
    await desk.put("/calendars", {"calendars": [*seeded, OFFICE]})
    policy = {**POLICY, "calendar": "Office", "targets": {"low": {"resolution": 366 * 86400}}}
    answer = await desk.http.put("/policies", json={"policies": [policy]})
    assert refused(answer) == (422, "#/policies/0/targets/low/resolution")


async def test_a_choice_about_open_tickets_that_there_is_not_is_refused(desk: Desk) -> None:
    for path, field in (("/policies", "policies"), ("/calendars", "calendars")):
        answer = await desk.http.put(path, json={field: [], "running_tickets": "perhaps"})
        assert refused(answer) == (422, "#/running_tickets")


async def test_two_calendars_of_one_name_are_refused(desk: Desk) -> None:
    seeded = accepted(await desk.http.get("/calendars"))["calendars"]
    answer = await desk.http.put("/calendars", json={"calendars": [*seeded, OFFICE, OFFICE]})
    assert refused(answer) == (422, f"#/calendars/{len(seeded) + 1}/name")


async def test_the_clocks_of_a_ticket_are_read(desk: Desk) -> None:
    event = desk.opened()
    await desk.settle(event)
    (started,) = await desk.published(SlaClockStartedV1)
    found = accepted(await desk.as_("viewer").get(f"/tickets/{event.ticket.id}/sla"), SlaState)
    assert (found.ticket_id, found.version, found.clocks) == (event.ticket.id, 1, started.sla.clocks)


async def test_a_ticket_without_clocks_is_not_found(desk: Desk) -> None:
    for path in ("sla", "sla/explain"):
        assert refused(await desk.http.get(f"/tickets/{uuid4()}/{path}")) == (404, None)


@pytest.mark.parametrize("by", ["priority", "team", "organization", "customer", "policy"])
async def test_attainment_is_grouped_by(desk: Desk, by: str) -> None:
    assert accepted(await desk.http.get("/attainment", params={"by": by})) == {"by": by, "lines": []}


@pytest.mark.parametrize("bad", [{"by": "colour"}, {"since": "2026-03-02T09:00:00"}, {"until": "9999-12-31T23:59:59-14:00"}])
async def test_attainment_refuses_what_makes_no_sense(desk: Desk, bad: dict[str, str]) -> None:
    assert refused(await desk.http.get("/attainment", params=bad))[0] == 422


ROUTES: list[tuple[str, str, dict[str, Any] | None, str]] = [
    ("GET", "/policies", None, "operator"),
    ("PUT", "/policies", {"policies": []}, "agent"),
    ("GET", "/calendars", None, "operator"),
    ("PUT", "/calendars", {"calendars": []}, "agent"),
    ("GET", f"/tickets/{uuid4()}/sla", None, "operator"),
    ("GET", f"/tickets/{uuid4()}/sla/explain", None, "operator"),
    ("GET", "/attainment", None, "operator"),
]


@pytest.mark.parametrize(("method", "path", "body", "role"), ROUTES)
async def test_every_route_needs_a_token_and_its_role(
    desk: Desk, method: str, path: str, body: dict[str, Any] | None, role: str
) -> None:
    nobody = desk.as_(role)
    assert refused(await nobody.request(method, path, json=body)) == (403, None)
    del nobody.headers["authorization"]
    assert refused(await nobody.request(method, path, json=body)) == (401, None)
