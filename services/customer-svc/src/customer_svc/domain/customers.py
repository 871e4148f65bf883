"""What may be done with customers by hand: each decision is pure and returns events. A repeated one changes nothing."""

from dataclasses import fields, replace
from datetime import datetime
from typing import Any, Final, TypedDict
from uuid import UUID

from customer_svc.domain import customer as c
from customer_svc.domain.customer import Change, Customer, CustomerRegistered, Profile
from customer_svc.domain.languages import Languages
from customer_svc.domain.refusals import EmailTaken

_PROFILE: Final = tuple(field.name for field in fields(Profile))


class CustomerFields(TypedDict, total=False):
    """What is to be set on a customer; what is left out stays as it is. `email` is in lower case."""

    email: str
    first_name: str | None
    last_name: str | None
    title: str | None
    phone: str | None
    company: str | None
    address: str | None
    note: str | None
    language: str
    tags: tuple[str, ...]
    custom_fields: dict[str, str]
    organization_ids: tuple[UUID, ...]


def add(
    id_: UUID, email: str, wanted: CustomerFields, holder: Customer | None, languages: Languages, now: datetime
) -> CustomerRegistered:
    """`holder` is who has the address already. Raises EmailTaken, UnsupportedLanguage."""
    if holder is not None:
        raise EmailTaken(email)
    language, source = languages.fallback, "fallback"
    if "language" in wanted:
        language, source = languages.supported_one(wanted["language"]), "by_hand"
    new = Customer(id_, 1, email, language, source, created_at=now, updated_at=now)
    for change in change_profile(new, wanted, None, languages, now):
        if not isinstance(change, c.LanguageChosen):
            new = replace(c.apply(new, change), version=1)
    return CustomerRegistered(new)


def change_profile(
    customer: Customer, wanted: CustomerFields, holder: Customer | None, languages: Languages, now: datetime
) -> list[Change]:
    """`holder` is who has the wanted address already. Raises EmailTaken, UnsupportedLanguage."""
    changes: list[Change] = []
    email = wanted.get("email", customer.email)
    if email != customer.email:
        if holder is not None and holder.id != customer.id:
            raise EmailTaken(email)
        changes.append(c.EmailChanged(email, now))
    sent: dict[str, Any] = {name: value for name, value in wanted.items() if name in _PROFILE}
    profile = replace(customer.profile, **sent)
    if profile != customer.profile:
        changes.append(c.ProfileChanged(profile, now))
    if "language" in wanted:
        language = languages.supported_one(wanted["language"])
        if (language, "by_hand") != (customer.language, customer.language_source):
            changes.append(c.LanguageChosen(language, "by_hand", now))
    if "tags" in wanted and wanted["tags"] != customer.tags:
        changes.append(c.CustomerTagged(wanted["tags"], now))
    if "custom_fields" in wanted and wanted["custom_fields"] != (customer.custom_fields or {}):
        changes.append(c.CustomerFieldsSet(wanted["custom_fields"], now))
    if "organization_ids" in wanted:
        changes += _belonging(customer, wanted["organization_ids"], now)
    return changes


def _belonging(customer: Customer, wanted: tuple[UUID, ...], now: datetime) -> list[Change]:
    if wanted == customer.organization_ids:
        return []
    # The first is whom the customer writes for, so that an order that changed is left and joined again.
    kept = 0
    while kept < min(len(wanted), len(customer.organization_ids)) and wanted[kept] == customer.organization_ids[kept]:
        kept += 1
    left: list[Change] = [c.CustomerLeft(id_, now) for id_ in customer.organization_ids[kept:]]
    return [*left, *(c.CustomerJoined(id_, now) for id_ in wanted[kept:])]


def deactivate(customer: Customer, now: datetime) -> list[Change]:
    """Nothing for a customer who is off already."""
    return [c.CustomerDeactivated(now)] if customer.active else []


def reactivate(customer: Customer, now: datetime) -> list[Change]:
    """Nothing for a customer who is on already."""
    return [] if customer.active else [c.CustomerReactivated(now)]
