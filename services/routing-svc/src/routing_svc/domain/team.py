"""The team, and what can happen to it. Its name is its identity, whatever the case of its letters."""

from dataclasses import dataclass, replace
from typing import assert_never
from uuid import UUID

from routing_svc.domain.refusals import NameIsTaken


@dataclass(frozen=True, slots=True)
class Team:
    id: UUID
    version: int
    name: str
    manager_email: str | None = None
    manager_name: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class TeamFields:
    """All that a team is put as. Addresses are in lower case."""

    name: str
    manager_email: str | None = None
    manager_name: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class TeamAdded:
    team: Team


@dataclass(frozen=True, slots=True)
class TeamChanged:
    """What the team is from now on."""

    fields: TeamFields


TeamEvent = TeamAdded | TeamChanged


def apply(team: Team | None, event: TeamEvent) -> Team:
    """The team after the event, one version on. Raises ValueError where none has been added yet."""
    match event:
        case TeamAdded():
            return event.team
        case TeamChanged():
            if team is None:
                raise ValueError("TeamChanged of no team")
            return _with(replace(team, version=team.version + 1), event.fields)
        case _:
            assert_never(event)


def add(id_: UUID, fields: TeamFields, namesake: Team | None) -> TeamAdded:
    """`namesake` is the team that has the name already. Raises NameIsTaken."""
    if namesake is not None:
        raise NameIsTaken("team", fields.name)
    return TeamAdded(_with(Team(id_, 1, fields.name), fields))


def change(team: Team, fields: TeamFields, namesake: Team | None) -> list[TeamChanged]:
    """Nothing, where it is the same already. `namesake` is the team that has the name already. Raises NameIsTaken."""
    if namesake is not None and namesake.id != team.id:
        raise NameIsTaken("team", fields.name)
    return [] if _with(team, fields) == team else [TeamChanged(fields)]


def _with(team: Team, fields: TeamFields) -> Team:
    return replace(
        team, name=fields.name, manager_email=fields.manager_email, manager_name=fields.manager_name, active=fields.active
    )
