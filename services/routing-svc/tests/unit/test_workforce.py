"""Teams and agents are put as a whole."""

from uuid import UUID

import pytest

from routing_svc.domain import agent as agents
from routing_svc.domain import team as teams
from routing_svc.domain.agent import Agent, AgentFields
from routing_svc.domain.refusals import NameIsTaken
from routing_svc.domain.team import Team, TeamFields

SUPPORT = Team(UUID(int=1), 3, "Support", "boss@desk.example", "Boss")
SUE = Agent(UUID(int=2), 5, "Sue", "sue@desk.example", (SUPPORT.id,), ("en",), available=False)


def test_a_new_team_begins_at_version_1_as_it_was_put() -> None:
    added = teams.add(UUID(int=1), TeamFields("Support", "boss@desk.example", "Boss", active=False), None)
    assert teams.apply(None, added) == Team(UUID(int=1), 1, "Support", "boss@desk.example", "Boss", active=False)


def test_a_team_that_is_put_as_it_is_has_not_changed() -> None:
    assert teams.change(SUPPORT, TeamFields("Support", "boss@desk.example", "Boss"), SUPPORT) == []


def test_all_that_a_put_changes_of_a_team_is_one_version() -> None:
    (changed,) = teams.change(SUPPORT, TeamFields("Help"), None)
    assert teams.apply(SUPPORT, changed) == Team(SUPPORT.id, 4, "Help")


def test_the_name_of_another_team_is_refused() -> None:
    fields = TeamFields("Support")
    with pytest.raises(NameIsTaken):
        teams.add(UUID(int=9), fields, SUPPORT)
    with pytest.raises(NameIsTaken):
        teams.change(Team(UUID(int=9), 1, "Help"), fields, SUPPORT)


def test_a_new_agent_is_available_unless_it_is_said() -> None:
    fields = AgentFields("Sue", "sue@desk.example")
    assert agents.apply(None, agents.add(SUE.id, fields, None)).available
    away = AgentFields("Sue", "sue@desk.example", available=False)
    assert not agents.apply(None, agents.add(SUE.id, away, None)).available


def test_an_agent_who_is_away_stays_away_where_a_put_does_not_say() -> None:
    assert agents.change(SUE, AgentFields("Sue", "sue@desk.example", (SUPPORT.id,), ("en",)), SUE) == []
    (changed,) = agents.change(SUE, AgentFields("Susan", "sue@desk.example"), SUE)
    assert agents.apply(SUE, changed) == Agent(SUE.id, 6, "Susan", "sue@desk.example", available=False)


def test_the_address_of_another_agent_is_refused() -> None:
    with pytest.raises(NameIsTaken):
        agents.change(Agent(UUID(int=9), 1, "Sam", "sam@desk.example"), AgentFields("Sam", "sue@desk.example"), SUE)
    with pytest.raises(NameIsTaken):
        agents.add(UUID(int=9), AgentFields("Sue", "sue@desk.example"), SUE)


def test_availability_that_is_so_already_is_no_change() -> None:
    assert agents.set_availability(SUE, False) == []
    (back,) = agents.set_availability(SUE, True)
    assert (agents.apply(SUE, back).available, agents.apply(SUE, back).version) == (True, 6)


def test_nothing_happens_to_who_was_never_added() -> None:
    with pytest.raises(ValueError, match="TeamChanged"):
        teams.apply(None, teams.TeamChanged(TeamFields("Support")))
    with pytest.raises(ValueError, match="AvailabilitySet"):
        agents.apply(None, agents.AvailabilitySet(True))
