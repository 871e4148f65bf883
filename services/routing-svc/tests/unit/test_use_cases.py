"""What events and requests do to tickets, turns, people and rules, without a database."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from deskstream_chassis.testing import KeptOutbox, Nowhere, example, following
from deskstream_contracts.events.routing import RoutingDecidedV1
from deskstream_contracts.events.slas import SlaBreachedV1, SlaWarnedV1
from deskstream_contracts.events.tickets import (
    TicketAssignedV1,
    TicketClassifiedV1,
    TicketOpenedV1,
    TicketPrioritisedV1,
    TicketResolvedV1,
)
from deskstream_contracts.wire import Actor
from routing_svc.adapters.expressions import CelExpressions
from routing_svc.domain.agent import Agent
from routing_svc.domain.references import TicketReference
from routing_svc.domain.refusals import NoSuchAgent, NoSuchConfiguration, NoSuchTeam, NoSuchTicket, UnknownName
from routing_svc.domain.roster import Roster
from routing_svc.domain.rules import Actions, Configuration, Rule, compiled
from routing_svc.domain.team import Team
from routing_svc.domain.ticket import RoutedTicket
from routing_svc.domain.workforce import Workforce
from routing_svc.handlers.decide_ticket import DecideTicket
from routing_svc.handlers.escalate import Escalate
from routing_svc.handlers.follow_ticket import FollowTicket
from routing_svc.handlers.put_agent import PutAgent
from routing_svc.handlers.put_configuration import PutConfiguration
from routing_svc.handlers.put_team import PutTeam
from routing_svc.handlers.roll_back_configuration import RollBackConfiguration
from routing_svc.handlers.set_availability import SetAvailability
from routing_svc.persistence.configuration_cache import ConfigurationCache
from routing_svc.persistence.unit import RoutingUnit

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
CEL = CelExpressions()
LEAD = Actor(kind="agent", id="lea", name="Lea")
SUPPORT = Team(UUID(int=100), 1, "Support")
SUE = Agent(UUID(int=1), 1, "Sue", "sue@desk.example", (SUPPORT.id,))
BO = Agent(UUID(int=2), 1, "Bo", "bo@desk.example", (SUPPORT.id,))
IN_TURN = Rule(UUID(int=10), "In turn", 1, "assignment", (), Actions(team="Support", strategy="round_robin"))
OPENED = example(TicketOpenedV1)
TICKET = OPENED.ticket.id
BREACHED = example(SlaBreachedV1, sla={"ticket_id": TICKET})


class Desk:
    """A unit with these rules in force, a team and its agents; and what was put in force and published."""

    def __init__(self, *rules: Rule, version: int = 3) -> None:
        self.published = KeptOutbox()
        self.unit = RoutingUnit(Nowhere(), self.published, NOW, cache=ConfigurationCache(CEL))
        self.unit.staffing.roster = Roster(Workforce.of([SUPPORT], [SUE, BO]), {}, {})
        self.unit.staffing.configuration = compiled(version, rules, CEL)
        self.unit.teams.put(SUPPORT)
        self.unit.agents.put(SUE)
        self.put: list[tuple[Configuration, str, Actor]] = []
        self.unit.put_in_force = lambda *what: self.put.append(what)  # type: ignore[method-assign]

    def hear(self, *use_cases: Any) -> RoutedTicket:
        for use_case in use_cases:
            use_case.handle(self.unit)
        found = self.unit.tickets.get(TICKET)
        assert found is not None
        return found

    @property
    def decisions(self) -> list[RoutingDecidedV1]:
        return [e for e in self.published.events if isinstance(e, RoutingDecidedV1)]

    @property
    def kept(self) -> list[bool]:
        """Of each decision that is kept, whether it is published."""
        return [row["published"] for row in self.unit._decisions._rows]


def escalation(*actions: Actions) -> list[Rule]:
    return [Rule(UUID(int=20 + n), f"Up {n}", 1, "escalation", (), a) for n, a in enumerate(actions)]


def test_a_ticket_is_decided_on_once() -> None:
    desk = Desk(IN_TURN)
    ticket = desk.hear(DecideTicket(OPENED))
    assert (ticket.agent_id, ticket.team_id, ticket.reserved, ticket.decided) == (SUE.id, SUPPORT.id, True, True)
    desk.hear(DecideTicket(OPENED))
    assert [d.kind for d in desk.decisions] == ["assignment"]


def test_a_decision_that_finds_nothing_to_do_is_told_so_that_nobody_waits_for_it() -> None:
    desk = Desk()
    ticket = desk.hear(DecideTicket(OPENED))
    assert [d.assign for d in desk.decisions] == [None]
    assert (ticket.reserved, desk.kept) == (False, [True])


def test_who_is_chosen_in_turn_has_had_a_turn_and_who_is_named_has_not() -> None:
    desk = Desk(IN_TURN)
    desk.hear(DecideTicket(OPENED))
    assert desk.unit.staffing.roster.turns_of(SUPPORT.id) == {SUE.id: 1}
    desk = Desk(replace(IN_TURN, actions=Actions(team="Support", agent="Sue")))
    assert desk.hear(DecideTicket(OPENED)).agent_id == SUE.id
    assert desk.unit.staffing.roster.turns_of(SUPPORT.id) == {}


def test_a_ticket_counts_for_whom_it_was_given_to_until_it_is_done() -> None:
    desk = Desk(IN_TURN)
    desk.hear(DecideTicket(OPENED))
    assert desk.unit.staffing.roster.load_of(SUE.id) == 1
    assigned = following(OPENED, TicketAssignedV1, ticket={"assignee": {"team_id": SUPPORT.id, "agent_id": BO.id}})
    assert not desk.hear(FollowTicket(assigned)).reserved
    assert [desk.unit.staffing.roster.load_of(who.id) for who in (SUE, BO)] == [0, 1]
    desk.hear(FollowTicket(following(assigned, TicketResolvedV1, ticket={"status": "resolved"})))
    assert desk.unit.staffing.roster.load_of(BO.id) == 0


def test_an_event_that_was_under_way_does_not_take_a_ticket_from_whom_it_was_given_to() -> None:
    desk = Desk(IN_TURN)
    ticket = desk.hear(DecideTicket(OPENED), FollowTicket(following(OPENED, TicketClassifiedV1)))
    assert (ticket.agent_id, ticket.reserved) == (SUE.id, True)


def test_a_run_of_a_clock_escalates_once() -> None:
    desk = Desk(IN_TURN, *escalation(Actions(strategy="round_robin")))
    ticket = desk.hear(DecideTicket(OPENED), Escalate(BREACHED), Escalate(BREACHED))
    assert [d.kind for d in desk.decisions] == ["assignment", "escalation"]
    assert ticket.agent_id == BO.id, "who was late does not have it any more"


def test_an_escalation_that_no_rule_cares_for_is_kept_and_not_told() -> None:
    desk = Desk(IN_TURN)
    desk.hear(DecideTicket(OPENED), Escalate(BREACHED))
    assert (len(desk.decisions), desk.kept) == (1, [True, False])


def test_a_clock_of_a_ticket_that_is_done_escalates_nothing() -> None:
    desk = Desk(*escalation(Actions(raise_priority=True)))
    resolved = following(OPENED, TicketResolvedV1, ticket={"status": "resolved"})
    ticket = desk.hear(DecideTicket(OPENED), FollowTicket(resolved), Escalate(BREACHED))
    assert [d.kind for d in desk.decisions] == ["assignment"]
    assert len(ticket.escalated) == 1


def test_two_clocks_that_are_breached_at_one_moment_raise_the_priority_twice() -> None:
    desk = Desk(*escalation(Actions(raise_priority=True)))
    opened = example(TicketOpenedV1, ticket={"priority": "low"})
    desk.hear(DecideTicket(opened), Escalate(BREACHED), Escalate(BREACHED.model_copy(update={"clock": "resolution"})))
    assert [d.priority for d in desk.decisions[1:]] == ["medium", "high"]


def test_a_clock_that_warns_again_of_a_later_deadline_escalates_again() -> None:
    desk = Desk(*escalation(Actions(notify=("manager",))))
    warned = example(SlaWarnedV1, sla={"ticket_id": TICKET})
    later = warned.model_copy(update={"due_at": warned.due_at + timedelta(hours=1)})
    desk.hear(DecideTicket(OPENED), Escalate(warned), Escalate(warned), Escalate(later))
    assert [d.kind for d in desk.decisions] == ["assignment", "escalation", "escalation"]


def test_who_is_told_of_a_warning_is_told_when_it_is_due_and_of_no_lateness() -> None:
    desk = Desk(*escalation(Actions(notify=("manager",))))
    warned = example(SlaWarnedV1, sla={"ticket_id": TICKET}, late_seconds=7)
    desk.hear(DecideTicket(OPENED), Escalate(warned))
    deadline = desk.decisions[1].deadline
    assert deadline is not None
    assert (deadline.event, deadline.due_at, deadline.late_seconds) == ("warned", warned.due_at, 0)
    assert desk.decisions[0].deadline is None


def test_what_was_under_way_does_not_take_a_rise_of_the_priority_back() -> None:
    desk = Desk(*escalation(Actions(raise_priority=True)))
    opened = example(TicketOpenedV1, ticket={"priority": "low"})
    classified = following(opened, TicketClassifiedV1)
    ticket = desk.hear(DecideTicket(opened), Escalate(BREACHED), FollowTicket(classified))
    assert (ticket.priority, ticket.facts["ticket"]["priority"]) == ("medium", "medium")
    raised = following(classified, TicketPrioritisedV1, ticket={"priority": "medium"}, decision_id=desk.decisions[-1].decision_id)
    by_hand = following(raised, TicketPrioritisedV1, ticket={"priority": "low"}, decision_id=None)
    assert desk.hear(FollowTicket(raised)).prioritised_by is None
    assert desk.hear(FollowTicket(by_hand)).priority == "low"


def test_a_first_rise_that_comes_back_does_not_take_the_second_one_back() -> None:
    desk = Desk(*escalation(Actions(raise_priority=True)))
    opened = example(TicketOpenedV1, ticket={"priority": "low"})
    desk.hear(DecideTicket(opened), Escalate(BREACHED), Escalate(BREACHED.model_copy(update={"clock": "resolution"})))
    first = following(opened, TicketPrioritisedV1, ticket={"priority": "medium"}, decision_id=desk.decisions[1].decision_id)
    assert desk.hear(FollowTicket(first)).priority == "high"
    person = following(first, TicketPrioritisedV1, ticket={"priority": "low"}, decision_id=None)
    assert desk.hear(FollowTicket(person)).priority == "low", "what a person says counts at once"


def test_a_priority_that_is_under_way_to_a_ticket_that_is_done_is_forgotten() -> None:
    desk = Desk(*escalation(Actions(raise_priority=True)))
    opened = example(TicketOpenedV1, ticket={"priority": "low"})
    resolved = following(opened, TicketResolvedV1, ticket={"status": "resolved"})
    assert desk.hear(DecideTicket(opened), Escalate(BREACHED), FollowTicket(resolved)).priority == "low"


def test_a_breach_that_overtakes_its_ticket_escalates_right_behind_its_assignment() -> None:
    desk = Desk(IN_TURN, *escalation(Actions(raise_priority=True)))
    waiting = desk.hear(Escalate(BREACHED))
    assert (len(waiting.pending), desk.decisions) == (1, [])
    ticket = desk.hear(DecideTicket(OPENED))
    assert [d.kind for d in desk.decisions] == ["assignment", "escalation"]
    assert (ticket.pending, ticket.agent_id) == ((), SUE.id)
    desk.hear(Escalate(BREACHED))
    assert len(desk.decisions) == 2


def test_rules_that_are_put_are_in_force_as_the_next_version_and_the_same_again_are_not() -> None:
    desk = Desk(IN_TURN)
    assert PutConfiguration([IN_TURN], "again", LEAD).handle(desk.unit).version == 3
    assert desk.put == []
    PutConfiguration([], "none", LEAD).handle(desk.unit)
    [(configuration, note, by)] = desk.put
    assert (configuration.version, configuration.rules, note, by) == (4, (), "none", LEAD)


@pytest.mark.parametrize("before", [(), (replace(IN_TURN, version=7),)])
def test_older_rules_are_put_back_as_a_new_version(before: Sequence[Rule]) -> None:
    desk = Desk(replace(IN_TURN, name="Newer", id=UUID(int=11)))
    desk.unit.old_rules._loaded[1] = tuple(before)
    RollBackConfiguration(1, LEAD).handle(desk.unit)
    [(configuration, note, by)] = desk.put
    assert (configuration.version, note, by) == (4, "Back to version 1.", LEAD)
    assert [r.name for r in configuration.rules] == [r.name for r in before]


def test_the_rules_of_no_version_cannot_be_put_back() -> None:
    desk = Desk(IN_TURN)
    with pytest.raises(NoSuchConfiguration):
        RollBackConfiguration(9, LEAD).handle(desk.unit)
    assert desk.put == []


def test_a_team_is_found_whatever_the_case_of_its_letters_and_is_not_made_under_an_id() -> None:
    desk = Desk()
    changed_team = PutTeam("SUPPORT", None, "boss@desk.example", None, True).handle(desk.unit).team
    assert (changed_team.id, changed_team.name, changed_team.version) == (SUPPORT.id, "Support", 2)
    assert PutTeam("Billing", None, None, None, True).handle(desk.unit).team.version == 1
    with pytest.raises(NoSuchTeam):
        PutTeam(str(uuid4()), "Nobody", None, None, True).handle(desk.unit)


def agent_put(reference: str, *teams: str, email: str | None = None) -> PutAgent:
    return PutAgent(reference, "Sue", email, teams, (), None, True)


def test_an_agent_is_in_each_team_once_and_is_known_by_the_address_in_lower_case() -> None:
    desk = Desk()
    put = agent_put("New@Desk.example", "support", str(SUPPORT.id)).handle(desk.unit).agent
    assert (put.email, put.team_ids, put.version) == ("new@desk.example", (SUPPORT.id,), 1)
    kept = agent_put("SUE@desk.example").handle(desk.unit).agent
    assert (kept.id, kept.email, kept.team_ids) == (SUE.id, "sue@desk.example", ())
    moved = agent_put(str(SUE.id), email="Susan@desk.example").handle(desk.unit).agent
    assert (moved.id, moved.email) == (SUE.id, "susan@desk.example")


def test_a_team_that_is_not_there_is_pointed_to_and_nobody_is_made_under_an_id() -> None:
    desk = Desk()
    with pytest.raises(UnknownName) as refused:
        agent_put("new@desk.example", "Support", "Sales").handle(desk.unit)
    assert refused.value.pointer == "#/teams/1"
    with pytest.raises(NoSuchAgent):
        agent_put(str(uuid4())).handle(desk.unit)


def test_who_goes_away_is_told_once() -> None:
    desk = Desk()
    for _ in range(2):
        assert not SetAvailability("sue@desk.example", False).handle(desk.unit).available
    assert [e.type for e in desk.published.events] == ["agent.updated.v1"]
    with pytest.raises(NoSuchAgent):
        SetAvailability("nobody@desk.example", True).handle(desk.unit)


@pytest.mark.parametrize(("text", "found"), [("1042", (None, 1042)), (str(TICKET), (TICKET, None))])
def test_a_ticket_is_named_by_its_number_or_its_id(text: str, found: tuple[UUID | None, int | None]) -> None:
    reference = TicketReference.of(text)
    assert (reference.id, reference.number) == found


@pytest.mark.parametrize("text", ["-" * 36, "²", "١٠٤٢", "9" * 36])
def test_what_is_neither_number_nor_id_names_no_ticket(text: str) -> None:
    with pytest.raises(NoSuchTicket):
        TicketReference.of(text)
