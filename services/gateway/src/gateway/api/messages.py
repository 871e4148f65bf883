"""Whose message it is: what came by mail belongs to a ticket, and only who sees the ticket sees the message and its files."""

from fastapi import Request

from deskstream_chassis.store.database import Transactions
from deskstream_chassis.watch.tracing import of_request
from gateway.adapters.owners import Owners
from gateway.api.proxied_routes import CheckMessage
from gateway.api.tickets import known_ticket
from gateway.domain.refusals import NoSuchMessage, NoSuchTicket
from gateway.domain.session import Session


def message_check(database: Transactions, owners: Owners) -> CheckMessage:
    """Who sees everything is let through unasked; of everybody else the ticket is looked up."""

    async def check(id_: str, request: Request, session: Session) -> None:
        visibility = session.subject.visibility
        if visibility.everything and not visibility.closed_team_ids:
            return
        entry = await owners.json("ingest", f"/messages/{id_}/ticket", session, of_request(request))
        # What became of no ticket (it was quarantined, or suppressed) only those see who see everything.
        ticket = entry and entry["ticket_id"]
        if not ticket:
            raise NoSuchMessage(id_)
        try:
            await known_ticket(database, ticket, session)
        except NoSuchTicket:
            raise NoSuchMessage(id_) from None

    return check
