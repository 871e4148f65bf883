"""A visibility as an SQL condition with parameters: the one place where the two meet.

A statement that reads what belongs to customers takes a `Condition` made here; the test kit holds every route to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from deskstream_contracts.visibility import Visibility

MARK: Final = "/* visible */"
"""Stands in every statement that goes by a visibility, so that the others can be found, by tests and in PostgreSQL's log."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns (or expressions) of a statement that say whose a row is; None where it has no such column.

    There is always one of the team: without it the tickets of closed teams could not be left out.
    """

    customer: str
    team: str
    organization: str | None = None
    project: str | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """`sql` is true for what is seen; `values` are its parameters. The text depends on the kind of visibility alone, not on ids."""

    sql: str
    values: Mapping[str, object] = field(default_factory=dict)


def condition(visibility: Visibility, columns: Columns) -> Condition:
    """What a statement adds to its WHERE. Ids are parameters, so that there are a handful of statements and not one a caller."""
    if visibility.everything:
        if not visibility.closed_team_ids:
            return Condition(f"{MARK} true")
        closed = {"visible_closed_teams": sorted(visibility.closed_team_ids)}
        return Condition(f"{MARK} ({columns.team} IS NULL OR {columns.team} <> ALL(CAST(:visible_closed_teams AS uuid[])))", closed)
    parts: list[str] = []
    values: dict[str, object] = {}
    for name, column, ids in (
        ("visible_customers", columns.customer, visibility.customer_ids),
        ("visible_organizations", columns.organization, visibility.organization_ids),
        ("visible_projects", columns.project, visibility.project_ids),
    ):
        if ids and column is not None:
            parts.append(f"{column} = ANY(CAST(:{name} AS uuid[]))")
            values[name] = sorted(ids)
    return Condition(f"{MARK} ({' OR '.join(parts)})" if parts else f"{MARK} false", values)
