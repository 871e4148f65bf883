"""HTTP of ticket-svc: reading a ticket and its conversation, and every command on it."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis.web.auth import require
from deskstream_chassis.web.commands import Commands
from deskstream_contracts import commands as bodies
from deskstream_contracts.events.tickets import TicketState
from ticket_svc.domain import decisions
from ticket_svc.domain.decisions import Classification
from ticket_svc.domain.refusals import HasMoved, NoSuchTicket
from ticket_svc.domain.ticket import Actor, Assignee, Change, Priority, Ticket
from ticket_svc.messaging.published import state
from ticket_svc.persistence import queries
from ticket_svc.persistence.unit import TicketUnit
from ticket_svc.persistence.written import OutMessage

READERS = ("viewer", "agent", "lead", "admin", "service")
AGENTS = ("agent", "lead", "admin")

Reader = Annotated[Subject, Depends(require(*READERS))]
Agent = Annotated[Subject, Depends(require(*AGENTS))]
Reference = Annotated[str, Path(description="A ticket's id, or its number.", pattern=r"^([0-9]{1,15}|[0-9a-fA-F-]{36})$")]
Decide = Callable[[TicketUnit, Ticket], list[Change]]


class TicketCommands:
    """Finds the ticket a command is about, checks the version it expects, and lets a decision change it."""

    def __init__(self, commands: Commands[TicketUnit]) -> None:
        self._commands = commands

    async def run(
        self,
        request: Request,
        caller: Subject,
        reference: str,
        command: bodies.Command,
        decide: Decide,
        answer: Callable[[TicketState], BaseModel] | None = None,
    ) -> Response:
        number, id_ = parse(reference)

        def needs(unit: TicketUnit) -> None:
            if number is not None:
                unit.tickets.need_by("number", number)
            elif id_ is not None:
                unit.tickets.need(id_)

        def handle(unit: TicketUnit) -> BaseModel:
            ticket = unit.tickets.find("number", number) if number is not None else id_ and unit.tickets.get(id_)
            if not ticket:
                raise NoSuchTicket(reference)
            if command.expected_version not in (None, ticket.version):
                raise HasMoved(ticket.number, ticket.version)
            by = Actor("agent", caller.id, caller.name)
            after = state(unit.change(ticket, decide(unit, ticket), by))
            return after if answer is None else answer(after)

        return await self._commands.run(request, caller, needs, handle)


def parse(reference: str) -> tuple[int | None, UUID | None]:
    if reference.isdigit():
        return int(reference), None
    try:
        return None, UUID(reference)
    except ValueError:
        raise NoSuchTicket(reference) from None


def routes(commands: Commands[TicketUnit], engine: AsyncEngine, types: Sequence[str]) -> APIRouter:
    router = APIRouter(prefix="/tickets", tags=["tickets"])
    tickets = TicketCommands(commands)
    _reading(router, engine)
    _writing(router, tickets)
    _changing(router, tickets, types)
    return router


def _reading(router: APIRouter, engine: AsyncEngine) -> None:
    @router.get("/{reference}")
    async def ticket(reference: Reference, _: Reader) -> TicketState:
        number, id_ = parse(reference)
        async with engine.connect() as connection:
            found = await queries.ticket(connection, id_, number)
        if found is None:
            raise NoSuchTicket(reference)
        return state(found)

    @router.get("/{reference}/conversation")
    async def conversation(reference: Reference, _: Reader) -> list[dict[str, Any]]:
        number, id_ = parse(reference)
        async with engine.connect() as connection:
            if number is not None:
                id_ = await queries.ticket_id_of(connection, number)
            messages = await queries.conversation(connection, id_) if id_ else []
        if not messages:
            raise NoSuchTicket(reference)
        return messages


def _writing(router: APIRouter, tickets: TicketCommands) -> None:
    def add_message(unit: TicketUnit, ticket: Ticket, kind: str, caller: Subject, **content: Any) -> UUID:
        id_ = unit.new_id()
        message = OutMessage(author={"id": caller.id, "name": caller.name}, **content)
        unit.messages.add(id=id_, ticket_id=ticket.id, kind=kind, at=unit.now, content=message.model_dump_json())
        return id_

    @router.post("/{reference}/replies", response_model=bodies.Written)
    async def reply(reference: Reference, command: bodies.Reply, request: Request, caller: Agent) -> Response:
        written: list[UUID] = []
        cc = sorted({str(email).lower() for email in command.cc})

        def decide(unit: TicketUnit, ticket: Ticket) -> list[Change]:
            to, subject = [ticket.requester.email], f"Re: {ticket.subject}"
            written[:] = [add_message(unit, ticket, "agent", caller, text=command.text, subject=subject, to=to, cc=cc)]
            changes = decisions.agent_replies(ticket, written[0], command.text, cc, unit.now)
            return changes + (decisions.resolve(ticket, command.text, unit.now) if command.resolve else [])

        return await tickets.run(
            request, caller, reference, command, decide, lambda t: bodies.Written(message_id=written[0], ticket=t)
        )

    @router.post("/{reference}/notes", response_model=bodies.Written)
    async def note(reference: Reference, command: bodies.Note, request: Request, caller: Agent) -> Response:
        written: list[UUID] = []

        def decide(unit: TicketUnit, ticket: Ticket) -> list[Change]:
            written[:] = [add_message(unit, ticket, "note", caller, text=command.text)]
            return decisions.note(ticket, written[0], unit.now)

        return await tickets.run(
            request, caller, reference, command, decide, lambda t: bodies.Written(message_id=written[0], ticket=t)
        )


def _changing(router: APIRouter, tickets: TicketCommands, types: Sequence[str]) -> None:
    @router.put("/{reference}/assignee", response_model=TicketState)
    async def assign(reference: Reference, command: bodies.Assign, request: Request, caller: Agent) -> Response:
        wanted = Assignee(command.team_id, command.team_name, command.agent_id, command.agent_name)
        return await tickets.run(request, caller, reference, command, lambda u, t: decisions.assign(t, wanted, u.now))

    @router.put("/{reference}/priority", response_model=TicketState)
    async def prioritise(reference: Reference, command: bodies.SetPriority, request: Request, caller: Agent) -> Response:
        wanted = Priority(command.priority)
        return await tickets.run(request, caller, reference, command, lambda u, t: decisions.prioritise(t, wanted, u.now))

    @router.patch("/{reference}/classification", response_model=TicketState)
    async def classify(reference: Reference, command: bodies.Classify, request: Request, caller: Agent) -> Response:
        wanted = Classification(command.ticket_type, command.tags, command.custom_fields)
        return await tickets.run(request, caller, reference, command, lambda u, t: decisions.classify(t, wanted, types, u.now))

    @router.post("/{reference}/start", response_model=TicketState)
    async def start(reference: Reference, command: bodies.Command, request: Request, caller: Agent) -> Response:
        return await tickets.run(request, caller, reference, command, lambda u, t: decisions.start(t, u.now))

    @router.post("/{reference}/resolve", response_model=TicketState)
    async def resolve(reference: Reference, command: bodies.Resolve, request: Request, caller: Agent) -> Response:
        return await tickets.run(request, caller, reference, command, lambda u, t: decisions.resolve(t, command.solution, u.now))

    @router.post("/{reference}/reopen", response_model=TicketState)
    async def reopen(reference: Reference, command: bodies.Reopen, request: Request, caller: Agent) -> Response:
        return await tickets.run(request, caller, reference, command, lambda u, t: decisions.reopen(t, command.reason, u.now))

    @router.post("/{reference}/close", response_model=TicketState)
    async def close(reference: Reference, command: bodies.Close, request: Request, caller: Agent) -> Response:
        return await tickets.run(request, caller, reference, command, lambda u, t: decisions.close(t, command.reason, u.now))
