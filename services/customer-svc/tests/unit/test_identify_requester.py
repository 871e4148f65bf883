"""Which organization a message's sender is put into, and when one is made by itself."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from customer_svc.domain.organization import Organization
from customer_svc.domain.policy import CustomerPolicy
from customer_svc.handlers.identify_requester import IdentifyRequester
from customer_svc.persistence.unit import CustomerUnit
from deskstream_chassis.testing import KeptOutbox, Nowhere
from deskstream_contracts.events.customers import RequesterIdentifiedV1
from deskstream_contracts.events.inbound import MessageReceivedV1
from deskstream_contracts.wire import Address, Channel, Message, Thread

from .test_identification import LANGUAGES, Hears

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class FreeMail:
    def is_public(self, domain: str) -> bool:
        return domain == "free.example"


def received(email: str, proven: bool) -> MessageReceivedV1:
    id_ = uuid4()
    message = Message(
        id=id_, channel=Channel(kind="email", name="support"), sender=Address(email=email), sender_proven=proven,
        subject="Help", text="Please.", received_at=NOW, raw_size=1, raw_sha256="0" * 64,
    )  # fmt: skip
    return MessageReceivedV1(thread=Thread(root=id_, relation="new"), message=message)


def identified(
    email: str, *, proven: bool = True, by_themselves: bool = True, known: Organization | None = None
) -> RequesterIdentifiedV1:
    """What is published of the sender of a first message."""
    published = KeptOutbox()
    unit = CustomerUnit(Nowhere(), published, NOW, policy=CustomerPolicy(LANGUAGES, Hears("en"), FreeMail(), by_themselves))
    if known:
        unit.organizations.put(known)
    IdentifyRequester(received(email, proven)).handle(unit)
    found = published.events[-1]
    assert isinstance(found, RequesterIdentifiedV1)
    created = sum(e.type == "organization.created.v1" for e in published.events)
    assert created == (found.requester.organization is not None and not known)
    return found


def test_the_first_proven_sender_of_a_domain_makes_its_organization() -> None:
    organization = identified("jim@sample.com").requester.organization
    assert organization is not None
    assert organization.name == "sample.com"


@pytest.mark.parametrize(
    ("email", "proven", "by_themselves"),
    [("jim@sample.com", False, True), ("jim@sample.com", True, False), ("jim@free.example", True, True)],
)
def test_none_is_made_for_the_unproven_for_free_mail_or_where_that_is_switched_off(
    email: str, proven: bool, by_themselves: bool
) -> None:
    assert identified(email, proven=proven, by_themselves=by_themselves).requester.organization is None


def test_an_organization_that_holds_the_domain_is_joined_also_where_none_are_made() -> None:
    sample = Organization(UUID(int=5), 1, "Sample Inc.", NOW, NOW, domains=("sample.com",))
    organization = identified("jim@sample.com", by_themselves=False, known=sample).requester.organization
    assert organization is not None
    assert organization.id == sample.id
