"""What mails said is let go before that they were sent; what waits stays."""

import pytest

from deskstream_chassis.testing import OpenService, accepted, another, refused
from deskstream_chassis.testing.transactions import NOTED, noting
from deskstream_contracts.events.notifications import NotificationRequeuedV1
from deskstream_contracts.events.tickets import TicketOpenedV1

from .conftest import Open
from .looks import deliveries

pytestmark = pytest.mark.anyio


async def ended(desk: OpenService, status: str, days: float) -> str:
    """The id of a mail that has ended so many days ago; where it is queued it has not, and waits since then."""
    opened = another(TicketOpenedV1)
    await desk.settle(opened)
    (delivery,) = await deliveries(desk, ticket_id=opened.ticket.id)
    at = "now() - make_interval(secs => :seconds)"
    await desk.execute(
        f"""UPDATE deliveries SET status = :status, attempts = 1, queued_at = {at},
            finished_at = {"NULL" if status == "queued" else at} WHERE id = :id""",
        status=status, seconds=days * 86_400, id=delivery["id"],
    )  # fmt: skip
    return str(delivery["id"])


async def contents(desk: OpenService) -> dict[str, bool]:
    """Whether what each said is there."""
    return {str(row.id): len(row.content) > 0 for row in await desk.rows("SELECT id, content FROM deliveries")}


async def test_what_a_mail_said_goes_after_a_month_and_the_mail_after_a_year(opens: Open) -> None:
    async with opens(role="all") as desk:
        young, old, ancient = [await ended(desk, "sent", days) for days in (29.9, 30.1, 400.1)]
        failed, waiting = await ended(desk, "failed", 30.1), await ended(desk, "queued", 1000)
        before = {d["id"]: d for d in await deliveries(desk)}
        await desk.let_go()
        assert await contents(desk) == {young: True, old: False, failed: False, waiting: True}
        after = {d["id"]: d for d in await deliveries(desk)}
        assert ancient not in after
        assert after == {id_: before[id_] for id_ in after}, "of what is left all but its content is as it was"


async def test_a_failed_mail_whose_content_is_gone_is_not_sent_again(opens: Open) -> None:
    async with opens(role="all") as desk:
        gone, there = await ended(desk, "failed", 31), await ended(desk, "failed", 29)
        await desk.let_go()
        operator = desk.as_("operator")
        answer = await operator.post(f"/deliveries/{gone}/resend")
        assert refused(answer) == (409, None)
        assert "What it said is no longer kept" in answer.json()["detail"]
        page = accepted(await operator.post("/deliveries/resend", json={"since": "2000-01-01T00:00:00Z"}))
        assert (page["resent"], page["kept_back"]) == (1, 1)
        (told,) = await desk.published(NotificationRequeuedV1)
        assert str(told.notification.id) == there


async def test_a_failed_mail_that_waits_again_keeps_what_it_says(opens: Open) -> None:
    async with opens(role="all") as desk:
        id_ = await ended(desk, "failed", 1000)
        accepted(await desk.as_("operator").post(f"/deliveries/{id_}/resend"))
        await desk.let_go()
        assert await contents(desk) == {id_: True}


async def test_two_hundred_mails_at_most_go_in_one_transaction(opens: Open) -> None:
    columns = """ticket_id, ticket_number, kind, recipient, language, rfc_message_id, envelope_from, content, status, queued_at,
        next_attempt_at, expires_at, finished_at, correlation_id, traceparent"""
    async with opens(role="all") as desk:
        id_ = await ended(desk, "sent", 500)
        await desk.execute(
            f"""INSERT INTO deliveries (id, {columns})
                SELECT gen_random_uuid(), {columns} FROM deliveries, generate_series(1, 249) WHERE id = :id""",
            id=id_,
        )
        for statement in (*noting("deliveries"), *noting("deliveries", "UPDATE")):
            await desk.execute(statement)
        await desk.let_go()
        assert [row.rows for row in await desk.rows(NOTED)] == [200, 50, 200, 50]
