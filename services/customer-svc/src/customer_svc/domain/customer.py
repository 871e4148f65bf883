"""The customer, and what can happen to it. The email address is the identity, in lower case."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Customer:
    id: UUID
    version: int
    email: str
    language: str
    language_source: str  # detected, fallback, wished, by_hand
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
    tags: tuple[str, ...] = ()
    custom_fields: dict[str, str] | None = None
    organization_ids: tuple[UUID, ...] = ()

    @property
    def name(self) -> str | None:
        return " ".join(filter(None, (self.first_name, self.last_name))) or None

    @property
    def domain(self) -> str:
        return self.email.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class CustomerRegistered:
    customer: Customer


@dataclass(frozen=True, slots=True)
class CustomerUpdated:
    changes: dict[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class CustomerDeactivated:
    at: datetime


@dataclass(frozen=True, slots=True)
class CustomerReactivated:
    at: datetime


Change = CustomerUpdated | CustomerDeactivated | CustomerReactivated
CustomerEvent = CustomerRegistered | Change


def apply(customer: Customer, event: Change) -> Customer:
    """The customer after the event, one version on."""
    moved = replace(customer, version=customer.version + 1, updated_at=event.at)
    match event:
        case CustomerUpdated():
            return replace(moved, **event.changes)
        case CustomerDeactivated():
            return replace(moved, active=False)
        case CustomerReactivated():
            return replace(moved, active=True)
        case _:
            assert_never(event)
