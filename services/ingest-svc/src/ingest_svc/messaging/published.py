"""Decisions as the contract has them: the translation on the way out."""

from collections.abc import Iterator
from typing import Final, assert_never

from deskstream_contracts.events.inbound import (
    DeliveryBouncedV1,
    InboundEvent,
    MessageQuarantinedV1,
    MessageReceivedV1,
    MessageSuppressedV1,
)
from ingest_svc.domain.mail import ParsedMail
from ingest_svc.domain.sorting import Admitted, Decision, Quarantined, Suppressed
from ingest_svc.domain.texts import one_line

_DETAIL: Final = 1000


def published(decision: Decision) -> Iterator[InboundEvent]:
    """The one event that says what became of a message, and one more for each recipient that it says bounced."""
    receipt = decision.examined.receipt
    match decision:
        case Admitted():
            yield MessageReceivedV1(thread=decision.thread, message=decision.message, requested=decision.requested)
        case Quarantined():
            yield MessageQuarantinedV1(
                thread=decision.thread,
                message_id=receipt.id,
                channel=receipt.wire_channel(),
                received_at=receipt.received_at,
                reason=decision.reason,
                detail=one_line(decision.detail, _DETAIL),
            )
        case Suppressed():
            yield MessageSuppressedV1(
                thread=decision.thread,
                message_id=receipt.id,
                channel=receipt.wire_channel(),
                sender=decision.examined.sender,
                subject=decision.examined.subject,
                received_at=receipt.received_at,
                reason=decision.reason,
                detail=one_line(decision.detail, _DETAIL),
                duplicate_of=decision.duplicate_of,
            )
            yield from _bounces(decision)
        case _:
            assert_never(decision)


def _bounces(decision: Suppressed) -> Iterator[DeliveryBouncedV1]:
    content = decision.examined.content
    original = content.bounced_message_id if isinstance(content, ParsedMail) else None
    for bounce in decision.bounces:
        yield DeliveryBouncedV1(
            thread=decision.thread,
            message_id=decision.examined.receipt.id,
            recipient=bounce.recipient,
            action=bounce.action,
            status=bounce.status,
            diagnostic=bounce.diagnostic,
            original_rfc_message_id=original,
            received_at=decision.examined.receipt.received_at,
        )
