"""Documents of settings: put, compared, tried and put back, and what types and closing change."""

import asyncio
from typing import Any

import pytest

from deskstream_chassis.testing import OpenService, accepted
from deskstream_chassis.testing.documents import put_and_put_back
from deskstream_contracts.documents import CLOSING, TICKET_FIELDS, TICKET_TYPES, Document
from deskstream_contracts.events.settings import ClosingChangedV1, TicketTypesChangedV1
from deskstream_contracts.events.tickets import TicketArchivedV1, TicketClosedV1, TicketState

from .given import commanded, opened, told

pytestmark = pytest.mark.anyio
ANY = {"if-match": "*"}
FAULT = {"key": "Fault", "names": {"de": "Störung"}}


async def put(desk: OpenService, types: list[dict[str, Any]], if_match: str = "*", note: str = "") -> Any:
    body = {"content": {"types": types}, "note": note}
    return await desk.as_("lead", id="lea", name="Lea").put("/settings/ticket-types", json=body, headers={"if-match": if_match})


async def test_version_0_is_what_the_desk_comes_with(desk: OpenService) -> None:
    answer = await desk.as_("viewer").get("/settings/ticket-types")
    found = accepted(answer)
    assert (found["version"], found["by"], found["at"], answer.headers["etag"]) == (0, None, None, '"0"')
    assert found["content"]["types"][0]["key"] == "Technical Issue"
    listed = accepted(await desk.as_("viewer").get("/settings"))
    assert [(entry["document"], entry["version"]) for entry in listed] == [
        ("ticket-types", 0),
        ("closing", 0),
        ("ticket-fields", 0),
    ]


async def test_what_is_put_is_told_with_who_and_why_and_is_in_the_history(desk: OpenService) -> None:
    found = accepted(await put(desk, [FAULT], note="Fewer words."))
    assert (found["version"], found["by"]["id"], found["note"]) == (1, "lea", "Fewer words.")
    (event,) = await desk.published(TicketTypesChangedV1)
    assert (event.document, event.version, event.by.name, event.note) == ("ticket-types", 1, "Lea", "Fewer words.")
    accepted(await put(desk, [{**FAULT, "active": False}]))
    history = accepted(await desk.as_("viewer").get("/settings/ticket-types/versions"))
    assert [(entry["version"], entry["note"]) for entry in history["items"]] == [(2, ""), (1, "Fewer words.")]
    page = accepted(await desk.as_("viewer").get("/settings/ticket-types/versions", params={"limit": 1}))
    assert (len(page["items"]), page["next"]) == (1, 2)
    old = accepted(await desk.as_("viewer").get("/settings/ticket-types/versions/1"))
    assert old["content"]["types"][0]["active"] is True


async def test_the_same_again_changes_nothing(desk: OpenService) -> None:
    first = accepted(await put(desk, [FAULT]))
    assert accepted(await put(desk, first["content"]["types"], note="again")) == first
    assert len(await desk.published(TicketTypesChangedV1)) == 1


@pytest.mark.parametrize(
    ("if_match", "status"), [('"1"', 200), ("1", 200), ('W/"1"', 200), ("*", 200), ('"0"', 412), ('"7"', 412), ("x", 422)]
)
async def test_who_has_seen_another_version_is_refused(desk: OpenService, if_match: str, status: int) -> None:
    accepted(await put(desk, [FAULT]))
    assert (await put(desk, [{**FAULT, "active": False}], if_match)).status_code == status


async def test_who_does_not_say_what_he_has_seen_is_refused(desk: OpenService) -> None:
    answer = await desk.as_("lead").put("/settings/closing", json={"content": {}})
    assert answer.status_code == 428


async def test_of_two_at_once_one_is_refused(desk: OpenService) -> None:
    answers = await asyncio.gather(*(put(desk, [{**FAULT, "description": str(n)}], '"0"') for n in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    assert len(await desk.published(TicketTypesChangedV1)) == 1


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        ({"types": [{"kee": "Fault"}]}, "#/content/types/0/key"),
        ({"types": [{**FAULT, "colour": "red"}]}, "#/content/types/0/colour"),
        ({"types": [FAULT, {"key": "fault"}]}, "#/content"),
        ({"types": [FAULT, {"key": "Other", "aliases": ["FAULT"]}]}, "#/content"),
        ({"types": [{"key": "a\x00b"}]}, "#/content/types/0/key"),
    ],
)
async def test_what_cannot_be_is_refused_and_pointed_to(desk: OpenService, content: Any, pointer: str) -> None:
    answer = await desk.as_("lead").put("/settings/ticket-types", json={"content": content}, headers=ANY)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_only_leads_may_put(desk: OpenService) -> None:
    for verb, path in (("PUT", ""), ("POST", "/try"), ("POST", "/put-back/0")):
        answer = await desk.as_("agent").request(verb, f"/settings/closing{path}", json={"content": {}}, headers=ANY)
        assert answer.status_code == 403


