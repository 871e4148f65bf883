"""What may happen to a ticket, and what it becomes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskstream_chassis.fields import FieldMissing
from deskstream_contracts.events.settings import FieldDefinition, TicketFieldDefinitions, TicketType, TicketTypes
from ticket_svc.domain import decisions
from ticket_svc.domain.refusals import AlreadyClosed, NotResolvable, UnknownType
from ticket_svc.domain.ticket import Assignee, Change, Channel, Classification, Priority, Requester, Status, Ticket, apply
from ticket_svc.messaging.published import state

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TYPES = TicketTypes()


def ticket(**changes: object) -> Ticket:
    fresh = Ticket(
        id=UUID(int=1),
        version=1,
        number=1042,
        thread_root=UUID(int=2),
        subject="The invoice is wrong",
        status=Status.OPEN,
        waiting_for="agent",
        priority=Priority.MEDIUM,
        channel=Channel("email", "support"),
        requester=Requester(UUID(int=3), 1, "jim@sample.com", "Jim", "en"),
        opened_at=NOW,
        updated_at=NOW,
        participants=("jim@sample.com",),
    )
    return replace(fresh, **changes)  # type: ignore[arg-type]


def after(before: Ticket, changes: list[Change]) -> Ticket:
    for change in changes:
        before = apply(before, change)
    return before


def test_an_agents_first_reply_starts_the_ticket_and_leaves_it_waiting_for_the_customer() -> None:
    answered = after(ticket(), decisions.agent_replies(ticket(), uuid4(), "Done.", [], NOW))
    assert (answered.status, answered.waiting_for, answered.first_responded_at) == (Status.IN_PROGRESS, "customer", NOW)


def test_a_later_reply_does_not_move_the_time_of_the_first_response() -> None:
    first = after(ticket(), decisions.agent_replies(ticket(), uuid4(), "One.", [], NOW))
    second = after(first, decisions.agent_replies(first, uuid4(), "Two.", [], NOW + timedelta(hours=1)))
    assert second.first_responded_at == NOW


def test_a_resolved_ticket_reopens_when_the_customer_answers() -> None:
    resolved = after(ticket(), decisions.resolve(ticket(), "Refunded.", NOW))
    again = after(resolved, decisions.customer_replies(resolved, uuid4(), "<m@x>", NOW + timedelta(hours=2)))
    assert (again.status, again.waiting_for, again.reopen_count, again.resolved_at) == (Status.OPEN, "agent", 1, None)


def test_a_closed_ticket_reopens_to_the_agent_who_had_it() -> None:
    mine = ticket(assignee=Assignee(agent_id=UUID(int=9), agent_name="Ada"))
    closed = after(mine, decisions.close(mine, "confirmed", NOW))
    assert after(closed, decisions.reopen(closed, "asked again", NOW)).status is Status.IN_PROGRESS


def test_a_repeated_command_changes_nothing() -> None:
    resolved = after(ticket(), decisions.resolve(ticket(), "Refunded.", NOW))
    assert decisions.resolve(resolved, "Refunded.", NOW) == []
    assert decisions.prioritise(ticket(), Priority.MEDIUM, NOW) == []
    assert decisions.assign(ticket(), Assignee(), NOW) == []
    assert decisions.reopen(ticket(), "why not", NOW) == []


def test_an_illegal_command_is_refused() -> None:
    closed = after(ticket(), decisions.close(ticket(), "spam", NOW))
    with pytest.raises(AlreadyClosed):
        decisions.agent_replies(closed, uuid4(), "Hello?", [], NOW)
    with pytest.raises(AlreadyClosed):
        decisions.resolve(closed, "x", NOW)
    with pytest.raises(NotResolvable):
        decisions.start(closed, NOW)
    with pytest.raises(UnknownType, match="Technical Issue"):
        decisions.classify(ticket(), Classification(ticket_type="Gossip"), TYPES, NOW)


def test_what_an_agent_adds_to_a_resolved_ticket_leaves_it_resolved() -> None:
    resolved = after(ticket(), decisions.resolve(ticket(), "Refunded.", NOW))
    added = after(resolved, decisions.agent_replies(resolved, uuid4(), "The receipt is attached.", [], NOW))
    assert added.status is Status.RESOLVED


def test_a_corrected_solution_is_told_again() -> None:
    resolved = after(ticket(), decisions.resolve(ticket(), "Refunded.", NOW))
    assert after(resolved, decisions.resolve(resolved, "Refunded in full.", NOW)).solution == "Refunded in full."


def test_the_last_tag_can_be_taken_off() -> None:
    tagged = ticket(tags=("vip",))
    assert after(tagged, decisions.classify(tagged, Classification(tags=[]), TYPES, NOW)).tags == ()


def test_types_are_known_without_regard_to_case() -> None:
    typed = after(ticket(), decisions.classify(ticket(), Classification(ticket_type="billing query"), TYPES, NOW))
    assert typed.ticket_type == "Billing Query"


def test_a_type_goes_by_its_names_in_all_languages_and_by_what_it_was_called_before() -> None:
    types = TicketTypes(types=[TicketType(key="Fault", names={"de": "Störung"}, aliases=["Incident"])])
    assert [decisions.known_type(name, types) for name in (" störung", "INCIDENT", "fault", "Frage")] == ["Fault"] * 3 + [None]


def test_a_retired_type_is_given_to_no_ticket_and_stays_where_it_is() -> None:
    types = TicketTypes(types=[TicketType(key="Fax", active=False)])
    held = ticket(ticket_type="Fax")
    with pytest.raises(UnknownType):
        decisions.classify(ticket(), Classification(ticket_type="Fax"), types, NOW)
    assert after(held, decisions.classify(held, Classification(tags=["a"]), types, NOW)).ticket_type == "Fax"


def test_what_was_resolved_is_closed_after_so_many_days_of_no_answer() -> None:
    resolved = replace(ticket(), status=Status.RESOLVED, resolved_at=NOW)
    assert decisions.close_unanswered(resolved, 7, NOW + timedelta(days=7, seconds=-1)) == []
    (closed,) = decisions.close_unanswered(resolved, 7, NOW + timedelta(days=7))
    assert after(resolved, [closed]).status is Status.CLOSED
    assert decisions.close_unanswered(ticket(), 0, NOW) == []


def test_what_was_closed_is_archived_once_after_so_many_days_and_comes_back_when_it_is_reopened() -> None:
    closed = replace(ticket(), status=Status.CLOSED, closed_at=NOW)
    assert decisions.archive(closed, 30, NOW + timedelta(days=30, seconds=-1)) == []
    archived = after(closed, decisions.archive(closed, 30, NOW + timedelta(days=30)))
    assert (archived.status, archived.archived_at) == (Status.CLOSED, NOW + timedelta(days=30))
    assert decisions.archive(archived, 0, NOW + timedelta(days=31)) == []
    assert after(archived, decisions.reopen(archived, "again", NOW)).archived_at is None
    assert decisions.archive(ticket(), 0, NOW) == []


def test_custom_fields_are_merged_and_an_empty_value_removes_one() -> None:
    held = ticket(custom_fields={"contract": "C-1", "site": "Oslo"})
    changed = after(held, decisions.classify(held, Classification(custom_fields={"site": "", "floor": "2"}), TYPES, NOW))
    assert changed.custom_fields == {"contract": "C-1", "floor": "2"}


def test_a_ticket_is_not_resolved_without_a_field_that_is_required_and_one_that_is_resolved_is_not_asked_again() -> None:
    fields = TicketFieldDefinitions(fields=[FieldDefinition(key="cost", kind="number", required=["resolve"])])
    for lacking in (ticket(), ticket(custom_fields={"cost": "about five"}, status=Status.IN_PROGRESS)):
        with pytest.raises(FieldMissing):
            decisions.check_resolvable(lacking, fields)
    decisions.check_resolvable(ticket(custom_fields={"cost": "5"}), fields)
    decisions.check_resolvable(ticket(status=Status.RESOLVED), fields)


def test_who_is_copied_by_an_agent_may_write_into_the_thread() -> None:
    answered = after(ticket(), decisions.agent_replies(ticket(), uuid4(), "See copy.", ["boss@sample.com"], NOW))
    assert answered.participants == ("jim@sample.com", "boss@sample.com")


def test_a_done_ticket_is_not_escalated() -> None:
    resolved = after(ticket(), decisions.resolve(ticket(), "Refunded.", NOW))
    assert decisions.escalate(resolved, "late", [], NOW) == []


def test_an_answer_refers_to_the_latest_messages_only() -> None:
    talk = ticket()
    for n in range(15):
        talk = after(talk, decisions.customer_replies(talk, uuid4(), f"<{n}@x>", NOW))
    assert talk.references == tuple(f"<{n}@x>" for n in range(5, 15))


COMMANDS = (
    lambda t: decisions.customer_replies(t, UUID(int=7), "<r@x>", NOW),
    lambda t: decisions.agent_replies(t, UUID(int=8), "text", [], NOW),
    lambda t: decisions.note(t, UUID(int=9), NOW),
    lambda t: decisions.assign(t, Assignee(agent_id=UUID(int=5)), NOW),
    lambda t: decisions.prioritise(t, Priority.HIGH, NOW),
    lambda t: decisions.start(t, NOW),
    lambda t: decisions.resolve(t, "solved", NOW),
    lambda t: decisions.reopen(t, "again", NOW),
    lambda t: decisions.close(t, "over", NOW),
    lambda t: decisions.escalate(t, "late", [], NOW),
)


@given(st.lists(st.sampled_from(COMMANDS), max_size=30))
def test_whatever_is_tried_in_whatever_order_the_ticket_stays_consistent(tried: list[object]) -> None:
    one, events = ticket(), 0
    for command in tried:
        try:
            changes = command(one)  # type: ignore[operator]
        except (AlreadyClosed, NotResolvable):
            continue
        one, events = after(one, changes), events + len(changes)
    assert one.version == 1 + events
    assert (one.closed_at is not None) == (one.status is Status.CLOSED)
    assert one.status is not Status.RESOLVED or one.resolved_at is not None
    assert state(one).number == 1042
