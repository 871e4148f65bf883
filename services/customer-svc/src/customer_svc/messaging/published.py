"""Domain events and states as the contract has them: the translation on the way out."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final, assert_never

from pydantic import TypeAdapter

from customer_svc.domain import customer as c
from customer_svc.domain import organization as o
from customer_svc.domain.customer import Customer, CustomerEvent, Profile
from customer_svc.domain.organization import Organization, OrganizationEvent
from deskstream_contracts.events import customers as wire
from deskstream_contracts.wire import Actor

_CUSTOMER = TypeAdapter(Customer)
_ORGANIZATION = TypeAdapter(Organization)
_NAME: Final = 300
_PROFILE: Final = tuple(field.name for field in fields(Profile))


def customer_state(customer: Customer) -> wire.CustomerState:
    """The public state; no custom fields are an empty object."""
    values = _CUSTOMER.dump_python(customer)
    return wire.CustomerState.model_validate(values | {"custom_fields": values["custom_fields"] or {}})


def organization_state(organization: Organization) -> wire.OrganizationState:
    """The public state; no custom fields are an empty object."""
    values = _ORGANIZATION.dump_python(organization)
    return wire.OrganizationState.model_validate(values | {"custom_fields": values["custom_fields"] or {}})


def requester(customer: Customer, organization: Organization | None) -> wire.Requester:
    """The customer as the next steps need to know it."""
    group = None
    if organization is not None:
        custom_fields = organization.custom_fields or {}
        group = wire.OrganizationRef(id=organization.id, name=organization.name, custom_fields=custom_fields)
    return wire.Requester(
        customer_id=customer.id,
        customer_version=customer.version,
        email=customer.email,
        name=customer.name and customer.name[:_NAME],
        language=customer.language,
        tags=list(customer.tags),
        custom_fields=customer.custom_fields or {},
        organization=group,
    )


def customer_event(event: CustomerEvent, before: Customer | None, after: Customer, by: Actor) -> wire.CustomerEvent:
    """The contract's event, with the state `after`; `before` (None for a new customer) says what has changed."""
    common: dict[str, Any] = {"customer": customer_state(after), "by": by}
    if before is None or isinstance(event, c.CustomerRegistered):
        return wire.CustomerRegisteredV1(**common)
    match event:
        case c.EmailChanged():
            return wire.CustomerUpdatedV1(**common, changed=["email"])
        case c.ProfileChanged():
            changed = [name for name in _PROFILE if getattr(before, name) != getattr(after, name)]
            return wire.CustomerUpdatedV1(**common, changed=changed)
        case c.CustomerFieldsSet():
            return wire.CustomerUpdatedV1(**common, changed=["custom_fields"])
        case c.LanguageChosen():
            return wire.CustomerLanguageChosenV1(**common, previous=before.language)
        case c.CustomerTagged():
            return wire.CustomerTaggedV1(
                **common, added=_without(after.tags, before.tags), removed=_without(before.tags, after.tags)
            )
        case c.CustomerJoined():
            return wire.CustomerJoinedV1(**common, organization_id=event.organization_id)
        case c.CustomerLeft():
            return wire.CustomerLeftV1(**common, organization_id=event.organization_id)
        case c.CustomerDeactivated():
            return wire.CustomerDeactivatedV1(**common)
        case c.CustomerReactivated():
            return wire.CustomerReactivatedV1(**common)
        case _:
            assert_never(event)


def organization_event(
    event: OrganizationEvent, before: Organization | None, after: Organization, by: Actor
) -> wire.OrganizationEvent:
    """The contract's event, with the state `after`; `before` (None for a new organization) says what has changed."""
    common: dict[str, Any] = {"organization": organization_state(after), "by": by}
    if before is None or isinstance(event, o.OrganizationCreated):
        return wire.OrganizationCreatedV1(**common)
    match event:
        case o.OrganizationRenamed():
            return wire.OrganizationRenamedV1(**common, previous=before.name)
        case o.DomainsChanged():
            return wire.OrganizationDomainsChangedV1(
                **common, added=_without(after.domains, before.domains), removed=_without(before.domains, after.domains)
            )
        case o.SharingChosen():
            return wire.OrganizationSharingChosenV1.model_validate({**common, "previous": before.sharing})
        case o.OrganizationTagged():
            return wire.OrganizationTaggedV1(
                **common, added=_without(after.tags, before.tags), removed=_without(before.tags, after.tags)
            )
        case o.OrganizationFieldsSet():
            return wire.OrganizationUpdatedV1(**common, changed=["custom_fields"])
        case _:
            assert_never(event)


def _without(these: Sequence[str], those: Sequence[str]) -> list[str]:
    return [one for one in these if one not in those]
