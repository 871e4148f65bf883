"""Who sent a message: decides what becomes of the sender's profile. An unproven sender gains nothing but a profile."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from customer_svc.domain.customer import Change, Customer, CustomerJoined, CustomerReactivated, CustomerRegistered, ProfileChanged
from customer_svc.domain.languages import LanguageDetector, Languages
from customer_svc.domain.organization import Organization


@dataclass(frozen=True, slots=True)
class Sender:
    """What a message says about who sent it, and when it was received."""

    email: str
    name: str | None
    proven: bool
    text: str
    at: datetime
    requested_language: str | None = None
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
) -> CustomerRegistered:
    """A profile for somebody who writes for the first time. Joins the domain's organization only if the sender is proven."""
    language, source = languages.choose(sender.requested_language, sender.text, detector)
    first, last = _names(sender)
    customer = Customer(
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
    return CustomerRegistered(customer)


def recognise(customer: Customer, sender: Sender, organization: Organization | None, now: datetime) -> list[Change]:
    """What a message of a proven sender changes on a known profile: what is not known is filled in, they are reactivated and join.
    What an unproven one says of somebody stays with the message: it may be of somebody else.

    Who was deactivated after the message was received stays so: it may have taken its time, or be told again.
    """
    if not sender.proven:
        return []
    changes: list[Change] = []
    written_before = customer.deactivated_at is not None and sender.at <= customer.deactivated_at
    if not customer.active and not written_before:
        changes.append(CustomerReactivated(now))
    first, last = _names(sender)
    profile = customer.profile
    if first and customer.name is None:
        profile = replace(profile, first_name=first, last_name=last)
    if sender.phone and customer.phone is None:
        profile = replace(profile, phone=sender.phone)
    if profile != customer.profile:
        changes.append(ProfileChanged(profile, now))
    if organization and not customer.organization_ids:
        changes.append(CustomerJoined(organization.id, now))
    return changes


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
