"""Teams and agents over HTTP: each route with what it does, what it tells and what it refuses."""

from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from deskstream_chassis.testing import accepted, refused
from deskstream_contracts.events.routing import AgentState, AgentUpdatedV1, TeamState, TeamUpdatedV1

from .conftest import Routing


def metric(name: str) -> float | None:
    return REGISTRY.get_sample_value(name)


pytestmark = pytest.mark.anyio
SUE = "/agents/sue@desk.example"


async def test_teams_are_listed_by_name_and_read_by_name_or_id(routing: Routing) -> None:
    await routing.staff("Support")
    await routing.staff("Billing")
    reader = routing.as_("viewer")
    billing, support = [TeamState.model_validate(t) for t in accepted(await reader.get("/teams"))["items"]]
    assert (billing.name, support.name) == ("Billing", "Support")
    for reference in ("SUPPORT", support.id):
        assert accepted(await reader.get(f"/teams/{reference}"), TeamState) == support
    for reference in ("Nobody", uuid4()):
        assert refused(await reader.get(f"/teams/{reference}")) == (404, None)


async def test_agents_are_read_by_address_or_id_with_their_load(routing: Routing) -> None:
    await routing.staff("Support", "sue")
    await routing.rules({"name": "All", "actions": {"team": "Support", "strategy": "least_loaded"}})
    await routing.settle(routing.opened())
    reader = routing.as_("viewer")
    sue = accepted(await reader.get("/agents/SUE@desk.example"))
    assert sue["open_tickets"] == 1
    assert accepted(await reader.get(f"/agents/{sue['id']}")) == sue
    for reference in ("nobody@desk.example", uuid4()):
        assert refused(await reader.get(f"/agents/{reference}")) == (404, None)
    assert refused(await reader.get("/agents/sue"))[0] == 422


async def test_every_change_of_an_agent_is_told_with_its_version(routing: Routing) -> None:
    await routing.put(SUE, {"name": "Sue", "languages": ["en"]})
    await routing.put(SUE, {"name": "Sue", "languages": ["en", "nb"]})
    await routing.put(SUE, {"name": "Sue", "languages": ["en", "nb"], "email": "Susan@desk.example"})
    one, two, three = await routing.published(AgentUpdatedV1)
    assert [e.agent.languages for e in (one, two)] == [["en"], ["en", "nb"]]
    assert (three.agent.id, three.agent.email, three.agent.available) == (one.agent.id, "susan@desk.example", True)
    assert [p.sequence for p in await routing.outbox(AgentUpdatedV1)] == [1, 2, 3]


async def test_a_team_is_switched_off_and_its_manager_is_taken_away(routing: Routing) -> None:
    await routing.staff("Support")
    await routing.put("/teams/Support", {"active": False})
    first, second = await routing.published(TeamUpdatedV1)
    assert (first.team.active, second.team.active, second.team.manager, second.team.version) == (True, False, None, 2)


async def test_availability_is_told_when_it_changes_and_is_kept_by_a_put_that_does_not_say(routing: Routing) -> None:
    await routing.staff("Support", "sue")
    agent = routing.as_("agent")
    for _ in range(2):
        away = accepted(await agent.post(f"{SUE}/availability", json={"available": False}), AgentState)
        assert (away.available, away.version) == (False, 2)
    await routing.put(SUE, {"name": "Susan", "teams": ["Support"]})
    assert [e.agent.available for e in await routing.published(AgentUpdatedV1)] == [True, False, False]


async def test_an_agent_that_is_not_there_or_whose_address_is_taken_is_refused(routing: Routing) -> None:
    await routing.staff("Support", "sue", "sam")
    agent, lead = routing.as_("agent"), routing.as_("lead")
    assert refused(await agent.post("/agents/nobody@desk.example/availability", json={"available": True})) == (404, None)
    assert refused(await lead.put(f"/agents/{uuid4()}", json={"name": "X"})) == (404, None)
    assert refused(await lead.put(SUE, json={"name": "Sue", "email": "SAM@desk.example"})) == (409, None)


