"""The organization: a company that groups its people, known by its email domains."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Organization:
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
class OrganizationUpdated:
    changes: dict[str, Any]
    at: datetime


OrganizationEvent = OrganizationCreated | OrganizationUpdated


def apply(organization: Organization, event: OrganizationUpdated) -> Organization:
    """The organization after the event, one version on."""
    return replace(organization, version=organization.version + 1, updated_at=event.at, **event.changes)