async def test_a_trial_says_what_would_differ_and_come_of_it_and_changes_nothing(desk: OpenService) -> None:
    ticket = await opened(desk)
    await commanded(desk, ticket, "PATCH", "classification", ticket_type="Question")
    answer = accepted(await desk.as_("lead").post("/settings/ticket-types/try", json={"content": {"types": [FAULT]}}))
    assert answer["consequences"] == [{"code": "active_tickets_of_retired_types", "count": 1}]
    assert {"path": "/types/Question/active", "before": True, "after": False} in answer["differences"]
    assert answer["differences"][0]["path"] == "/types/Fault"
    assert accepted(await desk.as_("viewer").get("/settings/ticket-types"))["version"] == 0


async def test_what_is_left_out_is_retired_and_comes_back_with_the_version_that_had_it(desk: OpenService) -> None:
    await desk.put_in_force("ticket-types", types=[FAULT])
    ticket = await opened(desk, requested={"ticket_type": "Störung"})
    assert ticket.ticket_type == "Fault"
    refused = await desk.as_("agent").patch(f"/tickets/{ticket.id}/classification", json={"ticket_type": "Question"})
    assert refused.status_code == 422
    lead = desk.as_("lead")
    back = accepted(await lead.post("/settings/ticket-types/put-back/0", json={"note": "No."}, headers={"if-match": '"1"'}))
    assert (back["version"], back["note"]) == (2, "No.")
    assert [(t["key"], t["active"]) for t in back["content"]["types"]][-2:] == [("Other", True), ("Fault", False)]
    compared = accepted(await lead.get("/settings/ticket-types/versions/1/compare/2"))
    assert {"path": "/types/Fault/active", "before": True, "after": False} in compared["differences"]
    assert (await lead.post("/settings/ticket-types/put-back/9", headers=ANY)).status_code == 404


async def test_a_key_has_one_effect_however_often_it_is_sent(desk: OpenService) -> None:
    headers = {**ANY, "idempotency-key": "k1"}
    lead = desk.as_("lead")
    answers = [
        await lead.put("/settings/closing", json={"content": {"close_resolved_after_days": 3}}, headers=headers) for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert len(await desk.published(ClosingChangedV1)) == 1


async def resolved(desk: OpenService, days_ago: float) -> TicketState:
    ticket = await opened(desk)
    await commanded(desk, ticket, "POST", "resolve", solution="Turn it off and on.")
    at = "to_char(now() AT TIME ZONE 'UTC' - make_interval(secs => :seconds), 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
    await desk.execute(
        f"UPDATE tickets SET state = jsonb_set(state, '{{resolved_at}}', to_jsonb({at})) WHERE id = :id",
        seconds=days_ago * 86_400,
        id=ticket.id,
    )
    return ticket


async def test_what_nobody_answers_is_closed_after_the_days_that_are_settled(opens: Any) -> None:
    async with opens(role="all") as desk:
        old, recent = await resolved(desk, 5), await resolved(desk, 3)
        closing = desk.worker("closing")
        assert await closing.close_some() == 0
        trial = accepted(await desk.as_("lead").post("/settings/closing/try", json={"content": {"close_resolved_after_days": 4}}))
        assert trial["consequences"] == [
            {"code": "tickets_closed_at_once", "count": 1},
            {"code": "tickets_archived_at_once", "count": 0},
        ]
        await desk.put_in_force("closing", close_resolved_after_days=4)
        both = await asyncio.gather(closing.close_some(), closing.close_some())
        assert max(both) == 1
        (closed,) = await desk.published(TicketClosedV1)
        assert (closed.ticket.id, closed.by.kind, closed.by.id) == (old.id, "system", "ticket-svc")
        assert (await told(desk, recent))[-1].ticket.status == "resolved"
        await desk.put_in_force("closing", close_resolved_after_days=None, archive_closed_after_days=0)
        assert await closing.close_some() == 0
        trial = accepted(await desk.as_("lead").post("/settings/closing/try", json={"content": {"archive_closed_after_days": 0}}))
        assert {"code": "tickets_archived_at_once", "count": 1} in trial["consequences"]
        assert await closing.archive_some() == 1
        assert await closing.archive_some() == 0
        (archived,) = await desk.published(TicketArchivedV1)
        assert (archived.ticket.id, archived.ticket.status, archived.by.kind) == (old.id, "closed", "system")
        assert archived.ticket.archived_at == archived.at
        await commanded(desk, old, "POST", "reopen", reason="once more")
        assert (await told(desk, old))[-1].ticket.archived_at is None


@pytest.mark.parametrize(
    ("document", "content"),
    [
        (TICKET_TYPES, {"types": [FAULT]}),
        (CLOSING, {"close_resolved_after_days": None}),
        (TICKET_FIELDS, {"fields": [{"key": "cost", "kind": "number"}], "only_defined": True}),
    ],
)
async def test_each_document_is_put_and_put_back(desk: OpenService, document: Document[Any], content: dict[str, Any]) -> None:
    await put_and_put_back(desk, document, content)
