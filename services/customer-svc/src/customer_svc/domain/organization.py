"""The organization: a company that groups its people, known by its email domains."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Organization:
    """`sharing`: whether its people see only their `own` requests or those of the whole `organization`."""

    id: UUID
    version: int
    name: str
    created_at: datetime
    updated_at: datetime
    domains: tuple[str, ...] = ()
    sharing: str = "own"
    auto_created: bool = False
    tags: tuple[str, ...] = ()
    custom_fields: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class OrganizationCreated:
    organization: Organization


@dataclass(frozen=True, slots=True)
class OrganizationRenamed:
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DomainsChanged:
    """All domains that the organization holds from now on."""

    domains: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class SharingChosen:
    sharing: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OrganizationTagged:
    """All tags that the organization has from now on."""

    tags: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class OrganizationFieldsSet:
    """All custom fields that the organization has from now on."""

    custom_fields: dict[str, str]
    at: datetime


Change = OrganizationRenamed | DomainsChanged | SharingChosen | OrganizationTagged | OrganizationFieldsSet
OrganizationEvent = OrganizationCreated | Change


def apply(organization: Organization | None, event: OrganizationEvent) -> Organization:
    """The organization after the event, one version on. Raises ValueError where none has been created yet."""
    if isinstance(event, OrganizationCreated):
        return event.organization
    if organization is None:
        raise ValueError(f"{type(event).__name__} of no organization")
    return replace(_changed(organization, event), version=organization.version + 1, updated_at=event.at)


def _changed(organization: Organization, event: Change) -> Organization:
    match event:
        case OrganizationRenamed():
            return replace(organization, name=event.name)
        case DomainsChanged():
            return replace(organization, domains=event.domains)
        case SharingChosen():
            return replace(organization, sharing=event.sharing)
        case OrganizationTagged():
            return replace(organization, tags=event.tags)
        case OrganizationFieldsSet():
            return replace(organization, custom_fields=event.custom_fields)
        case _:
            assert_never(event)
