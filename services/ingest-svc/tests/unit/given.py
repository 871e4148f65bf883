"""What the tests of the domain start from."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import uuid_utils

from deskstream_contracts.wire import Address
from ingest_svc.adapters.parsing.authentication import verdicts
from ingest_svc.domain.desk import Desk
from ingest_svc.domain.mail import DmarcVerdict, ParsedMail
from ingest_svc.domain.receipts import Receipt

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SECRET = b"a secret of the desk"
DESK = Desk("desk.example", frozenset({"support", "billing"}), (SECRET, b"an older one"))


def dmarc(*results: str) -> list[DmarcVerdict]:
    """What the parser makes of Authentication-Results fields."""
    return verdicts(results, "mx.desk.example")


def an_id() -> UUID:
    return UUID(int=uuid_utils.uuid7().int)


def a_receipt(**changes: Any) -> Receipt:
    id_ = an_id()
    values: dict[str, Any] = {
        "id": id_,
        "raw_id": id_,
        "door": "smtp",
        "channel": "support",
        "mailbox": "support@desk.example",
        "recipient": "support@desk.example",
        "envelope_from": "alice@example.com",
        "media_type": "message/rfc822",
        "size": 100,
        "sha256": "0" * 64,
        "relay_trusted": True,
        "received_at": NOW,
        "correlation_id": str(id_),
        "traceparent": f"00-{'1' * 32}-{'2' * 16}-01",
    }
    return Receipt(**{**values, **changes})


def a_mail(sender: str | None = "alice@example.com", **changes: Any) -> ParsedMail:
    values: dict[str, Any] = {
        "sender": None if sender is None else Address(email=sender),
        "subject": "The printer is on fire",
        "text": "It burns.",
        "message_id": "<first@example.com>",
        "content_hash": an_id().hex,
    }
    return ParsedMail(**{**values, **changes})
