"""The part of a unit that puts older rules back: a version of the configuration, as it was."""

from sqlalchemy import text

from deskstream_chassis.store.database import Connection
from routing_svc.domain.rules import Rule
from routing_svc.persistence.configuration_cache import RULES

_RULES = text("SELECT version, rules::text AS rules FROM configurations WHERE version = ANY(CAST(:versions AS integer[]))")


class OldRules:
    """A version never changes, so that nothing is locked."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._needed: set[int] = set()
        self._loaded: dict[int, tuple[Rule, ...]] = {}

    def need(self, version: int) -> None:
        """Says that the rules of this version are needed."""
        self._needed.add(version)

    async def load(self) -> None:
        needed, self._needed = self._needed, set()
        if needed:
            for version, rules in await self._connection.execute(_RULES, {"versions": sorted(needed)}):
                self._loaded[version] = RULES.validate_json(rules)

    def of(self, version: int) -> tuple[Rule, ...] | None:
        """The rules of a version that was needed; None where there is no such version."""
        return self._loaded.get(version)

    async def flush(self) -> None:
        return
