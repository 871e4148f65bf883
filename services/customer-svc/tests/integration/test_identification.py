"""From a message to its identified sender."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deskstream_chassis.testing import OpenService, accepted, another, received
from deskstream_contracts.events.customers import (
    CustomerEvent,
    CustomerReactivatedV1,
    CustomerRegisteredV1,
    CustomerState,
    CustomerUpdatedV1,
    OrganizationCreatedV1,
    OrganizationState,
    RequesterIdentifiedV1,
)
from deskstream_contracts.events.inbound import MessageReceivedV1

from .conftest import Open

pytestmark = pytest.mark.anyio
GERMAN = {"subject": "Rechnung", "text": "Guten Tag, meine Rechnung für den letzten Monat stimmt nicht. Bitte prüfen Sie das."}


def mail(email: str = "jim@sample.com", *, proven: bool = True, **message: Any) -> MessageReceivedV1:
    """A message of somebody whose name only the address tells; all of its text is new."""
    sender = {"sender": {"email": email, "name": None}, "sender_proven": proven, "reply_text": None}
    return another(MessageReceivedV1, message={**sender, **message})


async def customer(desk: OpenService, email: str = "jim@sample.com") -> CustomerState:
    (found,) = accepted(await desk.as_("viewer").get("/customers", params={"email": email}))
    return CustomerState.model_validate(found)


async def sample_inc(desk: OpenService) -> OrganizationState:
    body = {"name": "Sample Inc.", "domains": ["sample.com"], "custom_fields": {"contract": "C-17"}}
    return accepted(await desk.as_("lead").post("/organizations", json=body), OrganizationState, status=201)


async def test_who_writes_for_the_first_time_is_registered_and_named_to_the_others(desk: OpenService) -> None:
    event = another(MessageReceivedV1)
    await desk.settle(event)
    registered, identified = await desk.published()
    assert isinstance(registered, CustomerRegisteredV1)
    assert isinstance(identified, RequesterIdentifiedV1)
    jim = registered.customer
    assert (jim.email, jim.first_name, jim.last_name, jim.version) == ("jim@sample.com", "Jim", "Sample", 1)
    assert (identified.thread, identified.message, identified.requested) == (event.thread, event.message, event.requested)
    who = identified.requester
    assert (who.customer_id, who.customer_version, who.email, who.name) == (jim.id, 1, "jim@sample.com", "Jim Sample")
    assert await customer(desk) == jim


async def test_what_is_told_carries_its_cause_and_its_story(desk: OpenService) -> None:
    message = received(mail(), correlation_id="mail-1")
    await desk.settle(message)
    told = await desk.outbox()
    assert [(p.caused_by, p.correlation_id) for p in told] == [(message.event_id, "mail-1")] * 2
    registered, identified = told
    assert (registered.sequence, identified.sequence) == (1, None)
    assert identified.key == message.key


async def test_a_message_that_comes_again_has_one_effect(desk: OpenService) -> None:
    message = received(mail())
    await desk.settle(message, message)
    await desk.settle(message)
    assert len(await desk.outbox()) == 2


async def test_several_messages_of_one_new_sender_in_a_batch_make_one_customer(desk: OpenService) -> None:
    await desk.settle(mail(), mail(), mail("ann@sample.com"), mail())
    assert [r.customer.email for r in await desk.published(CustomerRegisteredV1)] == ["jim@sample.com", "ann@sample.com"]
    senders = [i.requester.customer_id for i in await desk.published(RequesterIdentifiedV1)]
    assert (len(senders), len(set(senders))) == (4, 2)


async def test_a_known_sender_is_not_told_anew(desk: OpenService) -> None:
    await desk.settle(mail())
    await desk.settle(mail())
    assert len(await desk.published(CustomerEvent)) == 1
    assert len(await desk.published(RequesterIdentifiedV1)) == 2


async def test_a_name_and_a_phone_number_are_filled_in_and_never_overwritten(desk: OpenService) -> None:
    await desk.settle(mail())
    form = another(MessageReceivedV1, requested={"first_name": "Jim", "last_name": "Sample", "phone": "1"})
    other = another(MessageReceivedV1, requested={"first_name": "James", "last_name": "Other", "phone": "2"})
    await desk.settle(form, other)
    (updated,) = await desk.published(CustomerUpdatedV1)
    assert updated.changed == ["first_name", "last_name", "phone"]
    jim = await customer(desk)
    assert (jim.version, jim.first_name, jim.last_name, jim.phone) == (2, "Jim", "Sample", "1")


@pytest.mark.parametrize(
    ("wish", "message", "language", "source"),
    [
        ("fr-CA", GERMAN, "fr", "requested"),
        (None, GERMAN, "de", "detected"),
        ("es", GERMAN, "de", "detected"),
        (None, {"subject": "?", "text": "…"}, "en", "fallback"),
    ],
)
async def test_the_language_is_the_requested_one_or_the_detected_one_or_the_fallback(
    desk: OpenService, wish: str | None, message: dict[str, Any], language: str, source: str
) -> None:
    await desk.settle(another(MessageReceivedV1, message={"reply_text": None, **message}, requested={"language": wish}))
    jim = await customer(desk)
    assert (jim.language, jim.language_source) == (language, source)
    (identified,) = await desk.published(RequesterIdentifiedV1)
    assert identified.requester.language == language


async def test_a_proven_sender_joins_the_organization_of_the_domain(desk: OpenService) -> None:
    sample = await sample_inc(desk)
    await desk.settle(mail())
    jim = await customer(desk)
    assert (jim.organization_ids, jim.company) == ([sample.id], "Sample Inc.")
    (identified,) = await desk.published(RequesterIdentifiedV1)
    organization = identified.requester.organization
    assert organization is not None
    assert (organization.id, organization.name, organization.custom_fields) == (sample.id, "Sample Inc.", {"contract": "C-17"})


async def test_an_unproven_sender_gains_nothing_but_a_profile(desk: OpenService) -> None:
    await sample_inc(desk)
    await desk.settle(mail(proven=False))
    jim = await customer(desk)
    assert (jim.organization_ids, jim.company) == ([], None)
    await desk.settle(mail())
    assert len((await customer(desk)).organization_ids) == 1, "joins with the first proven message"


async def test_a_proven_message_reactivates_and_an_unproven_one_does_not(desk: OpenService) -> None:
    await desk.settle(mail())
    await desk.as_("agent").post(f"/customers/{(await customer(desk)).id}/deactivate")
    await desk.settle(mail(proven=False))
    assert not (await customer(desk)).active
    await desk.settle(mail())
    assert not (await customer(desk)).active, "what was received before the deactivation says nothing about it"
    await desk.settle(mail(received_at=datetime.now(UTC) + timedelta(minutes=1)))
    (reactivated,) = await desk.published(CustomerReactivatedV1)
    assert (reactivated.customer.active, reactivated.customer.version) == (True, 3)
    assert [p.sequence for p in await desk.outbox(CustomerEvent)] == [1, 2, 3]
    last = (await desk.published(RequesterIdentifiedV1))[-1]
    assert last.requester.customer_version == 3


async def test_a_customer_that_was_added_by_hand_is_recognised(desk: OpenService) -> None:
    body = {"email": "jim@sample.com", "language": "nb", "tags": ["vip"], "custom_fields": {"tier": "gold"}}
    jim = accepted(await desk.as_("agent").post("/customers", json=body), CustomerState, status=201)
    await desk.settle(mail(**GERMAN))
    (identified,) = await desk.published(RequesterIdentifiedV1)
    who = identified.requester
    assert (who.customer_id, who.language, who.tags, who.custom_fields) == (jim.id, "nb", ["vip"], {"tier": "gold"})


async def test_a_new_company_domain_makes_its_organization_where_that_is_switched_on(opens: Open) -> None:
    async with opens() as desk:
        await desk.put_in_force("domains", create_organizations=True)
        await desk.settle(mail("ann@new.example"), mail("bob@new.example"), mail("cid@gmail.com"))
        await desk.settle(mail("eve@spoofed.example", proven=False))
        (created,) = await desk.published(OrganizationCreatedV1)
        new = created.organization
        assert (new.name, new.domains, new.auto_created) == ("new.example", ["new.example"], True)
        groups = [i.requester.organization for i in await desk.published(RequesterIdentifiedV1)]
        assert [g and g.id for g in groups] == [new.id, new.id, None, None]


async def test_a_message_that_cannot_be_read_is_parked_and_holds_up_nobody_else(desk: OpenService) -> None:
    broken = received(mail(), value=b"{}")
    behind = received(mail("eve@sample.com"), key=broken.key)
    await desk.settle(broken, mail("ann@sample.com"), behind)
    assert [r.customer.email for r in await desk.published(CustomerRegisteredV1)] == ["ann@sample.com"]
    operator, place = desk.as_("operator"), {"topic": broken.topic, "key": broken.key}
    (parked,) = accepted(await operator.get("/admin/parked"))
    assert parked["key"] == broken.key
    again = accepted(await operator.post("/admin/parked/replay", json=place))
    assert (again["messages"], [r["key"] for r in again["refused"]]) == (0, [place["key"]])
    assert accepted(await operator.post("/admin/parked/discard", json=place))["messages"] == 1
    assert accepted(await operator.post("/admin/parked/replay", json=place))["messages"] == 1
    assert [r.customer.email for r in await desk.published(CustomerRegisteredV1)] == ["ann@sample.com", "eve@sample.com"]


async def test_the_language_is_of_what_they_wrote_and_not_of_what_stands_below(desk: OpenService) -> None:
    english = "This e-mail and its attachments are confidential and intended for the named addressee only. " * 10
    new = "Meine Rechnung ist falsch, bitte prüfen."
    await desk.settle(mail(subject="Re: Your invoice of March", text=f"{new}\n\n{english}", reply_text=new))
    assert (await customer(desk)).language == "de"
