"""The part of a unit that holds the newest configuration, and those that the loaded clocks run by."""

from typing import Any

from sqlalchemy import text

from deskstream_chassis.store.aggregates import AggregateStore
from deskstream_chassis.store.database import Connection, insert_rows
from sla_svc.domain.policy import SlaConfiguration
from sla_svc.domain.ticket_sla import TicketSla
from sla_svc.persistence import tables
from sla_svc.persistence.configuration_cache import ConfigurationCache

_VERSION = text("SELECT max(version) FROM configurations")
_LOCK = text("LOCK TABLE configurations IN SHARE ROW EXCLUSIVE MODE")


class Configurations:
    """Stands behind the clocks in a unit, as it loads what they run by."""

    def __init__(self, connection: Connection, cache: ConfigurationCache, slas: AggregateStore[TicketSla]) -> None:
        self._connection = connection
        self._cache = cache
        self._slas = slas
        self._for_configuring = False
        self._needed: set[int] = set()
        self._new: dict[str, Any] | None = None
        self.version = 0

    def need_for_configuring(self) -> None:
        """Says that the newest configuration is to be replaced: nobody else may do so meanwhile."""
        self._for_configuring = True

    def need(self, version: int) -> None:
        """Says that this version is to be had by `of`, whether clocks run by it or not."""
        self._needed.add(version)

    async def load(self) -> None:
        if self._for_configuring:
            await self._connection.execute(_LOCK)
        self.version = (await self._connection.execute(_VERSION)).scalar_one()
        versions = {self.version, *self._needed}
        for sla in self._slas.all():
            versions.add(sla.configuration_version)
            versions.update(c.spans[-1].configuration_version for c in sla.clocks if c.spans)
        await self._cache.read(self._connection, versions)

    @property
    def current(self) -> SlaConfiguration:
        """The newest."""
        return self._cache.get(self.version)

    def of(self, version: int) -> SlaConfiguration:
        """A version that a loaded clock runs by."""
        return self._cache.get(version)

    def put_in_force(self, **row: Any) -> None:
        """A new row of `configurations`, which is the newest from this transaction on."""
        self._new = row

    async def flush(self) -> None:
        if self._new is not None:
            row, self._new = self._new, None
            await insert_rows(self._connection, tables.configurations, [row])
