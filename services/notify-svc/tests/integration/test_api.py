"""The API of deliveries and addresses."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from deskstream_chassis.testing import OpenService, accepted, another, following, refused
from deskstream_chassis.web.subjects import ACCOUNTABLE, Customer, Program, Role
from deskstream_contracts.events.notifications import NotificationFailedV1, NotificationRequeuedV1
from deskstream_contracts.events.tickets import TicketOpenedV1, TicketResolvedV1
from deskstream_contracts.visibility import EVERYTHING, NOTHING, Visibility

from .looks import bounce_of, deliveries

pytestmark = pytest.mark.anyio
JIM = "jim@sample.com"


async def silenced(desk: OpenService) -> TicketOpenedV1:
    """A ticket whose customer's address has bounced."""
    opened = another(TicketOpenedV1)
    await desk.settle(opened)
    await desk.settle(await bounce_of(desk, opened))
    return opened


async def suppressed(desk: OpenService) -> Any:
    return accepted(await desk.as_("viewer").get("/addresses/suppressed"))["items"]


async def test_deliveries_are_listed_the_newest_first(desk: OpenService) -> None:
    one, two = another(TicketOpenedV1), another(TicketOpenedV1)
    await desk.settle(one)
    await desk.settle(two)
    ids = [str(e.ticket.id) for e in (two, one)]
    newest, oldest = await deliveries(desk)
    assert [newest["ticket_id"], oldest["ticket_id"]] == ids
    assert await deliveries(desk, limit=1) == [newest]
    assert await deliveries(desk, before=newest["queued_at"]) == [oldest]
    assert await deliveries(desk, ticket_id=one.ticket.id) == [oldest]
    assert await deliveries(desk, ticket_id=uuid4()) == []


async def test_deliveries_are_found_by_their_status(desk: OpenService) -> None:
    own = another(TicketOpenedV1, ticket={"requester": {"email": "robot@desk.example"}})
    await desk.settle(another(TicketOpenedV1), own)
    assert [d["recipient"] for d in await deliveries(desk, status="queued")] == [JIM]
    assert [d["recipient"] for d in await deliveries(desk, status="failed")] == ["robot@desk.example"]
    assert await deliveries(desk, status="sent") == []


@pytest.mark.parametrize("filters", [{"status": "lost"}, {"ticket_id": "7"}, {"before": "soon"}, {"limit": 0}, {"limit": 501}])
async def test_filters_that_make_no_sense_are_refused(desk: OpenService, filters: dict[str, Any]) -> None:
    assert refused(await desk.as_("viewer").get("/deliveries", params=filters))[0] == 422


async def test_a_moment_without_an_offset_is_refused(desk: OpenService) -> None:
    assert refused(await desk.as_("viewer").get("/deliveries", params={"before": "2026-03-02T09:00:00"}))[0] == 422


async def test_a_moment_at_the_end_of_time_is_refused(desk: OpenService) -> None:
    assert refused(await desk.as_("viewer").get("/deliveries", params={"before": "9999-12-31T23:59:59-14:00"}))[0] == 422


async def test_deliveries_are_listed_page_by_page(desk: OpenService) -> None:
    await desk.settle(*(another(TicketOpenedV1) for _ in range(5)))
    await desk.settle(*(another(TicketOpenedV1) for _ in range(2)))
    seen, following_pages = list[dict[str, Any]](), True
    asked: dict[str, Any] = {"limit": 2}
    while following_pages:
        page = accepted(await desk.as_("viewer").get("/deliveries", params=asked))
        seen += page["items"]
        asked["cursor"] = page["next"]
        following_pages = page["next"] is not None
    assert seen == await deliveries(desk)
    assert len({d["id"] for d in seen}) == 7
    assert len({d["queued_at"] for d in seen}) == 2, "those of a batch have one moment, and a page ends within them"
    assert await deliveries(desk, cursor=uuid4()) == []


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59+14:00"])
async def test_any_other_moment_is_taken(desk: OpenService, moment: str) -> None:
    assert await deliveries(desk, before=moment) == []


async def test_deliveries_are_counted_by_kind_and_status(desk: OpenService) -> None:
    assert accepted(await desk.as_("viewer").get("/deliveries/summary"))["items"] == []
    opened = another(TicketOpenedV1)
    own = another(TicketOpenedV1, ticket={"requester": {"email": "robot@desk.example"}})
    await desk.settle(opened, another(TicketOpenedV1), own, following(opened, TicketResolvedV1))
    assert accepted(await desk.as_("viewer").get("/deliveries/summary"))["items"] == [
        {"kind": "confirmation", "status": "failed", "deliveries": 1, "most_attempts": 0},
        {"kind": "confirmation", "status": "queued", "deliveries": 2, "most_attempts": 0},
        {"kind": "resolution", "status": "queued", "deliveries": 1, "most_attempts": 0},
    ]


