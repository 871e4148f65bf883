"""What this process has read and kept: compiled rules and the workforce, each by its version, read again when that moves."""

from dataclasses import dataclass, field
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import text

from deskstream_chassis.store.database import Connection
from deskstream_chassis.watch.logs import logger
from deskstream_contracts.events.settings import FieldDefinitions
from routing_svc.domain.agent import Agent
from routing_svc.domain.conditions import Expressions
from routing_svc.domain.fields import ROOTS, Defined
from routing_svc.domain.rules import Configuration, Rule, compiled, warnings
from routing_svc.domain.team import Team
from routing_svc.domain.ticket import RoutedTicket
from routing_svc.domain.workforce import Workforce
from routing_svc.metrics import INEFFECTIVE_RULES

_log = logger(__name__)
RULES: Final = TypeAdapter(tuple[Rule, ...])
TEAM: Final = TypeAdapter(Team)
AGENT: Final = TypeAdapter(Agent)
TICKET: Final = TypeAdapter(RoutedTicket)
_KEPT = 4

_RULES = text("SELECT rules::text FROM configurations WHERE version = :version")
_TEAMS = text("SELECT state::text FROM teams")
_AGENTS = text("SELECT state::text FROM agents")
_FIELDS = text("SELECT document, content::text FROM field_definitions")


@dataclass(slots=True)
class ConfigurationCache:
    """Shared by all units of a process; holds nothing that is not in the database."""

    expressions: Expressions
    _configurations: dict[int, Configuration] = field(default_factory=dict)
    _workforce: tuple[int, Workforce] = (-1, Workforce())
    _fields: tuple[int, Defined, Expressions] | None = None
    _looked_at: tuple[Configuration, Workforce] | None = None
    _warned: list[str] = field(default_factory=list)

    async def configuration(self, connection: Connection, version: int) -> Configuration:
        """The rules of a version, compiled. Raises LookupError where there is no such version."""
        found = self._configurations.get(version)
        if found is None:
            rules = (await connection.execute(_RULES, {"version": version})).scalar_one()
            found = compiled(version, RULES.validate_json(rules), self.expressions)
            while len(self._configurations) >= _KEPT:
                self._configurations.pop(next(iter(self._configurations)))
            self._configurations[version] = found
        return found

    async def workforce(self, connection: Connection, version: int) -> Workforce:
        """Everybody, as of this version of the workforce or a later one."""
        if self._workforce[0] != version:
            # What was committed meanwhile may be in it already; then the version moves again and it is read again.
            self._workforce = (version, await read_workforce(connection))
        return self._workforce[1]

    async def fields(self, connection: Connection, version: int) -> tuple[Defined, Expressions]:
        """Which custom fields are defined, as of this sum of the versions of their documents or a later one; and the language, in
        which they are of their kinds."""
        if self._fields is None or self._fields[0] != version:
            defined = await read_fields(connection)
            self._fields = (version, defined, self.expressions.typed_by(defined))
        return self._fields[1], self._fields[2]

    def warn(self, configuration: Configuration, workforce: Workforce) -> None:
        """Tells metrics and log of rules in force that do not do what they say; the log once."""
        if self._looked_at is not None and self._looked_at[0] is configuration and self._looked_at[1] is workforce:
            return
        self._looked_at = (configuration, workforce)
        found = warnings(configuration, workforce)
        INEFFECTIVE_RULES.set(len(found))
        for sentence in found:
            if sentence not in self._warned:
                _log.error("a rule does not do what it says", version=configuration.version, rule=sentence)
        self._warned = found


async def read_fields(connection: Connection) -> Defined:
    """What in a rule's context has which custom fields, as they are heard of now."""
    rows = await connection.execute(_FIELDS)
    return {ROOTS[document]: FieldDefinitions.model_validate_json(content) for document, content in rows}


async def read_workforce(connection: Connection) -> Workforce:
    """Everybody, as they are in the database now."""
    teams = [TEAM.validate_json(state) for state in (await connection.execute(_TEAMS)).scalars()]
    agents = [AGENT.validate_json(state) for state in (await connection.execute(_AGENTS)).scalars()]
    return Workforce.of(teams, agents)
