"""Filters → SQL. Words of a closed list stand in the statement (so that partial indexes are found); all else is a parameter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import orjson

from deskstream_chassis.digits import whole_number
from deskstream_contracts.wire import ACTIVE_STATUSES
from gateway.domain.fields import FieldFilter
from gateway.domain.filters import CustomerFilters, Filters, OrganizationFilters, TicketFilters
from gateway.domain.views import CUSTOMERS, ORGANIZATIONS, TICKETS, By, View


@dataclass(frozen=True, slots=True)
class Sort:
    """Keyset order: all keys in one direction, the last one unique. A key is an expression and the type of its values."""

    keys: tuple[tuple[str, str], ...]
    descending: bool = False

    def order(self) -> str:
        """What stands behind ORDER BY."""
        return ", ".join(f"{expression} {'DESC' if self.descending else 'ASC'}" for expression, _ in self.keys)

    def columns(self) -> str:
        """The keys of a row as texts, exactly, for its cursor."""
        return f"ARRAY[{', '.join(f'CAST({expression} AS text)' for expression, _ in self.keys)}] AS keys"

    def after(self) -> str:
        """The condition for what follows the row with the parameters key_0, key_1, …"""
        left = ", ".join(expression for expression, _ in self.keys)
        right = ", ".join(f"CAST(CAST(:key_{i} AS text) AS {kind})" for i, (_, kind) in enumerate(self.keys))
        return f"({left}) {'<' if self.descending else '>'} ({right})"


TICKET_SORTS: Final = {
    "newest": Sort((("t.opened_at", "timestamptz"), ("t.id", "uuid")), descending=True),
    "updated": Sort((("t.updated_at", "timestamptz"), ("t.id", "uuid")), descending=True),
    "due": Sort((("coalesce(t.due_at, 'infinity')", "timestamptz"), ("t.id", "uuid"))),
    "priority": Sort((("t.priority_rank", "smallint"), ("t.opened_at", "timestamptz"), ("t.id", "uuid"))),
}
CUSTOMER_SORT: Final = Sort((("t.email", "text"), ("t.id", "uuid")))
ORGANIZATION_SORT: Final = Sort((("t.name", "text"), ("t.id", "uuid")))


def _words(words: Sequence[str]) -> str:
    # The words come from a Literal, checked by pydantic: nothing of a request's own text gets here.
    return ", ".join(f"'{word}'" for word in words)


ACTIVE: Final = f"t.status IN ({_words(ACTIVE_STATUSES)})"
NOT_ARCHIVED: Final = "t.archived_at IS NULL"
# The index of texts is of three characters in a row: less of them is looked for where that is not needed.
_TRIGRAM: Final = 3


@dataclass(slots=True)
class Conditions:
    """Conditions that hold together, and their parameters."""

    parts: list[str] = field(default_factory=list)
    values: dict[str, object] = field(default_factory=dict)

    def add(self, part: str, **values: object) -> None:
        """`part` is SQL, never of what somebody has typed; that comes in by `values`, its parameters."""
        self.parts.append(part)
        self.values.update(values)

    def sql(self) -> str:
        """All of them joined by AND; `true` for none."""
        return " AND ".join(f"({part})" for part in self.parts) or "true"


def contains(text: str) -> str:
    """A LIKE pattern for what has `text` in it, with LIKE's own signs taken literally."""
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


Named = Mapping[str, Sequence[UUID]]
"""Filter → the ids that its name leads to; a filter that is an id is not in it."""

NAMES: Final = {
    "team": "SELECT id FROM views.teams WHERE lower(name) = lower(CAST(:name AS text))",
    "agent": "SELECT id FROM views.agents WHERE lower(CAST(:name AS text)) IN (lower(name), lower(email))",
    "customer": "SELECT id FROM views.customers WHERE email = lower(CAST(:name AS text))",
    "organization": "SELECT id FROM views.organizations WHERE lower(name) = lower(CAST(:name AS text))",
}
"""How a filter by name is looked up. Beforehand, so that the list itself goes by an id, and so by an index that is in its order."""


def names(filters: TicketFilters) -> dict[str, str]:
    """Filter → name, of those that are no ids."""
    given = {name: getattr(filters, name) for name in NAMES}
    return {name: value for name, value in given.items() if value is not None and as_uuid(value) is None}


def ticket_conditions(filters: TicketFilters, named: Named, fields: Sequence[FieldFilter] = ()) -> Conditions:
    """On tickets as `t`; who sees which is not in it. `named`: what the `names` of the filters lead to; `fields`: what they ask of
    custom fields."""
    found = conditions(TICKETS, filters, fields)
    _people(found, filters, named)
    _archived(found, filters)
    if filters.due_before:
        found.add("coalesce(t.due_at, 'infinity') < :due_before", due_before=filters.due_before)
    if filters.q:
        _search(found, filters.q)
    return found


_BY: Final[Mapping[By, str]] = {
    "equals": "t.{column} = :{name}",
    "folded": "t.{column} = lower(CAST(:{name} AS text))",
    "has": "t.{column} @> to_jsonb(CAST(:{name} AS text))",
}