async def test_addresses_that_are_not_written_to_are_listed_with_the_reason(desk: OpenService) -> None:
    assert await suppressed(desk) == []
    await silenced(desk)
    assert await suppressed(desk) == [{"email": JIM, "reason": "bounced: 5.1.1 550 no such user"}]


async def test_addresses_that_are_not_written_to_are_listed_page_by_page(desk: OpenService) -> None:
    for email in ("ann@sample.com", "bob@sample.com", "cy@sample.com"):
        opened = another(TicketOpenedV1, ticket={"requester": {"email": email}})
        await desk.settle(opened)
        await desk.settle(await bounce_of(desk, opened))
    viewer = desk.as_("viewer")
    first = accepted(await viewer.get("/addresses/suppressed", params={"limit": 2}))
    assert ([a["email"] for a in first["items"]], first["next"]) == (["ann@sample.com", "bob@sample.com"], "bob@sample.com")
    last = accepted(await viewer.get("/addresses/suppressed", params={"limit": 2, "cursor": first["next"]}))
    assert ([a["email"] for a in last["items"]], last["next"]) == (["cy@sample.com"], None)


async def test_a_lead_lets_an_address_be_written_to_again(desk: OpenService) -> None:
    opened = await silenced(desk)
    assert accepted(await desk.as_("lead").delete("/addresses/suppressed/JIM@sample.com")) == {"email": JIM}
    assert await suppressed(desk) == []
    await desk.settle(following(opened, TicketResolvedV1))
    assert await desk.published(NotificationFailedV1) == []


async def test_what_is_not_suppressed_cannot_be_lifted(desk: OpenService) -> None:
    lead = desk.as_("lead")
    assert refused(await lead.delete(f"/addresses/suppressed/{JIM}")) == (404, None)
    await desk.settle(another(TicketOpenedV1))
    assert refused(await lead.delete(f"/addresses/suppressed/{JIM}")) == (404, None)
    assert refused(await lead.delete("/addresses/suppressed/nonsense"))[0] == 422


@pytest.mark.parametrize("path", ["/deliveries", "/deliveries/summary", "/addresses/suppressed"])
async def test_reading_needs_a_token_and_a_role(desk: OpenService, path: str) -> None:
    assert refused(await desk.http.get(path)) == (401, None)
    assert refused(await desk.as_().get(path)) == (403, None)
    assert refused(await desk.as_subject(Customer("1", "Jim", EVERYTHING)).get(path)) == (403, None)
    for role in ACCOUNTABLE:
        accepted(await desk.as_(role).get(path))


@pytest.mark.parametrize("path", ["/deliveries", "/deliveries/summary", "/addresses/suppressed"])
async def test_who_sees_the_tickets_of_some_sees_no_deliveries_and_who_runs_the_desk_sees_all(desk: OpenService, path: str) -> None:
    opened = await silenced(desk)

    async def shown(role: Role, visibility: Visibility) -> int:
        client = desk.as_subject(Program("1", "Report", frozenset([role]), visibility))
        return len(accepted(await client.get(path))["items"])

    theirs = Visibility(customer_ids=frozenset([opened.ticket.requester.customer_id]))
    assert await shown(Role.VIEWER, EVERYTHING) == await shown(Role.OPERATOR, NOTHING) == 1
    but_one_team = Visibility(everything=True, closed_team_ids=frozenset([uuid4()]))
    assert await shown(Role.VIEWER, theirs) == await shown(Role.ADMIN, NOTHING) == await shown(Role.LEAD, but_one_team) == 0


async def test_lifting_is_for_leads_and_operators(desk: OpenService) -> None:
    await silenced(desk)
    assert refused(await desk.http.delete(f"/addresses/suppressed/{JIM}")) == (401, None)
    assert refused(await desk.as_("agent").delete(f"/addresses/suppressed/{JIM}")) == (403, None)
    assert len(await suppressed(desk)) == 1
    accepted(await desk.as_("operator").delete(f"/addresses/suppressed/{JIM}"))
    assert await suppressed(desk) == []


