"""What is held, and what takes an act back, without a database."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from deskstream_chassis.refusals import ChangedSince
from deskstream_contracts.wire import Actor
from ticket_svc.domain import decisions, held
from ticket_svc.domain.held import Held
from ticket_svc.domain.refusals import AlreadyClosed, SomethingNewer
from ticket_svc.domain.ticket import Assignee, ClosingUndone, Priority, Status, Ticket
from ticket_svc.domain.undoing import Assigned, Closed, Prioritised, undo

from .test_lifecycle import NOW, after, ticket

ADA, BOB = Actor(kind="agent", id="ada"), Actor(kind="agent", id="bob")
EVENT = UUID(int=77)
LATER = NOW + timedelta(seconds=10)


def holding(answers: bool = True, resolves: bool = False, by: Actor = ADA) -> Held:
    return Held(uuid4(), UUID(int=1), by, "Hello", (), (), answers, resolves, NOW, LATER, "c", "t")


def kinds(changes: list[object]) -> list[str]:
    return [type(change).__name__ for change in changes]


def test_what_is_held_does_when_it_is_due_what_it_was_accepted_for() -> None:
    for answers, resolves, done in (
        (True, False, ["TicketStarted", "AgentReplied"]),
        (True, True, ["TicketStarted", "AgentReplied", "TicketResolved"]),
        (False, True, ["TicketResolved"]),
    ):
        one = holding(answers, resolves)
        assert kinds([*held.accept(ticket(), one, NOW)]) == kinds([*held.send(ticket(), one, LATER)]) == done
        assert all(change.at == LATER for change in held.send(ticket(), one, LATER))


def test_nothing_is_accepted_for_a_closed_ticket_and_what_was_accepted_before_goes_out_and_leaves_it_closed() -> None:
    closed = after(ticket(), decisions.close(ticket(), "spam", NOW))
    with pytest.raises(AlreadyClosed):
        held.accept(closed, holding(), NOW)
    assert kinds([*held.send(closed, holding(resolves=True), LATER)]) == ["AgentReplied"]
    assert held.send(closed, holding(answers=False, resolves=True), LATER) == []


def test_whoever_answers_has_seen_the_last_message_and_what_others_hold() -> None:
    seen, newer, own, others = uuid4(), ticket(last_message=uuid4()), holding(), holding(by=BOB)
    held.check_seen(ticket(last_message=seen), [], ADA, seen)
    held.check_seen(ticket(), [], ADA, seen)  # of a ticket from before this was kept
    held.check_seen(ticket(last_message=seen), [own], ADA, seen)
    held.check_seen(newer, [others, own], ADA, own.id)
    for of, holds in ((newer, []), (ticket(last_message=seen), [others]), (ticket(last_message=seen), [others, own])):
        with pytest.raises(SomethingNewer):
            held.check_seen(of, holds, ADA, seen)


@pytest.mark.parametrize("status", [Status.OPEN, Status.IN_PROGRESS, Status.RESOLVED])
def test_a_closing_that_is_undone_leaves_the_ticket_as_it_was(status: Status) -> None:
    before = ticket(status=status, reopen_count=2, solution="Done.", resolved_at=NOW if status is Status.RESOLVED else None)
    closed = after(before, decisions.close(before, "spam", NOW))
    changes = undo(closed, Closed(EVENT, status, NOW), LATER)
    assert changes == [ClosingUndone(status, LATER, EVENT)]
    assert after(closed, changes) == replace(before, version=3, updated_at=LATER)


def test_only_what_is_as_the_act_has_left_it_is_restored() -> None:
    def of(**changes: object) -> Ticket:
        return ticket(**{"status": Status.CLOSED, "closed_at": NOW, "assignee": Assignee(UUID(int=5)), **changes})

    closed, assigned = Closed(EVENT, Status.OPEN, NOW), Assigned(EVENT, Assignee(), Assignee(UUID(int=5)))
    given = Prioritised(EVENT, Priority.LOW, Priority.MEDIUM)
    for act in (closed, assigned, given):
        assert [change.undoes for change in undo(of(subject="Another"), act, LATER)] == [EVENT]  # type: ignore[union-attr]
    for act, changed, moved in (
        (closed, "status", {"closed_at": LATER}),
        (closed, "status", {"status": Status.OPEN}),
        (assigned, "assignee", {"assignee": Assignee(UUID(int=5), agent_id=UUID(int=6))}),
        (given, "priority", {"priority": Priority.HIGH}),
    ):
        with pytest.raises(ChangedSince) as refused:
            undo(of(**moved), act, LATER)
        assert refused.value.members == {"changed": [changed]}
