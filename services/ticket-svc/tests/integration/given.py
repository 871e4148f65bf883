"""Tickets that are there before a test begins, and the ways to look at them."""

from typing import Any

from deskstream_chassis.testing import OpenService, accepted, another
from deskstream_contracts.events.customers import RequesterIdentifiedV1
from deskstream_contracts.events.tickets import TicketEvent, TicketOpenedV1, TicketState


def asked(**changes: Any) -> RequesterIdentifiedV1:
    """A first message, without wishes but those that are asked for; all of its text is new."""
    changes["message"] = {"reply_text": None, **changes.get("message", {})}
    requested = {"priority": None, "ticket_type": None, "custom_fields": {}, "tags": [], **changes.pop("requested", {})}
    return another(RequesterIdentifiedV1, requested=requested, **changes)


def again(first: RequesterIdentifiedV1, **message: Any) -> RequesterIdentifiedV1:
    """Another message of the same thread, from the same customer."""
    thread = {"root": first.thread.root, "relation": "reply", "proof": "references"}
    return another(RequesterIdentifiedV1, thread=thread, message=message, requester=first.requester)


async def ticket_of(desk: OpenService, event: RequesterIdentifiedV1) -> TicketState:
    """The ticket as it is now that the event's thread has."""
    (opened,) = [e for e in await desk.published(TicketOpenedV1) if e.ticket.thread_root == event.thread.root]
    return accepted(await desk.as_("viewer").get(f"/tickets/{opened.ticket.id}"), TicketState)


async def opened(desk: OpenService, **changes: Any) -> TicketState:
    """A ticket that a message has opened."""
    event = asked(**changes)
    await desk.settle(event)
    return await ticket_of(desk, event)


async def commanded(desk: OpenService, ticket: TicketState, method: str, command: str, **body: Any) -> Any:
    """The JSON that the agent Ada gets for a command that is accepted."""
    ada = desk.as_("agent", id="ada", name="Ada")
    return accepted(await ada.request(method, f"/tickets/{ticket.id}/{command}", json=body))


async def asks(desk: OpenService, path: str, who: str = "ada", method: str = "POST", **body: Any) -> tuple[int, Any]:
    """Status and JSON of what an agent asks, as it may be refused."""
    answer = await desk.as_("agent", id=who, name=who.title()).request(method, path, json=body)
    return answer.status_code, answer.json()


async def conversation(desk: OpenService, ticket: TicketState) -> list[dict[str, Any]]:
    """All of it, for the staff."""
    found: list[dict[str, Any]] = accepted(await desk.as_("viewer").get(f"/tickets/{ticket.id}/conversation"))
    return found


async def told(desk: OpenService, ticket: TicketState) -> list[TicketEvent]:
    """What was told of a ticket: its versions have no gaps, and each has its sequence."""
    found = [p for p in await desk.outbox(TicketEvent) if p.key == str(ticket.id)]
    assert [p.sequence for p in found] == list(range(1, len(found) + 1))
    return [p.event for p in found if isinstance(p.event, TicketEvent)]


def kinds(events: list[TicketEvent]) -> list[str]:
    """Types without `ticket.` and the version."""
    return [e.type.removeprefix("ticket.").removesuffix(".v1") for e in events]
