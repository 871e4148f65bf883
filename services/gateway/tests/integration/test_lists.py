"""Lists, filters, cursors and counts."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deskstream_contracts.api.shapes import Page
from deskstream_contracts.events.tickets import Assignee
from gateway.api import schemas

from ..events import NOW, agent, decided, notified, opened, registered, sla, team, ticket  # noqa: TID252
from .conftest import Gateway

pytestmark = pytest.mark.anyio
Open = Callable[[], AbstractAsyncContextManager[Gateway]]


def numbers(page: Any) -> list[int]:
    return [row["number"] for row in page["items"]]


async def test_every_filter_finds_its_tickets_and_no_others(open_gateway: Open) -> None:
    billing, ada = team("Billing"), agent("Ada")
    assignee = Assignee(team_id=billing.team.id, team_name="Billing", agent_id=ada.agent.id, agent_name="Ada")
    customer = registered("eve@other.example")
    mine = ticket(
        assignee=assignee, status="in_progress", priority="critical", tags=["vip", "büro"], subject="100% _broken_",
        ticket_type="Question", external_id="INV-7", waiting_for="customer", email="eve@other.example",
        customer_id=customer.customer.id,
    )  # fmt: skip
    other = ticket(subject="1000 things", email="bob@acme.example", status="closed")
    async with open_gateway() as gateway:
        await gateway.hear(billing, ada, customer, opened(mine), opened(other), sla(mine, ("resolution", "breached", -5)))
        for params in (
            {"status": ["open", "in_progress"]}, {"priority": "critical"}, {"team": "billing"}, {"team": str(billing.team.id)},
            {"agent": "ADA"}, {"agent": "ada@desk.example"}, {"unassigned": "false"}, {"customer": "Eve@other.example"},
            {"customer": str(customer.customer.id)}, {"tag": ["vip", "büro"]}, {"ticket_type": "Question"},
            {"external_id": "INV-7"}, {"waiting_for": "customer"}, {"breached": "true"}, {"due_before": NOW.isoformat()},
            {"q": "100%"}, {"q": "_BROKEN_"},
            {"q": str(mine.number)}, {"q": f"#{mine.number}"}, {"q": "eve@"},
            {"organization": str(mine.requester.organization.id) if mine.requester.organization else ""},
        ):  # fmt: skip
            assert numbers(await gateway.get("/tickets", **params)) == [mine.number], params
        for params in ({"tag": ["vip", "x"]}, {"team": "Nobody"}, {"agent": str(uuid4())}, {"channel": "form"}):
            assert numbers(await gateway.get("/tickets", **params)) == [], params
        assert numbers(await gateway.get(f"/customers/{customer.customer.id}/tickets")) == [mine.number]


@pytest.mark.parametrize("sort", ["newest", "updated", "due", "priority"])
async def test_pages_have_every_ticket_once_while_new_ones_come(open_gateway: Open, sort: str) -> None:
    priorities = ("low", "critical", "medium", "high")
    before = [
        ticket(priority=priorities[i % 4], opened_at=NOW + timedelta(seconds=i // 3), updated_at=NOW + timedelta(seconds=-i // 2))
        for i in range(23)
    ]
    async with open_gateway() as gateway:
        await gateway.hear(*(opened(t) for t in before), *(sla(t, ("resolution", "running", t.number // 4)) for t in before[::2]))
        seen: list[int] = []
        cursor: dict[str, str] = {}
        while True:
            page = await gateway.get("/tickets", sort=sort, limit=5, **cursor)
            seen += numbers(page)
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
            await gateway.hear(opened(ticket(priority="critical")))
        assert len(seen) == len(set(seen))
        assert {t.number for t in before} <= set(seen)


async def test_what_is_due_first_comes_first_and_what_has_no_deadline_last(open_gateway: Open) -> None:
    none, late, soon = ticket(), ticket(), ticket()
    async with open_gateway() as gateway:
        await gateway.hear(*(opened(t) for t in (none, soon, late)))
        await gateway.hear(sla(soon, ("resolution", "running", 9)), sla(late, ("resolution", "breached", -9)))
        assert numbers(await gateway.get("/tickets", sort="due")) == [late.number, soon.number, none.number]
        assert (await gateway.get("/tickets", sort="due"))["items"][0]["due"]["clock"] == "resolution"


async def test_what_is_archived_is_out_of_lists_and_found_by_searching(open_gateway: Open) -> None:
    who = {"customer_id": uuid4(), "email": "once.a.customer@acme.example"}
    closed = ticket(status="closed", closed_at=NOW, **who)
    gone = ticket(status="closed", closed_at=NOW, archived_at=NOW, **who)
    async with open_gateway() as gateway:
        await gateway.hear(opened(closed), opened(gone))
        customer = f"/customers/{closed.requester.customer_id}/tickets"
        for path in ("/tickets", "/tickets?status=closed", "/tickets?archived=false", customer):
            assert numbers(await gateway.get(path)) == [closed.number], path
        assert numbers(await gateway.get("/tickets", archived=True)) == [gone.number]
        assert set(numbers(await gateway.get("/tickets", q=closed.requester.email))) == {closed.number, gone.number}
        await gateway.hear(opened(gone.model_copy(update={"version": gone.version + 1, "archived_at": None, "status": "open"})))
        assert set(numbers(await gateway.get("/tickets"))) == {closed.number, gone.number}


async def test_counts_add_up(open_gateway: Open) -> None:
    billing = team("Billing")
    mine = Assignee(team_id=billing.team.id, team_name="Billing", agent_id=uuid4(), agent_name="Ada")
    late = ticket(assignee=mine, priority="high")
    async with open_gateway() as gateway:
        await gateway.hear(billing, opened(late), opened(ticket()), opened(ticket(status="closed")))
        await gateway.hear(sla(late, ("resolution", "breached", -5)))
        counts = await gateway.get("/tickets/counts")
    assert counts["by_status"] == {"open": 2, "in_progress": 0, "resolved": 0, "closed": 1}
    assert counts["by_priority"] == {"critical": 0, "high": 1, "medium": 1, "low": 0}
    assert {(t["team"] or {}).get("name"): (t["tickets"], t["overdue"]) for t in counts["by_team"]} == {
        "Billing": (1, 1), None: (1, 0),
    }  # fmt: skip
    assert (counts["overdue"], counts["breached"], counts["unassigned"], counts["waiting_for_agent"]) == (1, 1, 1, 2)


async def test_a_ticket_is_shown_with_clocks_reasons_notifications_and_its_conversation(open_gateway: Open) -> None:
    one = ticket()
    said = [
        {
            "id": str(uuid4()), "kind": "customer", "at": NOW.isoformat(), "sender": {"email": "a@b.example", "name": "A"},
            "sender_proven": True, "to": [{"email": "support@desk.example"}], "subject": "Help", "text": "Hi", "html": "<p>Hi</p>",
            "sent_at": NOW.isoformat(), "raw_size": 9, "raw_sha256": "0" * 64, "reply_to": [{"email": "r@b.example"}],
            "attachments": [{"part": 2, "name": "ä.pdf", "media_type": "application/pdf", "size": 3, "sha256": "1" * 64}],
        },
        {
            "id": str(uuid4()), "kind": "agent", "at": NOW.isoformat(), "author": {"id": "ada", "name": "Ada"}, "text": "Hello",
            "to": ["a@b.example"], "cc": [], "subject": "Re: Help",
            "held": {"until": NOW.isoformat(), "answers": True, "resolves": False, "overtaken": True, "refused": None},
        },
    ]  # fmt: skip
    async with open_gateway() as gateway:
        await gateway.hear(opened(one), sla(one, ("resolution", "running", 5)), decided(one), notified(one))
        gateway.owners.answers["GET", f"ticket/tickets/{one.id}/conversation"] = httpx.Response(200, json=said)
        found = await gateway.get(f"/tickets/{one.number}")
        assert found["ticket"]["id"] == str(one.id)
        assert found["sla"]["policy"] == "Default"
        assert [d["reason"] for d in found["decisions"]] == ["Billing questions go to Billing."]
        assert [(n["notification"]["kind"], n["status"]) for n in found["notifications"]] == [("confirmation", "sent")]
        first, second = found["conversation"]
        assert first["from"] == {"email": "a@b.example", "name": "A"}
        assert first["attachments"][0]["href"] == f"/api/v1/messages/{first['id']}/attachments/2"
        assert first["raw"]["href"] == f"/api/v1/messages/{first['id']}/raw"
        assert (second["from"], second["to"], second["raw"]) == (
            {"email": None, "name": "Ada"}, [{"email": "a@b.example", "name": None}], None,
        )  # fmt: skip
        assert (first["held"], second["held"]["answers"], second["held"]["overtaken"]) == (None, True, True)
        gateway.owners.away.add("ticket")
        found = await gateway.get(f"/tickets/{one.id}")
        assert (found["conversation"], found["missing"]) == (None, ["ticket-svc does not answer now."])
        assert (await gateway.get(f"/tickets/{one.id}/conversation", expect=503))["detail"] == "ticket-svc does not answer now."
        await gateway.get("/tickets/1", expect=404)


async def test_customers_organizations_and_workforce_are_listed(open_gateway: Open) -> None:
    billing = team("Billing")
    async with open_gateway() as gateway:
        await gateway.hear(
            registered("b@x.example", first_name="Bo"), registered("a@x.example", active=False), billing,
            agent("Ada", billing.team.id), agent("Bob"),
        )  # fmt: skip
        assert [c["email"] for c in (await gateway.get("/customers"))["items"]] == ["a@x.example", "b@x.example"]
        assert [c["email"] for c in (await gateway.get("/customers", q="BO"))["items"]] == ["b@x.example"]
        assert [c["email"] for c in (await gateway.get("/customers", active="false"))["items"]] == ["a@x.example"]
        assert [t["name"] for t in (await gateway.get("/teams"))["items"]] == ["Billing"]
        assert [a["name"] for a in (await gateway.get("/agents", team=str(billing.team.id)))["items"]] == ["Ada"]
        assert (await gateway.get("/organizations"))["items"] == []


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("/tickets?status=lost", "#/query/status/0"), ("/tickets?limit=0", "#/query/limit"),
        ("/tickets?nonsense=1", "#/query/nonsense"),
        ("/tickets?cursor=AAAA", "#/query/cursor"), ("/tickets/x", "#/path/reference"),
        ("/tickets?due_before=tomorrow", "#/query/due_before"), ("/customers?organization=x", "#/query/organization"),
        ("/events?types=nonsense", "#/query/types"),
    ],
)  # fmt: skip
async def test_a_wrong_value_is_pointed_to(open_gateway: Open, path: str, pointer: str) -> None:
    async with open_gateway() as gateway:
        answer = await gateway.ask("GET", path)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [e["pointer"] for e in answer.json()["errors"]] == [pointer]


async def test_a_page_has_the_shape_that_is_published(open_gateway: Open) -> None:
    billing, ada = team("Billing"), agent("Ada")
    assignee = Assignee(team_id=billing.team.id, team_name="Billing", agent_id=ada.agent.id, agent_name="Ada")
    full = ticket(
        assignee=assignee, tags=["vip", 'a "b"', "büro"], ticket_type="Question", resolved_at=NOW + timedelta(microseconds=7),
        closed_at=NOW, subject="Ünïcode\u2028",
    )  # fmt: skip
    bare = ticket()
    bare = bare.model_copy(update={"requester": bare.requester.model_copy(update={"organization": None, "name": None})})
    async with open_gateway() as gateway:
        await gateway.hear(billing, ada, opened(full), opened(bare), sla(full, ("resolution", "breached", -5)))
        pages = [await gateway.get(path) for path in ("/tickets", f"/customers/{full.requester.customer_id}/tickets")]
    assert [len(page["items"]) for page in pages] == [2, 1]
    for page in pages:
        assert Page[schemas.TicketRow].model_validate(page).model_dump(mode="json") == page


async def test_a_ticket_is_shown_as_it_was_without_what_has_happened_since(open_gateway: Open) -> None:
    one = ticket(version=3, status="closed")
    was = one.model_copy(update={"version": 1, "status": "open"})
    before, later = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
    said: list[dict[str, Any]] = [
        {"id": str(uuid4()), "kind": "agent", "at": at.isoformat(), "author": {"id": "ada", "name": "Ada"}, "text": text}
        for at, text in ((NOW, "Hello"), (later, "Again"))
    ]
    held = {"until": later.isoformat(), "answers": True, "resolves": False, "overtaken": False, "refused": None}
    said.append({**said[0], "id": str(uuid4()), "held": held})
    async with open_gateway() as gateway:
        await gateway.hear(opened(one), sla(one, ("resolution", "running", 5)), decided(one), notified(one))
        gateway.owners.answers["GET", f"ticket/tickets/{one.id}/conversation"] = httpx.Response(200, json=said)
        there = "GET", f"ticket/tickets/{one.id}"
        gateway.owners.answers[there] = httpx.Response(200, json=was.model_dump(mode="json"))
        found = await gateway.get(f"/tickets/{one.number}", as_of=NOW.isoformat())
        asked = next(request for request in gateway.owners.asked if request.url.path == f"/tickets/{one.id}")
        assert asked.url.params["as_of"] == NOW.isoformat()
        assert (found["ticket"]["version"], found["ticket"]["status"], found["sla"], found["due"]) == (1, "open", None, None)
        assert [m["text"] for m in found["conversation"]] == ["Hello"]
        assert (len(found["decisions"]), len(found["notifications"])) == (1, 1)
        found = await gateway.get(f"/tickets/{one.number}", as_of=before.isoformat())
        assert (found["decisions"], found["notifications"], found["conversation"]) == ([], [], [])
        problem = {"type": "deskstream:problem:before-history", "title": "No longer kept", "status": 410, "detail": "…"}
        gateway.owners.answers[there] = httpx.Response(410, json=problem)
        assert await gateway.get(f"/tickets/{one.number}", expect=410, as_of=NOW.isoformat()) == problem
        await gateway.get(f"/tickets/{one.number}", expect=422, as_of="2026-03-02T09:00:00")