async def failed(desk: OpenService, *recipients: str, answer: str = "550 5.1.1 no such user") -> list[str]:
    """Mails that the server has refused for good, after one attempt. Their ids, in the order of the recipients."""
    await desk.settle(*(another(TicketOpenedV1, ticket={"requester": {"email": email}}) for email in recipients))
    statement = text("""UPDATE deliveries SET status = 'failed', attempts = 1, detail = :answer, finished_at = now()
        WHERE recipient = ANY(:recipients) RETURNING recipient, id""")
    async with desk.service.engine.begin() as connection:
        rows = (await connection.execute(statement, {"answer": answer, "recipients": list(recipients)})).all()
    ids = {row.recipient: str(row.id) for row in rows}
    return [ids[recipient] for recipient in recipients]


async def statuses(desk: OpenService) -> dict[str, str]:
    return {d["recipient"]: d["status"] for d in await deliveries(desk)}


async def test_a_delivery_is_shown_by_its_id(desk: OpenService) -> None:
    await desk.settle(another(TicketOpenedV1))
    (listed,) = await deliveries(desk)
    viewer = desk.as_("viewer")
    assert accepted(await viewer.get(f"/deliveries/{listed['id']}")) == listed
    assert refused(await viewer.get(f"/deliveries/{uuid4()}")) == (404, None)
    assert refused(await viewer.get("/deliveries/7"))[0] == 422
    blind = desk.as_subject(Program("1", "Report", frozenset([Role.VIEWER]), NOTHING))
    assert refused(await blind.get(f"/deliveries/{listed['id']}")) == (404, None)


async def test_what_failed_goes_again_under_its_own_message_id_and_that_is_told(desk: OpenService) -> None:
    (id_,) = await failed(desk, JIM)
    (before,) = await deliveries(desk)
    lead = desk.as_("lead", id="9", name="Lea")
    answer = accepted(await lead.post(f"/deliveries/{id_}/resend"))
    assert answer == {"id": id_, "status": "queued", "rfc_message_id": before["rfc_message_id"]}
    (after,) = await deliveries(desk)
    assert (after["status"], after["attempts"], after["finished_at"]) == ("queued", 1, None)
    (told,) = await desk.published(NotificationRequeuedV1)
    assert (told.by.id, str(told.notification.id), told.notification.rfc_message_id) == ("9", id_, before["rfc_message_id"])
    (row,) = await desk.rows("SELECT expires_at - queued_at > interval '47 hours' AS long FROM deliveries")
    assert row.long, "it is tried for as long as a new one"
    assert accepted(await lead.post(f"/deliveries/{id_}/resend")) == answer
    assert len(await desk.published(NotificationRequeuedV1)) == 1, "asked again it is the same"


@pytest.mark.parametrize(("status", "words"), [("sent", "the mail server has it"), ("sending", "at this moment")])
async def test_what_was_sent_or_is_being_sent_does_not_go_again(desk: OpenService, status: str, words: str) -> None:
    (id_,) = await failed(desk, JIM)
    async with desk.service.engine.begin() as connection:
        await connection.execute(text("UPDATE deliveries SET status = :status"), {"status": status})
    answer = await desk.as_("operator").post(f"/deliveries/{id_}/resend")
    assert refused(answer) == (409, None)
    assert words in answer.json()["detail"]
    assert await statuses(desk) == {JIM: status}
    assert await desk.published(NotificationRequeuedV1) == []


async def test_what_nobody_may_be_sent_does_not_go_again(desk: OpenService) -> None:
    lead = desk.as_("lead")
    opened = await silenced(desk)
    (id_,) = [d["id"] for d in await deliveries(desk, ticket_id=opened.ticket.id)]
    async with desk.service.engine.begin() as connection:
        await connection.execute(text("UPDATE deliveries SET status = 'failed'"))
    answer = await lead.post(f"/deliveries/{id_}/resend")
    assert refused(answer) == (409, None)
    assert "is not written to (bounced: 5.1.1 550 no such user)" in answer.json()["detail"]
    accepted(await lead.delete(f"/addresses/suppressed/{JIM}"))
    accepted(await lead.post(f"/deliveries/{id_}/resend"))
    for email, words in (("robot@desk.example", "one of the desk's own"), ("nonsense", "nobody to go to: it is no mail address")):
        await desk.settle(another(TicketOpenedV1, ticket={"requester": {"email": email}}))
        (kept,) = [d["id"] for d in await deliveries(desk) if d["recipient"] == email]
        answer = await lead.post(f"/deliveries/{kept}/resend")
        assert refused(answer) == (409, None)
        assert words in answer.json()["detail"]
    assert refused(await lead.post(f"/deliveries/{uuid4()}/resend")) == (404, None)


