"""Whether a configuration can be taken, found out before the transaction that puts it in force, and not on the event loop."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis.run.limited_pool import LimitedPool, Limits
from sla_svc.adapters.checking import CANDIDATE, FUNCTION, LIMITS, Candidate
from sla_svc.domain.calendar import CalendarDefinition
from sla_svc.domain.policy import Policy, SlaConfiguration
from sla_svc.persistence import queries
from sla_svc.persistence.configuration_cache import ConfigurationCache


class ConfigurationChecks:
    """Each check returns the version that is in force, which the rest of the candidate was taken from.

    Raises Invalid (BadPolicy and BadCalendar arrive as that), OverLimit, and Unavailable where too many are checked.
    """

    def __init__(self, engine: AsyncEngine, cache: ConfigurationCache, limits: Limits = LIMITS) -> None:
        self._engine = engine
        self._cache = cache
        self.pool = LimitedPool(FUNCTION, limits)

    async def policies(self, put: Sequence[Policy], expected_version: int | None) -> int:
        """With the calendars in force."""
        current = await self._current()
        return await self._check(current, Candidate(tuple(put), current.definitions), expected_version)

    async def calendars(self, put: Sequence[CalendarDefinition], expected_version: int | None) -> int:
        """With the policies in force."""
        current = await self._current()
        return await self._check(current, Candidate(current.policies, tuple(put)), expected_version)

    async def _current(self) -> SlaConfiguration:
        async with self._engine.connect() as connection:
            return await queries.current(connection, self._cache)

    async def _check(self, current: SlaConfiguration, candidate: Candidate, expected_version: int | None) -> int:
        # With another version than is expected it is refused for that.
        if expected_version in (None, current.version):
            await self.pool.call(CANDIDATE.dump_json(candidate))
        return current.version
