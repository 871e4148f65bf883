"""Framing of the live stream: Server-Sent Events (WHATWG HTML §9.2) with CloudEvents 1.0 in JSON format as their data."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson

from deskstream_chassis.bus.messages import Received
from deskstream_contracts.visibility import Visibility

LISTENING: Final = b": listening\n\n"
HEARTBEAT: Final = b": alive\n\n"


@dataclass(frozen=True, slots=True)
class Frame:
    """One event, ready to be sent, and what a client's filter and visibility asked about it.

    Events of clocks and notifications do not say whose ticket they are about (`whose` is None): only who sees everything has them,
    and of a desk with closed teams nobody.
    """

    type: str
    whose: "Whose | None"
    wire: bytes

    def is_seen(self, visibility: Visibility) -> bool:
        """Whether it may be sent to a client of this visibility."""
        if self.whose is None:
            return visibility.everything and not visibility.closed_team_ids
        whose = self.whose
        return visibility.covers(customer_id=whose.customer_id, organization_id=whose.organization_id, team_id=whose.team_id)


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose ticket an event is about."""

    customer_id: UUID | None
    organization_id: UUID | None
    team_id: UUID | None


def frame(message: Received) -> Frame | None:
    """None for what is no readable event; nobody waits for it here, and the read model parks it."""
    if message.fault or not message.event_type:
        return None
    attributes: dict[str, str] = {}
    for name, value in message.headers:
        if name.startswith("ce_"):
            attributes[name[3:]] = value.decode()
    if message.traceparent:
        attributes["traceparent"] = message.traceparent
    try:
        data = orjson.loads(message.value)
    except orjson.JSONDecodeError:
        return None
    event = {**attributes, "specversion": "1.0", "datacontenttype": "application/json", "data": data}
    # One line: JSON has its line ends escaped, and a type or an id with one is no header value that Kafka's writers make.
    head = f"id: {_line(attributes['id'])}\nevent: {_line(message.event_type)}\ndata: ".encode()
    return Frame(message.event_type, _whose(data), head + orjson.dumps(event) + b"\n\n")


def _whose(data: Any) -> Whose | None:
    try:
        ticket = data["ticket"]
        requester, organization = ticket["requester"], ticket["requester"].get("organization") or {}
        team = (ticket.get("assignee") or {}).get("team_id")
        return Whose(UUID(requester["customer_id"]), _id(organization.get("id")), _id(team))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def _line(text: str) -> str:
    return text.replace("\r", "").replace("\n", "")
