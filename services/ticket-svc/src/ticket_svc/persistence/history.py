"""What happened to a ticket, and how it was. The ticket itself is found by the visibility of whoever asks, before."""

from datetime import datetime

from deskstream_chassis.store import history
from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.history import Happened
from deskstream_contracts.events.tickets import TicketState
from deskstream_contracts.timeline import Timeline, TimelineEntry
from deskstream_contracts.topics import TICKETS
from ticket_svc.domain.refusals import BeforeHistory, NotOpenedYet
from ticket_svc.domain.ticket import Ticket
from ticket_svc.messaging.published import state
from ticket_svc.messaging.timeline import entry, state_after


async def timeline(connection: Connection, ticket: Ticket, after: int, limit: int) -> Timeline:
    """A page of at most `limit` entries behind a version (0: from the beginning)."""
    key = str(ticket.id)
    first = await history.after(connection, TICKETS.name, key, 0, 1)
    # With the one before the page, as an entry says what was before it, and the one behind, by which there is another page.
    found = await history.after(connection, TICKETS.name, key, max(0, after - 1), limit + 2)
    items: list[TimelineEntry] = []
    before: Happened | None = None
    for one in found:
        if one.sequence > after:
            items.append(entry(one, before if before is not None and before.sequence == one.sequence - 1 else None))
        before = one
    next_ = str(items[limit - 1].version) if len(items) > limit else None
    begins = first[0] if first else None
    return Timeline(
        items=items[:limit],
        next=next_,
        complete=begins is not None and begins.sequence == 1,
        begins_at=begins.at if begins is not None else None,
    )


async def as_of(connection: Connection, ticket: Ticket, at: datetime) -> TicketState:
    """The ticket as it was then. Raises NotOpenedYet, or BeforeHistory where that is not kept."""
    if at >= ticket.updated_at:
        return state(ticket)
    if at < ticket.opened_at:
        raise NotOpenedYet(ticket.number, ticket.opened_at)
    key = str(ticket.id)
    then = await history.last_until(connection, TICKETS.name, key, at)
    later = await history.after(connection, TICKETS.name, key, 0 if then is None else then.sequence, 1)
    # What a process of a release without history has sent is not kept: then nobody knows what was between.
    following = later[0].sequence if later else ticket.version + 1
    if then is None or following != then.sequence + 1:
        raise BeforeHistory(ticket.number, later[0].at if later else ticket.updated_at)
    return state_after(then)
