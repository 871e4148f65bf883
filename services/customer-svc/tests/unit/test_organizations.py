"""What may be done with organizations: who may hold which name and domain, and who joins."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from customer_svc.domain import organizations
from customer_svc.domain.customer import Customer, CustomerJoined
from customer_svc.domain.organization import (
    DomainsChanged,
    Organization,
    OrganizationCreated,
    OrganizationEvent,
    OrganizationFieldsSet,
    OrganizationRenamed,
    OrganizationTagged,
    SharingChosen,
    apply,
)
from customer_svc.domain.organizations import OrganizationFields
from customer_svc.domain.refusals import DomainTaken, NameTaken, PublicDomain

from .test_identify_requester import FreeMail

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
SAMPLE = Organization(UUID(int=5), 3, "Sample Inc.", NOW, NOW, domains=("sample.com", "sample.org"), tags=("vip",))
OTHER = Organization(UUID(int=6), 1, "Other", NOW, NOW, domains=("other.com",))
ALL = (SAMPLE, OTHER)


def named(name: str) -> Organization | None:
    return next((one for one in ALL if one.name == name), None)


def holding(domain: str) -> Organization | None:
    return next((one for one in ALL if domain in one.domains), None)


def created(name: str, **fields: object) -> Organization:
    wanted = OrganizationFields(**fields)  # type: ignore[typeddict-item]
    return organizations.create(UUID(int=7), name, wanted, named, holding, FreeMail(), NOW).organization


def changed(**fields: object) -> list[OrganizationEvent]:
    wanted = OrganizationFields(**fields)  # type: ignore[typeddict-item]
    return [*organizations.change(SAMPLE, wanted, named, holding, FreeMail(), LATER)]


def test_a_new_organization_has_what_was_given_and_else_shares_nothing() -> None:
    assert created("New") == Organization(UUID(int=7), 1, "New", NOW, NOW, custom_fields={})
    full = created("New", domains=("new.com",), sharing="organization", tags=("a",), custom_fields={"site": "Oslo"})
    assert (full.domains, full.sharing, full.tags, full.custom_fields) == (("new.com",), "organization", ("a",), {"site": "Oslo"})
    assert not full.auto_created


def test_one_that_a_domain_makes_is_called_after_it_and_says_that_nobody_made_it() -> None:
    made = organizations.create_for_domain(UUID(int=7), "new.com", NOW).organization
    assert (made.name, made.domains, made.auto_created, made.sharing) == ("new.com", ("new.com",), True, "own")


@pytest.mark.parametrize("attempt", [created, lambda name: changed(name=name)])
def test_two_organizations_cannot_have_one_name(attempt: Callable[[str], object]) -> None:
    with pytest.raises(NameTaken):
        attempt("Other")


@pytest.mark.parametrize("attempt", [lambda domains: created("New", domains=domains), lambda domains: changed(domains=domains)])
def test_a_domain_belongs_to_one_organization_and_a_public_one_to_none(attempt: Callable[[tuple[str, ...]], object]) -> None:
    with pytest.raises(DomainTaken):
        attempt(("new.com", "other.com"))
    with pytest.raises(PublicDomain):
        attempt(("new.com", "free.example"))


def test_an_organization_keeps_its_own_name_and_domains() -> None:
    assert changed(name="Sample Inc.", domains=("sample.com", "sample.org")) == []
    assert changed(domains=("sample.org",)) == [DomainsChanged(("sample.org",), LATER)]


def test_each_thing_that_changes_is_an_event_of_its_own_and_what_stays_is_none() -> None:
    assert changed(sharing="own", tags=("vip",), custom_fields={}) == []
    changes = changed(
        name="Sample AS", domains=("sample.no",), sharing="organization", tags=("a", "b"), custom_fields={"site": "Oslo"}
    )
    assert changes == [
        OrganizationRenamed("Sample AS", LATER),
        DomainsChanged(("sample.no",), LATER),
        SharingChosen("organization", LATER),
        OrganizationTagged(("a", "b"), LATER),
        OrganizationFieldsSet({"site": "Oslo"}, LATER),
    ]
    after = SAMPLE
    for change in changes:
        after = apply(after, change)
    assert after == Organization(
        SAMPLE.id, 8, "Sample AS", NOW, LATER, ("sample.no",), "organization", False, ("a", "b"), {"site": "Oslo"}
    )


def test_the_domains_that_are_gained_are_those_that_were_not_held_before() -> None:
    assert organizations.domains_gained(None, [OrganizationCreated(SAMPLE)]) == ("sample.com", "sample.org")
    assert organizations.domains_gained(SAMPLE, changed(domains=("sample.org", "sample.no"))) == ("sample.no",)
    assert organizations.domains_gained(SAMPLE, changed(domains=("sample.org",))) == ()
    assert organizations.domains_gained(SAMPLE, changed(tags=("a",))) == ()


def test_who_belongs_nowhere_joins_the_organization_of_their_domain_and_nobody_else_does() -> None:
    jim = Customer(UUID(int=1), 1, "jim@sample.com", "en", "fallback", NOW, NOW)
    assert organizations.join_by_domain(jim, SAMPLE, NOW) == [CustomerJoined(SAMPLE.id, NOW)]
    assert organizations.join_by_domain(jim, OTHER, NOW) == []
    assert organizations.join_by_domain(replace(jim, organization_ids=(OTHER.id,)), SAMPLE, NOW) == []


def test_nothing_happens_to_an_organization_before_it_is_created() -> None:
    with pytest.raises(ValueError, match="OrganizationRenamed"):
        apply(None, OrganizationRenamed("Sample AS", NOW))
