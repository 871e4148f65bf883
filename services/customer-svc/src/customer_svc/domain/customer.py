"""The customer, and what can happen to it. The email address is the identity, in lower case."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import assert_never
from uuid import UUID

from deskstream_contracts.domains import canonical
from deskstream_contracts.wire import MAX_NAME_CHARACTERS


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a person beside address, language and belonging."""

    first_name: str | None = None
    last_name: str | None = None
    title: str | None = None
    phone: str | None = None
    company: str | None = None
    address: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """A person who writes to the desk. Who writes for several organizations has the main one first."""

    id: UUID
    version: int
    email: str
    language: str
    language_source: str  # detected, fallback, requested, by_hand
    created_at: datetime
    updated_at: datetime
    first_name: str | None = None
    last_name: str | None = None
    title: str | None = None
    phone: str | None = None
    company: str | None = None
    address: str | None = None
    note: str | None = None
    active: bool = True
    deactivated_at: datetime | None = None
    tags: tuple[str, ...] = ()
    custom_fields: dict[str, str] | None = None
    organization_ids: tuple[UUID, ...] = ()

    @property
    def name(self) -> str | None:
        """First and last name, as much of them as a name may have; None where neither is known."""
        return " ".join(filter(None, (self.first_name, self.last_name)))[:MAX_NAME_CHARACTERS] or None

    @property
    def domain(self) -> str:
        """The part of the address behind the @, by which organizations are found."""
        return domain_of(self.email)

    @property
    def profile(self) -> Profile:
        """The fields that messages fill in and people edit by hand, as one value."""
        return Profile(self.first_name, self.last_name, self.title, self.phone, self.company, self.address, self.note)


@dataclass(frozen=True, slots=True)
class CustomerRegistered:
    customer: Customer


@dataclass(frozen=True, slots=True)
class EmailChanged:
    email: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ProfileChanged:
    profile: Profile
    at: datetime


@dataclass(frozen=True, slots=True)
class LanguageChosen:
    language: str
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CustomerTagged:
    """All tags that the customer has from now on."""

    tags: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class CustomerFieldsSet:
    """All custom fields that the customer has from now on."""

    custom_fields: dict[str, str]
    at: datetime


@dataclass(frozen=True, slots=True)
class CustomerJoined:
    organization_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class CustomerLeft:
    organization_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class CustomerDeactivated:
    at: datetime


@dataclass(frozen=True, slots=True)
class CustomerReactivated:
    at: datetime


Change = (
    EmailChanged
    | ProfileChanged
    | LanguageChosen
    | CustomerTagged
    | CustomerFieldsSet
    | CustomerJoined
    | CustomerLeft
    | CustomerDeactivated
    | CustomerReactivated
)
CustomerEvent = CustomerRegistered | Change


def domain_of(email: str) -> str:
    """The part of an address behind the last @, as domains are compared."""
    return canonical(email.rpartition("@")[2])


def apply(customer: Customer | None, event: CustomerEvent) -> Customer:
    """The customer after the event, one version on. Raises ValueError where nobody has been registered yet."""
    if isinstance(event, CustomerRegistered):
        return event.customer
    if customer is None:
        raise ValueError(f"{type(event).__name__} of nobody")
    return replace(_changed(customer, event), version=customer.version + 1, updated_at=event.at)


def _changed(customer: Customer, event: Change) -> Customer:
    match event:
        case EmailChanged():
            return replace(customer, email=event.email)
        case ProfileChanged():
            return replace(customer, **asdict(event.profile))
        case LanguageChosen():
            return replace(customer, language=event.language, language_source=event.source)
        case CustomerTagged():
            return replace(customer, tags=event.tags)
        case CustomerFieldsSet():
            return replace(customer, custom_fields=event.custom_fields)
        case CustomerJoined():
            return replace(customer, organization_ids=(*customer.organization_ids, event.organization_id))
        case CustomerLeft():
            left = tuple(id_ for id_ in customer.organization_ids if id_ != event.organization_id)
            return replace(customer, organization_ids=left)
        case CustomerDeactivated():
            return replace(customer, active=False, deactivated_at=event.at)
        case CustomerReactivated():
            return replace(customer, active=True, deactivated_at=None)
        case _:
            assert_never(event)
