"""The part of a unit that gives tickets away: the turns, locked; loads, rules and workforce, read behind that lock."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import text

from deskstream_chassis.store.database import Connection, insert_rows
from routing_svc.domain.fields import Defined
from routing_svc.domain.roster import Roster
from routing_svc.domain.rules import Configuration
from routing_svc.domain.workforce import Workforce
from routing_svc.persistence.configuration_cache import ConfigurationCache
from routing_svc.persistence.tables import configurations

_TURNS = "SELECT team_id, turns::text FROM rotations ORDER BY team_id"
_VERSIONS_IN_FORCE = """SELECT configuration_version, workforce_version,
    (SELECT coalesce(sum(version), 0) FROM field_definitions),
    (SELECT coalesce(json_object_agg(agent_id, open_tickets), '{}') FROM agent_loads WHERE open_tickets <> 0)::text
    FROM current_versions"""
_LOCK_TURNS, _READ_TURNS = text(_TURNS + " FOR UPDATE"), text(_TURNS)
_LOCK_VERSIONS_IN_FORCE, _READ_VERSIONS_IN_FORCE = (
    text(_VERSIONS_IN_FORCE + " FOR UPDATE OF current_versions"),
    text(_VERSIONS_IN_FORCE),
)
# Loads in the order of ids, so that two workers cannot wait for each other.
_SAVE = text("""
    WITH turned AS (
        UPDATE rotations AS r SET turns = d.turns::jsonb
        FROM unnest(CAST(:team_ids AS uuid[]), CAST(:turns AS text[])) AS d(team_id, turns) WHERE r.team_id = d.team_id
    )
    INSERT INTO agent_loads (agent_id, open_tickets)
    SELECT * FROM unnest(CAST(:agent_ids AS uuid[]), CAST(:changes AS integer[]))
    ON CONFLICT (agent_id) DO UPDATE SET open_tickets = agent_loads.open_tickets + excluded.open_tickets""")
_WORKFORCE_MOVED = text("UPDATE current_versions SET workforce_version = workforce_version + 1")
_CONFIGURED = text("UPDATE current_versions SET configuration_version = :version")


class Staffing:
    """After `load`, where it was needed, there are `roster`, `configuration`, and `expressions`, which know the fields `defined`.

    The turns are locked first: so all that is read after them is as the last one who gave tickets away has left it.
    """

    roster: Roster
    configuration: Configuration

    def __init__(self, connection: Connection, cache: ConfigurationCache) -> None:
        self._connection = connection
        self._cache = cache
        self._needed = False
        self._for_configuring = False
        self._for_looking = False
        self._moves: dict[UUID, int] = {}
        self._workforce_changed = False
        self._new_configuration: dict[str, Any] | None = None
        self.roster = Roster(Workforce(), {}, {})
        self.configuration = Configuration(0)
        self.defined: Defined = {}
        self.expressions = cache.expressions

    def need(self, *, for_configuring: bool = False, for_looking: bool = False) -> None:
        """For giving tickets away; `for_configuring` leaves the turns alone and locks the configuration instead; `for_looking`
        locks nothing.
        """
        self._needed = True
        self._for_configuring = for_configuring
        self._for_looking = for_looking

    async def load(self) -> None:
        if self._needed:
            self._needed = False
            await self.read(lock=not (self._for_configuring or self._for_looking))

    async def read(self, *, lock: bool) -> None:
        """Without `lock` the turns are only looked at."""
        rows = await self._connection.execute(_LOCK_TURNS if lock else _READ_TURNS)
        turns = {team_id: {UUID(a): int(n) for a, n in json.loads(of).items()} for team_id, of in rows}
        current_versions = _LOCK_VERSIONS_IN_FORCE if self._for_configuring else _READ_VERSIONS_IN_FORCE
        version, workforce_version, fields_version, loads = (await self._connection.execute(current_versions)).one()
        self.configuration = await self._cache.configuration(self._connection, version)
        workforce = await self._cache.workforce(self._connection, workforce_version)
        self.defined, self.expressions = await self._cache.fields(self._connection, fields_version)
        self._cache.warn(self.configuration, workforce)
        self.roster = Roster(workforce, {UUID(a): n for a, n in json.loads(loads).items()}, turns)

    def moved(self, before: UUID | None, after: UUID | None) -> None:
        """An open ticket went from one agent to another; None is nobody."""
        if before == after:
            return
        self.roster.moved(before, after)
        for agent, change in ((before, -1), (after, 1)):
            if agent is not None:
                self._moves[agent] = self._moves.get(agent, 0) + change

    def workforce_changed(self) -> None:
        """Teams or agents are changed by this transaction: the others are to read them again after it."""
        self._workforce_changed = True

    def configure(self, **row: Any) -> None:
        """A new row of `configurations`, which is in force from this transaction on."""
        self._new_configuration = row

    async def flush(self) -> None:
        moves = sorted((agent, change) for agent, change in self._moves.items() if change)
        turned = sorted(self.roster.turned)
        if moves or turned:
            saved = {
                "team_ids": turned,
                "turns": [json.dumps({str(a): n for a, n in self.roster.turns_of(team).items()}) for team in turned],
                "agent_ids": [agent for agent, _ in moves],
                "changes": [change for _, change in moves],
            }
            await self._connection.execute(_SAVE, saved)
        self._moves.clear()
        self.roster.turned.clear()
        if self._new_configuration is not None:
            row, self._new_configuration = self._new_configuration, None
            await insert_rows(self._connection, configurations, [row])
            await self._connection.execute(_CONFIGURED, {"version": row["version"]})
        if self._workforce_changed:
            self._workforce_changed = False
            await self._connection.execute(_WORKFORCE_MOVED)


async def staffing_now(connection: Connection, cache: ConfigurationCache) -> Staffing:
    """Who is there and which rules are in force, for looking only."""
    staffing = Staffing(connection, cache)
    await staffing.read(lock=False)
    return staffing
