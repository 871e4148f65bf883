"""What is measured of tickets as they change."""

from datetime import timedelta
from uuid import uuid4

from prometheus_client import REGISTRY

from deskstream_chassis.store.outbox import Cause, Outbox
from deskstream_chassis.testing import Nowhere
from deskstream_contracts.wire import Actor
from ticket_svc.domain import decisions
from ticket_svc.domain.ticket import Ticket
from ticket_svc.persistence.unit import TicketUnit

from .test_lifecycle import NOW, TYPES, ticket

AGENT = Actor(kind="agent", id="ada")


def unit(hold_seconds: float = 0) -> TicketUnit:
    connection = Nowhere()
    made = TicketUnit(
        connection, Outbox(connection, "/test"), NOW, types=TYPES, files_bytes=1_000_000, hold_seconds=hold_seconds, undo_seconds=60
    )
    made.cause = Cause("c", "t")
    return made


def measured(name: str) -> tuple[float, float]:
    """How many tickets of medium priority there were, and their seconds together."""
    values = [
        REGISTRY.get_sample_value(f"deskstream_ticket_{name}_seconds_{what}", {"priority": "medium"}) for what in ("count", "sum")
    ]
    return values[0] or 0.0, values[1] or 0.0


def test_only_the_first_answer_is_the_first_response() -> None:
    before = measured("first_response")
    answered = unit().change(ticket(), decisions.agent_replies(ticket(), uuid4(), "One.", [], NOW + timedelta(minutes=10)), AGENT)
    unit().change(answered, decisions.agent_replies(answered, uuid4(), "Two.", [], NOW + timedelta(minutes=50)), AGENT)
    after = measured("first_response")
    assert (after[0] - before[0], after[1] - before[1]) == (1, 600)


def test_a_ticket_that_is_reopened_has_another_resolution() -> None:
    def resolved(of: Ticket, hours: int) -> Ticket:
        return unit().change(of, decisions.resolve(of, f"After {hours}.", NOW + timedelta(hours=hours)), AGENT)

    before = measured("resolution")
    once = resolved(ticket(), 1)
    reopened = unit().change(once, decisions.reopen(once, "no", NOW + timedelta(hours=2)), AGENT)
    resolved(reopened, 3)
    after = measured("resolution")
    assert (after[0] - before[0], after[1] - before[1]) == (2, 4 * 3600)
