"""The API of rules and workforce."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import uuid4

Open = Callable[[], AbstractAsyncContextManager[Any]]
RULE = {"name": "All", "conditions": ["ticket.priority in ['high', 'critical']"], "actions": {"team": "Support"}}


def test_seeding_twice_changes_nothing_and_tells_nothing(open_routing: Open) -> None:
    async def scenario() -> None:
        async with open_routing() as routing:
            for _ in range(2):
                await routing.staff("Support", "sue", languages=["en", "nb"])
                seeded = await routing.rules(RULE)
            assert seeded["version"] == 1
            assert seeded["rules"][0]["version"] == 1
            (team,) = await routing.published_data("team.updated.v1")
            (agent,) = await routing.published_data("agent.updated.v1")
            assert team["team"]["manager"] == {"email": "boss@desk.example", "name": "The Boss"}
            assert agent["agent"]["team_ids"] == [team["team"]["id"]]
            assert len((await routing.http.get("/configuration/versions")).json()["items"]) == 2

    asyncio.run(scenario())


def test_a_team_is_renamed_by_its_id_and_rules_follow_its_new_name(open_routing: Open) -> None:
    async def scenario() -> None:
        async with open_routing() as routing:
            await routing.staff("Support", "sue")
            await routing.staff("Billing", "bo")
            team = (await routing.http.get("/teams/support")).json()
            renamed = await routing.put(f"/teams/{team['id']}", {"name": "Help"})
            assert (renamed["id"], renamed["version"], renamed["name"]) == (team["id"], 2, "Help")
            taken = await routing.http.put(f"/teams/{team['id']}", json={"name": "billing"})
            assert taken.status_code == 409
            assert (await routing.http.put(f"/teams/{uuid4()}", json={})).status_code == 404
            agents = (await routing.http.get("/agents")).json()["items"]
            assert [(a["email"], a["open_tickets"]) for a in agents] == [("bo@desk.example", 0), ("sue@desk.example", 0)]

    asyncio.run(scenario())


def test_a_configuration_has_versions_and_can_be_rolled_back(open_routing: Open) -> None:
    async def scenario() -> None:
        async with open_routing() as routing:
            await routing.staff("Support", "sue")
            one = await routing.rules(RULE)
            two = await routing.put("/configuration", {"rules": [{**RULE, "conditions": []}]}, **{"if-match": '"1"'})
            assert (two["version"], two["rules"][0]["version"]) == (2, 2)
            assert two["rules"][0]["id"] == one["rules"][0]["id"]
            late = await routing.http.put("/configuration", json={"rules": [], "expected_version": 1})
            assert late.status_code == 409
            back = (await routing.http.post("/configuration/rollback/1")).json()
            assert (back["version"], back["rules"][0]["version"]) == (3, 3)
            assert back["rules"][0]["conditions"] == RULE["conditions"]
            assert (await routing.http.get("/configuration/versions/2")).json() == two
            assert (await routing.http.get("/configuration/versions/9")).status_code == 404
            entries = (await routing.http.get("/configuration/versions")).json()["items"]
            assert [(e["version"], e["in_force"]) for e in entries] == [(3, True), (2, False), (1, False), (0, False)]
            page = (await routing.http.get("/configuration/versions", params={"limit": 3, "cursor": 4})).json()
            assert ([e["version"] for e in page["items"]], page["next"]) == ([3, 2, 1], "1")
            page = (await routing.http.get("/configuration/versions", params={"limit": 3, "cursor": page["next"]})).json()
            assert ([e["version"] for e in page["items"]], page["next"]) == ([0], None)
            # What was sent back by GET is taken by PUT, and is no change.
            current = (await routing.http.get("/configuration")).json()
            assert (await routing.put("/configuration", {"rules": current["rules"]}))["version"] == 3

    asyncio.run(scenario())


def test_what_cannot_be_taken_is_refused_with_a_pointer(open_routing: Open) -> None:
    async def scenario() -> None:
        async with open_routing() as routing:
            await routing.staff("Support", "sue")

            async def pointer(**change: Any) -> str:
                answer = await routing.http.put("/configuration", json={"rules": [RULE, {**RULE, "name": "Second", **change}]})
                assert answer.status_code == 422, answer.text
                return str(answer.json()["errors"][0]["pointer"])

            for bad in ("ticket.priority ==", "ticket.colour == 'red'", "weather == 'fine'", "ticket.subject", "sla.clock == 'x'",
                        "ticket.subject.matches('(')", "ticket.subject.shout()", "ticket.priority > 1", ""):  # fmt: skip
                assert await pointer(conditions=["true", bad]) == "#/rules/1/conditions/1", bad
            assert await pointer(actions={"team": "Nobody"}) == "#/rules/1/actions/team"
            assert await pointer(actions={"agent": "nobody@desk.example"}) == "#/rules/1/actions/agent"
            assert await pointer(name="All") == "#/rules/1/name"
            assert await pointer(actions={"priorty": "low"}) == "#/rules/1/actions/priorty"
            assert await pointer(actions={"priority": "urgent"}) == "#/rules/1/actions/priority"
            unknown = await routing.http.put("/agents/x@desk.example", json={"name": "X", "teams": ["Support", "None"]})
            assert unknown.json()["errors"][0]["pointer"] == "#/teams/1"
            assert (await routing.http.get("/configuration")).json()["version"] == 0

    asyncio.run(scenario())


def test_rules_are_tried_without_leaving_a_trace(open_routing: Open) -> None:
    async def scenario() -> None:
        async with open_routing() as routing:
            await routing.staff("Support", "sue", "sam")
            rules = [{**RULE, "actions": {"team": "Support", "strategy": "round_robin"}}]
            sample = {"ticket": {"priority": "high", "subject": "Fire"}, "requester": {"email": "a@b.example"}}
            for _ in range(2):
                tried = await routing.http.post("/configuration/try", json={"rules": rules, "sample": sample})
                assert tried.status_code == 200, tried.text
                assert tried.json()["decision"]["assign"]["agent_name"] == "sue"
            assert tried.json()["facts"]["requester"]["domain"] == "b.example"
            assert await routing.rows("SELECT * FROM decisions") == []
            event = routing.opened(priority="critical")
            await routing.settle(event)
            known = await routing.http.post("/configuration/try", json={"rules": rules, "ticket_id": str(event.ticket.id)})
            assert known.json()["decision"]["assign"]["team_name"] == "Support"
            bad = await routing.http.post("/configuration/try", json={"rules": [{**RULE, "conditions": ["1"]}], "sample": {}})
            assert bad.json()["errors"][0]["pointer"] == "#/rules/0/conditions/0"

    asyncio.run(scenario())


def test_rules_are_tried_on_the_last_days(open_routing: Open) -> None:
    async def scenario() -> None:
        async with open_routing() as routing:
            await routing.staff("Support", "sue")
            await routing.rules(RULE)
            await routing.settle(*(routing.opened(priority=p) for p in ("high", "low", "critical", "medium")))
            rules = [{**RULE, "conditions": ["ticket.priority != 'low'"]}]
            answer = (await routing.http.post("/configuration/try-history", json={"rules": rules, "days": 1})).json()
            assert (answer["looked_at"], answer["would_change"]) == (4, 1)
            (example,) = answer["examples"]
            assert (example["before"], example["after"]) == ({}, {"team": "Support"})

    asyncio.run(scenario())


def test_who_may_not_change_rules_is_refused(open_routing: Open) -> None:
    async def scenario() -> None:
        async with open_routing() as routing:
            nobody = await routing.http.get("/configuration", headers={"authorization": "Bearer x"})
            assert nobody.status_code == 401

    asyncio.run(scenario())
