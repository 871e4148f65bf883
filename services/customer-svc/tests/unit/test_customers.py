"""What may be done with customers by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from customer_svc.domain import customers
from customer_svc.domain.customer import (
    Change,
    Customer,
    CustomerDeactivated,
    CustomerFieldsSet,
    CustomerJoined,
    CustomerLeft,
    CustomerReactivated,
    CustomerTagged,
    EmailChanged,
    LanguageChosen,
    ProfileChanged,
    apply,
)
from customer_svc.domain.customers import CustomerFields
from customer_svc.domain.refusals import EmailTaken, UnsupportedLanguage

from .test_identification import LANGUAGES

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
A, B, C = (UUID(int=n) for n in (11, 12, 13))
JIM = Customer(
    UUID(int=1), 4, "jim@sample.com", "de", "detected", NOW, NOW, first_name="Jim", phone="+47 1", tags=("vip",),
    organization_ids=(A, B),
)  # fmt: skip
ANN = replace(JIM, id=UUID(int=2), email="ann@sample.com")


def added(holder: Customer | None = None, **fields: object) -> Customer:
    wanted = CustomerFields(**fields)  # type: ignore[typeddict-item]
    return customers.add(UUID(int=3), "new@sample.com", wanted, holder, LANGUAGES, NOW).customer


def changed(holder: Customer | None = None, **fields: object) -> list[Change]:
    wanted = CustomerFields(**fields)  # type: ignore[typeddict-item]
    return customers.change_profile(JIM, wanted, holder, LANGUAGES, LATER)


def belonging(*wanted: UUID) -> tuple[UUID, ...]:
    """The organizations after they were set."""
    customer = JIM
    for change in changed(organization_ids=wanted):
        customer = apply(customer, change)
    return customer.organization_ids


def test_a_customer_who_is_added_has_what_was_given_in_the_first_version() -> None:
    new = added(first_name="New", tags=("a",), custom_fields={"site": "Oslo"}, organization_ids=(A, B))
    assert new == Customer(
        UUID(int=3), 1, "new@sample.com", "en", "fallback", NOW, NOW, first_name="New", tags=("a",), custom_fields={"site": "Oslo"},
        organization_ids=(A, B),
    )  # fmt: skip


def test_a_language_that_was_chosen_by_hand_says_so_and_has_to_be_one_that_the_desk_speaks() -> None:
    assert (added(language="nn").language, added(language="nn").language_source) == ("nb", "by_hand")
    with pytest.raises(UnsupportedLanguage):
        added(language="es")
    with pytest.raises(UnsupportedLanguage):
        changed(language="es")


def test_an_address_belongs_to_one_customer() -> None:
    with pytest.raises(EmailTaken):
        added(holder=ANN)
    with pytest.raises(EmailTaken):
        changed(holder=ANN, email="ann@sample.com")
    assert changed(email="jim@new.com") == [EmailChanged("jim@new.com", LATER)]
    assert changed(holder=JIM, email="jim@new.com") == [EmailChanged("jim@new.com", LATER)]


def test_what_is_as_it_was_is_no_change() -> None:
    same: dict[str, Any] = {
        "email": "jim@sample.com",
        "first_name": "Jim",
        "tags": ("vip",),
        "custom_fields": {},
        "organization_ids": (A, B),
    }
    assert changed(**same) == []
    assert changed() == []


def test_each_thing_that_changes_is_an_event_of_its_own() -> None:
    changes = changed(first_name=None, note="Calls.", language="fr", tags=(), custom_fields={"site": "Oslo"})
    assert changes == [
        ProfileChanged(replace(JIM.profile, first_name=None, note="Calls."), LATER),
        LanguageChosen("fr", "by_hand", LATER),
        CustomerTagged((), LATER),
        CustomerFieldsSet({"site": "Oslo"}, LATER),
    ]
    after = JIM
    for change in changes:
        after = apply(after, change)
    assert after == replace(
        JIM, version=8, updated_at=LATER, first_name=None, note="Calls.", language="fr", language_source="by_hand", tags=(),
        custom_fields={"site": "Oslo"},
    )  # fmt: skip


def test_a_language_that_was_only_detected_can_be_chosen_and_then_is_no_change() -> None:
    (chosen,) = changed(language="de")
    assert chosen == LanguageChosen("de", "by_hand", LATER)
    assert customers.change_profile(apply(JIM, chosen), {"language": "de"}, None, LANGUAGES, LATER) == []


@pytest.mark.parametrize(
    ("wanted", "changes"),
    [
        ((A, B, C), [CustomerJoined(C, LATER)]),
        ((A,), [CustomerLeft(B, LATER)]),
        ((), [CustomerLeft(A, LATER), CustomerLeft(B, LATER)]),
        ((A, C), [CustomerLeft(B, LATER), CustomerJoined(C, LATER)]),
        # The first is whom the customer writes for.
        ((B, A), [CustomerLeft(A, LATER), CustomerLeft(B, LATER), CustomerJoined(B, LATER), CustomerJoined(A, LATER)]),
    ],
)
def test_a_customer_joins_and_leaves_until_the_organizations_stand_in_the_order_that_was_asked_for(
    wanted: tuple[UUID, ...], changes: list[Change]
) -> None:
    assert changed(organization_ids=wanted) == changes
    assert belonging(*wanted) == wanted


def test_a_customer_is_switched_off_and_on_once() -> None:
    off = apply(JIM, CustomerDeactivated(LATER))
    assert customers.deactivate(JIM, LATER) == [CustomerDeactivated(LATER)]
    assert customers.deactivate(off, LATER) == customers.reactivate(JIM, LATER) == []
    assert customers.reactivate(off, LATER) == [CustomerReactivated(LATER)]
    assert apply(off, CustomerReactivated(LATER)).active


def test_nothing_happens_to_a_customer_who_is_not_registered() -> None:
    with pytest.raises(ValueError, match="CustomerDeactivated"):
        apply(None, CustomerDeactivated(NOW))
