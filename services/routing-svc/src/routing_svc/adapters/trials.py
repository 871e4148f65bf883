"""Trying rules in a process that can be killed: conditions that are only being written are evaluated nowhere else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter

from deskstream_chassis.run.limited_pool import LimitedPool, Limits
from deskstream_contracts.events.routing import RoutingDecidedV1
from routing_svc.adapters.expressions import CelExpressions
from routing_svc.domain.agent import Agent
from routing_svc.domain.decide import Case
from routing_svc.domain.fields import Defined
from routing_svc.domain.roster import Roster
from routing_svc.domain.rules import Rule
from routing_svc.domain.team import Team
from routing_svc.domain.trying import Difference, PastDecision, try_on_history, try_rules
from routing_svc.domain.workforce import Workforce
from routing_svc.messaging.published import decided

LIMITS: Final = Limits(seconds=2.0, memory_mb=512)
_FUNCTION: Final = f"{__name__}:answer"


@dataclass(frozen=True, slots=True)
class Staff:
    """The workforce with loads and turns, as it is handed over."""

    teams: tuple[Team, ...]
    agents: tuple[Agent, ...]
    loads: Mapping[UUID, int]
    turns: Mapping[UUID, Mapping[UUID, int]]

    @staticmethod
    def of(roster: Roster) -> "Staff":
        workforce = roster.workforce
        teams, agents = tuple(workforce.teams.values()), tuple(workforce.agents.values())
        loads = {agent.id: roster.load_of(agent.id) for agent in agents}
        return Staff(teams, agents, loads, {team.id: roster.turns_of(team.id) for team in teams})

    def roster(self) -> Roster:
        return Roster(Workforce.of(self.teams, self.agents), self.loads, self.turns)


@dataclass(frozen=True, slots=True)
class CaseTrial:
    """`case` decided by `rules`, at the moment `at`."""

    id: UUID
    at: datetime
    rules: tuple[Rule, ...]
    case: Case
    staff: Staff
    defined: Defined


@dataclass(frozen=True, slots=True)
class HistoryTrial:
    """`past` asked of `candidate` and of `current`."""

    candidate: tuple[Rule, ...]
    current: tuple[Rule, ...]
    past: tuple[PastDecision, ...]
    staff: Staff
    defined: Defined


_TRIAL: Final = TypeAdapter[CaseTrial | HistoryTrial](CaseTrial | HistoryTrial)
_DIFFERENCES: Final = TypeAdapter(list[Difference])


def answer(job: bytes) -> bytes:
    """Runs a trial; in the limited process. Raises BadRule, UnknownName."""
    trial = _TRIAL.validate_json(job)
    expressions = CelExpressions(trial.defined)
    if isinstance(trial, CaseTrial):
        decision = try_rules(trial.id, trial.rules, trial.case, trial.staff.roster(), expressions, trial.at)
        return decided(decision).model_dump_json().encode()
    workforce = trial.staff.roster().workforce
    return _DIFFERENCES.dump_json(try_on_history(trial.past, trial.candidate, trial.current, workforce, expressions))


class Trials:
    """Tries rules. Raises Invalid (BadRule and UnknownName arrive as that), OverLimit, and Unavailable where too many do."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.pool = LimitedPool(_FUNCTION, limits)

    async def case(
        self, id_: UUID, rules: Sequence[Rule], case: Case, roster: Roster, defined: Defined, at: datetime
    ) -> RoutingDecidedV1:
        """The decision that these rules would make."""
        job = CaseTrial(id_, at, tuple(rules), case, Staff.of(roster), defined)
        return RoutingDecidedV1.model_validate_json(await self.pool.call(_TRIAL.dump_json(job)))

    async def history(
        self, past: Sequence[PastDecision], candidate: Sequence[Rule], current: Sequence[Rule], roster: Roster, defined: Defined
    ) -> list[Difference]:
        """Where the candidate's rules ask for something else than those in force."""
        job = HistoryTrial(tuple(candidate), tuple(current), tuple(past), Staff.of(roster), defined)
        return _DIFFERENCES.validate_json(await self.pool.call(_TRIAL.dump_json(job)))
