"""What commands do beside their decisions: who is looked for, and what long work begins."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from customer_svc.domain.customer import Customer
from customer_svc.domain.organization import Organization
from customer_svc.domain.policy import CustomerPolicy
from customer_svc.domain.refusals import EmailTaken, NoSuchCustomer, NoSuchOrganization
from customer_svc.handlers.add_customer import AddCustomer
from customer_svc.handlers.add_organization import AddOrganization
from customer_svc.handlers.change_customer import ChangeCustomer
from customer_svc.handlers.change_organization import ChangeOrganization
from customer_svc.handlers.deactivate_customer import DeactivateCustomer
from customer_svc.handlers.join_by_domain import JoinOrganization
from customer_svc.persistence.unit import CustomerUnit
from deskstream_chassis.fields import FieldMissing
from deskstream_chassis.testing import KeptOutbox, Nowhere
from deskstream_contracts.events.settings import CustomerFieldDefinitions, OrganizationFieldDefinitions
from deskstream_contracts.wire import Actor

from .test_identification import LANGUAGES, Hears
from .test_identify_requester import FreeMail

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ADA = Actor(kind="agent", id="9", name="Ada")
SAMPLE = Organization(UUID(int=5), 1, "Sample Inc.", NOW, NOW, domains=("sample.com",))
JIM = Customer(UUID(int=1), 1, "jim@sample.com", "en", "fallback", NOW, NOW)
ANN = Customer(UUID(int=2), 1, "ann@sample.com", "en", "fallback", NOW, NOW)
NOBODY = UUID(int=404)


@pytest.fixture
def published() -> KeptOutbox:
    return KeptOutbox()


@pytest.fixture
def unit(published: KeptOutbox) -> CustomerUnit:
    """A unit of work in which Jim, Ann and their organization are loaded."""
    policy = CustomerPolicy(LANGUAGES, Hears("en"), FreeMail(), auto_create_organizations=False)
    made = CustomerUnit(Nowhere(), published, NOW, policy=policy)
    for customer in (JIM, ANN):
        made.customers.put(customer)
    made.organizations.put(SAMPLE)
    return made


def test_who_is_put_into_an_organization_that_is_not_there_is_refused_and_it_is_named(unit: CustomerUnit) -> None:
    wanted = (SAMPLE.id, NOBODY)
    for command in (
        AddCustomer("new@sample.com", {"organization_ids": wanted}, ADA),
        ChangeCustomer(JIM.id, {"organization_ids": wanted}, ADA),
    ):
        with pytest.raises(NoSuchOrganization) as refusal:
            command.handle(unit)
        assert refusal.value.pointer == "#/organization_ids/1"


def test_an_address_that_somebody_has_is_refused_when_a_customer_is_added_and_when_one_is_changed(unit: CustomerUnit) -> None:
    with pytest.raises(EmailTaken):
        AddCustomer(ANN.email, {}, ADA).handle(unit)
    with pytest.raises(EmailTaken):
        ChangeCustomer(JIM.id, {"email": ANN.email}, ADA).handle(unit)
    assert ChangeCustomer(JIM.id, {"email": "jim@new.com"}, ADA).handle(unit).email == "jim@new.com"


def test_a_customer_who_is_not_there_cannot_be_changed(unit: CustomerUnit) -> None:
    with pytest.raises(NoSuchCustomer):
        DeactivateCustomer(NOBODY, ADA).handle(unit)


def test_a_domain_that_is_gained_begins_the_joining_of_known_people_and_nothing_else_does(unit: CustomerUnit) -> None:
    assert AddOrganization("New", {"domains": ("new.com",)}, ADA).handle(unit).job_id is not None
    assert AddOrganization("Newer", {}, ADA).handle(unit).job_id is None
    assert ChangeOrganization(SAMPLE.id, {"domains": ("sample.com", "sample.no")}, ADA).handle(unit).job_id is not None
    assert ChangeOrganization(SAMPLE.id, {"tags": ("a",)}, ADA).handle(unit).job_id is None


def test_a_known_person_joins_and_whoever_has_begun_it_is_named(unit: CustomerUnit, published: KeptOutbox) -> None:
    JoinOrganization(JIM.id, SAMPLE.id, ADA).handle(unit)
    after = unit.customers.get(JIM.id)
    assert after is not None
    assert after.organization_ids == (SAMPLE.id,)
    (event,) = published.events
    assert (event.type, event.model_dump()["by"]["name"]) == ("customer.joined.v1", "Ada")
    JoinOrganization(JIM.id, SAMPLE.id, ADA).handle(unit)
    JoinOrganization(NOBODY, SAMPLE.id, ADA).handle(unit)
    assert len(published.events) == 1


def test_a_customer_and_an_organization_are_added_with_the_fields_that_they_have_to_have(unit: CustomerUnit) -> None:
    needed = {"key": "seats", "kind": "number", "required": ["create"]}
    of_customers = CustomerFieldDefinitions.model_validate({"fields": [needed]})
    of_organizations = OrganizationFieldDefinitions.model_validate({"fields": [needed]})
    unit.policy = replace(unit.policy, customer_fields=of_customers, organization_fields=of_organizations)
    for lacking in (AddCustomer("new@sample.com", {}, ADA), AddOrganization("New", {}, ADA, {"seats": None})):
        with pytest.raises(FieldMissing):
            lacking.handle(unit)
    assert AddCustomer("new@sample.com", {}, ADA, {"seats": 5.0}).handle(unit).custom_fields == {"seats": "5"}
    assert AddOrganization("New", {}, ADA, {"seats": 5}).handle(unit).organization.custom_fields == {"seats": "5"}


def test_of_fields_that_are_sent_those_that_are_cleared_go_and_what_is_not_sent_stays(unit: CustomerUnit) -> None:
    fields = {"site": "Oslo", "floor": "2"}
    assert ChangeCustomer(JIM.id, {}, ADA, fields).handle(unit).custom_fields == fields
    assert ChangeCustomer(JIM.id, {}, ADA).handle(unit).custom_fields == fields
    assert ChangeCustomer(JIM.id, {}, ADA, {"site": "Oslo", "floor": None}).handle(unit).custom_fields == {"site": "Oslo"}
    assert ChangeOrganization(SAMPLE.id, {}, ADA, fields).handle(unit).organization.custom_fields == fields
    assert ChangeOrganization(SAMPLE.id, {}, ADA).handle(unit).organization.custom_fields == fields
