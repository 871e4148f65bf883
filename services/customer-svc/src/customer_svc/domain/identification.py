"""Who sent a message: decides what becomes of the sender's profile. An unproven sender gains nothing but a profile."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from customer_svc.domain.customer import Change, Customer, CustomerReactivated, CustomerUpdated
from customer_svc.domain.organization import Organization


class LanguageDetector(Protocol):
    def detect(self, text: str) -> str | None:
        """The BCP 47 language tag of a text, or None where it is not clear."""
        ...


class DomainKinds(Protocol):
    def is_public(self, domain: str) -> bool:
        """Whether anybody can get an address there: free-mail and disposable-mail providers."""
        ...


@dataclass(frozen=True, slots=True)
class Languages:
    """The languages the desk speaks, and the one for everybody else."""

    supported: Sequence[str]
    fallback: str

    def choose(self, wished: str | None, text: str, detector: LanguageDetector) -> tuple[str, str]:
        """The support language of a new customer, and where it came from (wished, detected or fallback)."""
        if wished and (found := self.match(wished)):
            return found, "wished"
        detected = detector.detect(text)
        if detected and (found := self.match(detected)):
            return found, "detected"
        return self.fallback, "fallback"

    def match(self, tag: str) -> str | None:
        """The supported language that serves a tag (RFC 4647 lookup: `de-AT` is served by `de`, `no` by `nb`)."""
        wanted = tag.lower().replace("_", "-")
        primary = {"no": "nb", "nn": "nb"}.get(wanted.split("-")[0], wanted.split("-")[0])
        return next((s for s in self.supported if s.lower() in (wanted, primary)), None)


@dataclass(frozen=True, slots=True)
class Sender:
    """What a message says about who sent it."""

    email: str
    name: str | None
    proven: bool
    text: str
    wished_language: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    company: str | None = None


def register(
    sender: Sender,
    customer_id: UUID,
    organization: Organization | None,
    languages: Languages,
    detector: LanguageDetector,
    now: datetime,
) -> Customer:
    """A profile for somebody who writes for the first time. Joins the domain's organization only if the sender is proven."""
    language, source = languages.choose(sender.wished_language, sender.text, detector)
    first, last = _names(sender)
    return Customer(
        id=customer_id,
        version=1,
        email=sender.email,
        language=language,
        language_source=source,
        created_at=now,
        updated_at=now,
        first_name=first,
        last_name=last,
        phone=sender.phone,
        company=sender.company or (organization.name if organization and sender.proven else None),
        organization_ids=(organization.id,) if organization and sender.proven else (),
    )


def recognise(customer: Customer, sender: Sender, organization: Organization | None, now: datetime) -> list[Change]:
    """What a message changes on a known profile: names are filled in, a proven sender is reactivated and joins."""
    changes: list[Change] = []
    if sender.proven and not customer.active:
        changes.append(CustomerReactivated(now))
    first, last = _names(sender)
    found: dict[str, object] = {}
    if first and customer.name is None:
        found.update(first_name=first, last_name=last)
    if sender.phone and customer.phone is None:
        found["phone"] = sender.phone
    if sender.proven and organization and not customer.organization_ids:
        found["organization_ids"] = (organization.id,)
    if found:
        changes.append(CustomerUpdated(found, now))
    return changes


def organization_name(domain: str) -> str:
    """A first name for an organization that is known by its domain alone: `acme.example` is called acme.example."""
    return domain


def _names(sender: Sender) -> tuple[str | None, str | None]:
    if sender.first_name or sender.last_name:
        return sender.first_name, sender.last_name
    name = (sender.name or "").strip().strip("'\"")
    if not name or "@" in name:
        return None, None
    if "," in name:
        last, _, first = name.partition(",")
        return first.strip()[:200] or None, last.strip()[:200] or None
    first, _, last = name.partition(" ")
    return first[:200], last.strip()[:200] or None