async def test_all_that_failed_with_an_answer_go_again_and_no_others(desk: OpenService) -> None:
    await failed(desk, "a@sample.com", "b@sample.com", answer="550 5.7.1 Relay access denied")
    await failed(desk, "c@sample.com")
    await desk.settle(another(TicketOpenedV1, ticket={"requester": {"email": "robot@desk.example"}}))
    operator = desk.as_("operator")
    answer = accepted(await operator.post("/deliveries/resend", json={"answer": "relay ACCESS"}))
    assert answer == {"resent": 2, "kept_back": 0, "next": None}
    assert await statuses(desk) == {
        "a@sample.com": "queued",
        "b@sample.com": "queued",
        "c@sample.com": "failed",
        "robot@desk.example": "failed",
    }
    assert accepted(await operator.post("/deliveries/resend", json={"answer": "relay access"}))["resent"] == 0
    since = {"since": "2000-01-01T00:00:00Z", "answer": "%"}
    assert accepted(await operator.post("/deliveries/resend", json=since))["resent"] == 0, "it is no pattern"
    all_since = accepted(await operator.post("/deliveries/resend", json={"since": "2000-01-01T00:00:00Z"}))
    assert all_since == {"resent": 1, "kept_back": 0, "next": None}
    assert (await statuses(desk))["robot@desk.example"] == "failed", "what was withheld is not among them"
    assert accepted(await operator.post("/deliveries/resend", json={"since": "9000-01-01T00:00:00Z"}))["resent"] == 0
    assert len(await desk.published(NotificationRequeuedV1)) == 3


async def test_of_many_that_failed_a_page_goes_again_at_a_time(desk: OpenService, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = sorted(await failed(desk, *(f"user{n}@sample.com" for n in range(5))))
    operator, resent, after = desk.as_("operator"), 0, None
    monkeypatch.setattr("notify_svc.api.deliveries._PAGE", 2)
    for page in (ids[1], ids[3], None):
        answer = accepted(await operator.post("/deliveries/resend", json={"since": "2000-01-01T00:00:00Z", "after": after}))
        resent, after = resent + answer["resent"], answer["next"]
        assert after == page
    assert resent == 5


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"after": str(uuid4())},
        {"since": "soon"},
        {"since": "2026-03-02T09:00:00"},
        {"answer": ""},
        {"answer": "a\0"},
        {"all": True},
    ],
)
async def test_it_must_be_said_what_goes_again(desk: OpenService, body: dict[str, Any]) -> None:
    assert refused(await desk.as_("operator").post("/deliveries/resend", json=body))[0] == 422


async def test_what_waits_for_a_later_attempt_is_due_when_it_is_hurried(desk: OpenService) -> None:
    await desk.settle(another(TicketOpenedV1), another(TicketOpenedV1))
    operator = desk.as_("operator")
    assert accepted(await operator.post("/deliveries/hurry")) == {"hurried": 0}
    async with desk.service.engine.begin() as connection:
        await connection.execute(text("UPDATE deliveries SET next_attempt_at = now() + interval '1 hour'"))
    assert accepted(await operator.post("/deliveries/hurry")) == {"hurried": 2}
    (row,) = await desk.rows("SELECT count(*) AS due FROM deliveries WHERE next_attempt_at <= now()")
    assert row.due == 2


@pytest.mark.parametrize("path", ["/deliveries/resend", "/deliveries/hurry", f"/deliveries/{uuid4()}/resend"])
async def test_sending_again_is_for_leads_and_operators_who_see_what_was_sent(desk: OpenService, path: str) -> None:
    body = {"since": "2000-01-01T00:00:00Z"}
    assert refused(await desk.http.post(path, json=body)) == (401, None)
    for role in (Role.VIEWER, Role.AGENT):
        assert refused(await desk.as_(role).post(path, json=body)) == (403, None)
    but_one_team = Visibility(everything=True, closed_team_ids=frozenset([uuid4()]))
    blind = desk.as_subject(Program("1", "Report", frozenset([Role.LEAD]), but_one_team))
    assert refused(await blind.post(path, json=body)) == (403, None)
    for role in (Role.LEAD, Role.ADMIN, Role.OPERATOR):
        assert (await desk.as_(role).post(path, json=body)).status_code in (200, 404)