WRITES: list[tuple[str, str, dict[str, Any], str]] = [
    ("PUT", "/teams/Support", {}, "agent"),
    ("PUT", SUE, {"name": "Sue"}, "agent"),
    ("POST", f"{SUE}/availability", {"available": True}, "viewer"),
    ("PUT", "/configuration", {"rules": []}, "agent"),
    ("POST", "/configuration/rollback/0", {}, "agent"),
]
READS = [
    ("GET", "/teams", None, "operator"),
    ("GET", "/teams/Support", None, "operator"),
    ("GET", "/agents", None, "operator"),
    ("GET", SUE, None, "operator"),
    ("GET", "/configuration", None, "operator"),
    ("GET", "/configuration/versions", None, "operator"),
    ("GET", "/configuration/versions/0", None, "operator"),
    ("POST", "/configuration/try", {"rules": [], "sample": {}}, "operator"),
    ("POST", "/configuration/try-history", {"rules": []}, "operator"),
    ("GET", f"/tickets/{uuid4()}/decisions", None, "operator"),
]


@pytest.mark.parametrize(("method", "path", "body", "role"), [*WRITES, *READS])
async def test_every_route_needs_a_token_and_its_role(
    routing: Routing, method: str, path: str, body: dict[str, Any] | None, role: str
) -> None:
    nobody = routing.as_(role)
    assert refused(await nobody.request(method, path, json=body)) == (403, None)
    del nobody.headers["authorization"]
    assert refused(await nobody.request(method, path, json=body)) == (401, None)
    assert await routing.published() == []


async def test_whoever_switches_off_or_renames_what_rules_name_is_warned_and_tickets_go_on_to_the_next_rule(
    routing: Routing,
) -> None:
    await routing.staff("Billing", "bo")
    await routing.staff("Support", "sue")
    first = {"name": "Money", "conditions": ["mentions(ticket.content, ['invoice'])"], "actions": {"team": "Billing"}}
    rules = await routing.rules(first, {"name": "Else", "actions": {"team": "Support"}})
    assert rules["warnings"] == []
    told = "Rule “Money” gives tickets to nobody: team Billing is not there any more."
    assert (await routing.put("/teams/Billing", {"active": False}))["warnings"] == [told]
    assert accepted(await routing.http.get("/configuration"))["warnings"] == [told]
    await routing.settle(routing.opened("An invoice"))
    (decision,) = await routing.published_data("routing.decided.v1")
    assert decision["assign"]["team_name"] == "Support"
    assert decision["rules"][0]["note"] == "team Billing is not there any more"
    assert metric("deskstream_routing_ineffective_rules") == 1
    assert (await routing.put("/teams/Billing", {"active": True}))["warnings"] == []
    assert (await routing.put("/teams/Billing", {"name": "Accounts"}))["warnings"] == [told]
    await routing.rules({"name": "Bo", "actions": {"agent": "bo@desk.example"}})
    left = await routing.put("/agents/bo@desk.example", {"name": "bo", "teams": [], "active": False})
    assert left["warnings"] == ["Rule “Bo” gives tickets to nobody: agent bo@desk.example is not there any more."]


@pytest.mark.parametrize(("path", "body"), [("/teams/Support", {"active": False}), (SUE, {"name": "Susan"})])
async def test_who_has_seen_another_version_changes_nobody(routing: Routing, path: str, body: dict[str, Any]) -> None:
    await routing.staff("Support", "sue")
    lead, there = routing.as_("lead"), accepted(await routing.as_("viewer").get(path))
    assert refused(await lead.put(path, json=body, headers={"if-match": '"7"'})) == (412, None)
    assert accepted(await routing.as_("viewer").get(path)) == there
    assert accepted(await lead.put(path, json=body, headers={"if-match": '"1"'}))["version"] == 2


async def test_what_is_not_there_has_no_version_to_be_replaced(routing: Routing) -> None:
    lead = routing.as_("lead")
    assert refused(await lead.put("/teams/New", json={}, headers={"if-match": '"1"'})) == (412, None)
    assert refused(await lead.put(SUE, json={"name": "Sue"}, headers={"if-match": '"1"'})) == (412, None)
