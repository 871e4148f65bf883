"""What may be done with organizations: each decision is pure and returns events. A repeated one changes nothing."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol, TypedDict
from uuid import UUID

from customer_svc.domain import organization as o
from customer_svc.domain.customer import Change as CustomerChange
from customer_svc.domain.customer import Customer, CustomerJoined
from customer_svc.domain.organization import Change, Organization, OrganizationCreated
from customer_svc.domain.refusals import DomainTaken, NameTaken, PublicDomain
from deskstream_contracts.domains import BELOW, holders, readable


class DomainKinds(Protocol):
    def is_public(self, domain: str) -> bool:
        """Whether anybody can get an address there: free-mail and disposable-mail providers."""
        ...


class OrganizationFields(TypedDict, total=False):
    """What is to be set on an organization; what is left out stays as it is. Domains are in lower case."""

    name: str
    domains: tuple[str, ...]
    sharing: str
    tags: tuple[str, ...]
    custom_fields: dict[str, str]


Holder = Callable[[str], Organization | None]
"""Who has a name, or holds a domain; None is nobody."""


def create(
    id_: UUID, name: str, wanted: OrganizationFields, named: Holder, holding: Holder, kinds: DomainKinds, now: datetime
) -> OrganizationCreated:
    """Raises NameTaken, DomainTaken, PublicDomain."""
    _check_name(None, name, named)
    domains = wanted.get("domains", ())
    _check_domains(None, domains, holding, kinds)
    return OrganizationCreated(
        Organization(
            id_,
            1,
            name,
            now,
            now,
            domains,
            wanted.get("sharing", "own"),
            tags=wanted.get("tags", ()),
            custom_fields=wanted.get("custom_fields", {}),
        )
    )


def create_for_domain(id_: UUID, domain: str, now: datetime) -> OrganizationCreated:
    """For a domain that nobody holds: `acme.example` is called acme.example until somebody renames it."""
    return OrganizationCreated(Organization(id_, 1, readable(domain), now, now, (domain,), auto_created=True))


def change(
    organization: Organization, wanted: OrganizationFields, named: Holder, holding: Holder, kinds: DomainKinds, now: datetime
) -> list[Change]:
    """Raises NameTaken, DomainTaken, PublicDomain."""
    changes: list[Change] = []
    if "name" in wanted and wanted["name"] != organization.name:
        _check_name(organization, wanted["name"], named)
        changes.append(o.OrganizationRenamed(wanted["name"], now))
    if "domains" in wanted and wanted["domains"] != organization.domains:
        _check_domains(organization, wanted["domains"], holding, kinds)
        changes.append(o.DomainsChanged(wanted["domains"], now))
    if "sharing" in wanted and wanted["sharing"] != organization.sharing:
        changes.append(o.SharingChosen(wanted["sharing"], now))
    if "tags" in wanted and wanted["tags"] != organization.tags:
        changes.append(o.OrganizationTagged(wanted["tags"], now))
    if "custom_fields" in wanted and wanted["custom_fields"] != (organization.custom_fields or {}):
        changes.append(o.OrganizationFieldsSet(wanted["custom_fields"], now))
    return changes


def domains_gained(before: Organization | None, changes: Iterable[o.OrganizationEvent]) -> tuple[str, ...]:
    """Domains that an organization holds after its changes and did not hold before."""
    held = before.domains if before else ()
    holds: Sequence[str] = held
    for event in changes:
        if isinstance(event, OrganizationCreated):
            holds = event.organization.domains
        elif isinstance(event, o.DomainsChanged):
            holds = event.domains
    return tuple(domain for domain in holds if domain not in held)


def join_by_domain(customer: Customer, organization: Organization, now: datetime) -> list[CustomerChange]:
    """Somebody without an organization joins the one that holds the domain of their address, or all below one above it."""
    if customer.organization_ids or not set(holders(customer.domain)) & set(organization.domains):
        return []
    return [CustomerJoined(organization.id, now)]


def _check_name(own: Organization | None, name: str, named: Holder) -> None:
    namesake = named(name)
    if namesake is not None and (own is None or namesake.id != own.id):
        raise NameTaken(name)


def _check_domains(own: Organization | None, domains: Sequence[str], holding: Holder, kinds: DomainKinds) -> None:
    for domain in domains:
        if kinds.is_public(domain.removeprefix(BELOW)):
            raise PublicDomain(domain)
        holder = holding(domain)
        if holder is not None and (own is None or holder.id != own.id):
            raise DomainTaken(domain)