def conditions(view: View, filters: Filters, fields: Sequence[FieldFilter] = ()) -> Conditions:
    """What the view's columns say of these filters, and what is asked of custom fields, on the view as `t`."""
    found = Conditions()
    for column in (*view.columns, *view.beside):
        asked = getattr(filters, column.parameter) if column.by else None
        if asked is None or asked == []:
            continue
        if column.by == "flag":
            found.add(f"t.{column.name}" if asked else f"NOT t.{column.name}")
        elif column.by == "any":
            found.add(f"t.{column.name} IN ({_words(asked)})")
        elif column.by:
            for index, one in enumerate(asked if isinstance(asked, list) else [asked]):
                name = f"{column.parameter}_{index}"
                found.add(_BY[column.by].format(column=column.name, name=name), **{name: str(one)})
    for index, field_ in enumerate(fields):
        _field(found, view, field_, index)
    return found


def _archived(found: Conditions, filters: TicketFilters) -> None:
    if filters.archived is not None:
        found.add("t.archived_at IS NOT NULL" if filters.archived else NOT_ARCHIVED)
    elif not filters.q and (not filters.status or "closed" in filters.status):
        found.add(NOT_ARCHIVED)


_OPERATORS: Final = {"gte": ">=", "gt": ">", "lte": "<=", "lt": "<"}
_NUMBER: Final = "^-?[0-9]{1,15}([.][0-9]{1,15})?$"
_DATE: Final = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def _field(found: Conditions, view: View, asked: FieldFilter, index: int) -> None:
    key, value = f"field_{index}", f"field_{index}_value"
    if asked.compares is None:
        found.add(f"t.fields @> CAST(CAST(:{value} AS text) AS jsonb)", **{value: orjson.dumps({asked.key: asked.has}).decode()})
        return
    # Looked for beforehand, so that only what has the field at all is walked over, in whatever order the list is; how
    # many of them compare so, PostgreSQL cannot know. What is no value of the kind compares with nothing.
    text, operator = f"(f.fields ->> CAST(:{key} AS text))", _OPERATORS[asked.compares]
    if asked.kind == "number":
        compared = (
            f"CASE WHEN {text} ~ '{_NUMBER}' THEN CAST({text} AS numeric) {operator} CAST(CAST(:{value} AS text) AS numeric) END"
        )
    else:
        compared = f"""{text} ~ '{_DATE}' AND {text} COLLATE "C" {operator} CAST(:{value} AS text)"""
    having = f"SELECT f.id FROM views.{view.name} f WHERE f.fields ? CAST(:{key} AS text) AND {compared}"
    found.add(f"t.id = ANY(ARRAY({having}))", **{key: asked.key, value: asked.with_text})


def _people(found: Conditions, filters: TicketFilters, named: Named) -> None:
    if filters.unassigned is not None:
        found.add("t.agent_id IS NULL" if filters.unassigned else "t.agent_id IS NOT NULL")
    for name in NAMES:
        value = getattr(filters, name)
        if value is None:
            continue
        id_ = as_uuid(value)
        ids = [id_] if id_ else list(named[name])
        if len(ids) == 1:
            found.add(f"t.{name}_id = :{name}", **{name: ids[0]})
        else:
            found.add(f"t.{name}_id = ANY(CAST(:{name} AS uuid[]))", **{name: ids})


def _search(found: Conditions, q: str) -> None:
    # The gateway's own numbers end below 10^15; a longer one is only text.
    number = whole_number(q.removeprefix("#"), 15)
    if len(q) < _TRIGRAM and number is None:
        # Of an expression that the index of texts does not know: it would be read from end to end.
        found.add(f"{ACTIVE} AND (t.subject || ' ' || t.requester_email) ILIKE :q", q=contains(q))
        return
    if number is not None:
        found.add("t.number = :q_number OR t.subject ILIKE :q OR t.requester_email ILIKE :q", q_number=number, q=contains(q))
    else:
        found.add("t.subject ILIKE :q OR t.requester_email ILIKE :q", q=contains(q))


def customer_conditions(filters: CustomerFilters, fields: Sequence[FieldFilter] = ()) -> Conditions:
    """On customers as `t`; a part of the name is found in any case."""
    found = conditions(CUSTOMERS, filters, fields)
    if filters.q:
        found.add("t.email ILIKE :q OR t.name ILIKE :q OR t.company ILIKE :q", q=contains(filters.q))
    return found


def organization_conditions(filters: OrganizationFilters, fields: Sequence[FieldFilter] = ()) -> Conditions:
    """On organizations as `t`; a part of name or domain is found in any case."""
    found = conditions(ORGANIZATIONS, filters, fields)
    if filters.q:
        found.add("t.name ILIKE :q OR CAST(t.domains AS text) ILIKE :q", q=contains(filters.q))
    return found


def as_uuid(text: str) -> UUID | None:
    """Only the usual form: anything else is a name."""
    try:
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None
