"""What notify-svc learns beside its work: bounced addresses, and what was changed on customers."""

from deskstream_chassis.bus.consumer import Handler
from deskstream_contracts.events.customers import CustomerUpdatedV1
from deskstream_contracts.events.inbound import DeliveryBouncedV1
from notify_svc.domain import addresses
from notify_svc.domain.addresses import address_id
from notify_svc.domain.people import Person
from notify_svc.persistence.unit import NotifyUnit


def _bounced_needs(unit: NotifyUnit, event: DeliveryBouncedV1) -> None:
    unit.addresses.need(address_id(event.recipient))
    if event.original_rfc_message_id:
        unit.sent.need(event.original_rfc_message_id)


def _bounced(unit: NotifyUnit, event: DeliveryBouncedV1) -> None:
    # Class 5 is permanent (RFC 3463 §2); a full mailbox or a busy server (class 4) is not held against the address.
    if event.action != "failed" or not event.status.startswith("5"):
        return
    # Anybody can write a bounce; only one about a message that we did send there silences an address.
    if not unit.sent.was_sent(event.original_rfc_message_id or "", event.recipient):
        return
    known = unit.addresses.get(address_id(event.recipient)) or addresses.fresh(event.recipient, unit.now)
    if known.suppressed_because is None:
        unit.addresses.put(addresses.suppress(known, f"bounced: {event.status} {event.diagnostic or ''}".strip()[:500]))


def _customer_needs(unit: NotifyUnit, event: CustomerUpdatedV1) -> None:
    unit.people.need(event.customer.id)


def _customer_changed(unit: NotifyUnit, event: CustomerUpdatedV1) -> None:
    known, state = unit.people.get(event.customer.id), event.customer
    if known is not None and known.customer_version >= state.version:
        return
    name = " ".join(filter(None, (state.first_name, state.last_name))) or None
    version = known.version + 1 if known else 1
    unit.people.put(Person(state.id, version, state.version, state.email, name, state.language))


suppress_bounced = Handler(_bounced_needs, _bounced)
remember_customer = Handler(_customer_needs, _customer_changed)
