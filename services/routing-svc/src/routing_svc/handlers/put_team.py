"""A team is put as a whole, by its name or its id; what is the same already changes nothing."""

from dataclasses import dataclass

from routing_svc.domain import team as teams
from routing_svc.domain.references import as_id
from routing_svc.domain.refusals import HasMoved, NoSuchTeam
from routing_svc.domain.team import Team, TeamFields
from routing_svc.persistence.unit import RoutingUnit


@dataclass(frozen=True, slots=True)
class TeamPut:
    """The team, and the rules that do not do what they say now: they may name it, and it is switched off or called otherwise."""

    team: Team
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class PutTeam:
    """`reference` is a name or an id; `name` renames."""

    reference: str
    name: str | None
    manager_email: str | None
    manager_name: str | None
    active: bool
    expected_version: int | None = None

    def needs(self, unit: RoutingUnit) -> None:
        unit.staffing.need(for_looking=True)
        unit.need_team(self.reference)
        if self.name:
            unit.need_team_named(self.name)

    def handle(self, unit: RoutingUnit) -> TeamPut:
        team = self._put(unit)
        return TeamPut(team, unit.rule_warnings(team))

    def _put(self, unit: RoutingUnit) -> Team:
        before = unit.referred_team(self.reference)
        if before is None and as_id(self.reference):
            raise NoSuchTeam(self.reference)
        version = before.version if before else None
        if self.expected_version not in (None, version):
            raise HasMoved("Team", self.reference, version)
        name = self.name or (before.name if before else self.reference)
        fields = TeamFields(name, self.manager_email, self.manager_name, self.active)
        namesake = unit.team_named(name)
        if before is None:
            return unit.add_team(teams.add(unit.new_id(), fields, namesake))
        return unit.change_team(before, teams.change(before, fields, namesake))
