"""Customers who have become otherwise, until their open tickets have followed; and organizations, as they were heard of last.

A customer's row is looked at at once and again some minutes later: a ticket may be opened meanwhile by a message that was
identified before the change. Then it goes.
"""

from typing import Final, NamedTuple
from uuid import UUID

import orjson
from pydantic import TypeAdapter
from sqlalchemy import text

from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.rows import Query, find_one
from deskstream_contracts.events.customers import OrganizationState
from ticket_svc.domain.requester import ChangedRequester
from ticket_svc.domain.ticket import Organization

CHANGED: Final = TypeAdapter(ChangedRequester)
_AGAIN: Final = "interval '5 minutes'"
_UNKNOWN: Final = "interval '5 seconds'"


class ChangedCustomer(NamedTuple):
    """A customer whose tickets are to follow, from the one behind `after_ticket` on. `content` is JSON."""

    id: UUID
    content: str
    after_ticket: UUID | None
    last_look: bool


class _Name(NamedTuple):
    id: UUID
    name: str
    custom_fields: str


_KEEP: Final = text("""INSERT INTO changed_customers AS c (id, version, content, due_at, last_look)
    VALUES (:id, :version, CAST(CAST(:content AS text) AS jsonb), now(), false) ON CONFLICT (id)
    DO UPDATE SET version = excluded.version, content = excluded.content, after_ticket = NULL, due_at = now(), last_look = false
    WHERE excluded.version > c.version""")
_NAME: Final = text("""INSERT INTO heard_organizations AS o (id, version, name, custom_fields)
    VALUES (:id, :version, :name, CAST(CAST(:custom_fields AS text) AS jsonb)) ON CONFLICT (id)
    DO UPDATE SET version = excluded.version, name = excluded.name, custom_fields = excluded.custom_fields
    WHERE excluded.version > o.version""")
_NEXT: Final = Query(
    text("""SELECT id, content::text AS content, after_ticket, last_look FROM changed_customers WHERE due_at <= now()
        ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED"""),
    ChangedCustomer,
)
_NAMES: Final = Query(
    text("SELECT id, name, custom_fields::text AS custom_fields FROM heard_organizations WHERE id = :id"),
    _Name,
)
_TICKETS: Final = text("""SELECT id FROM tickets
    WHERE CAST(state -> 'requester' ->> 'customer_id' AS uuid) = :customer AND state ->> 'status' <> 'closed'
    AND id > coalesce(CAST(:after AS uuid), '00000000-0000-0000-0000-000000000000') ORDER BY id LIMIT :n""")
_ON: Final = text("UPDATE changed_customers SET after_ticket = :after WHERE id = :id")
_LATER: Final = text(f"UPDATE changed_customers SET due_at = now() + {_UNKNOWN} WHERE id = :id")
_LOOK_AGAIN: Final = text(f"""UPDATE changed_customers SET due_at = now() + {_AGAIN}, after_ticket = NULL, last_look = true
    WHERE id = :id""")
_FORGET: Final = text("DELETE FROM changed_customers WHERE id = :id")


class HeardCustomers:
    """The part of a unit that keeps what was heard; the newest version of each counts, in whatever order they come."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._customers: list[dict[str, object]] = []
        self._organizations: list[OrganizationState] = []

    def keep_customer(self, changed: ChangedRequester) -> None:
        """What their open tickets are to say of a customer."""
        who = changed.requester
        content = CHANGED.dump_json(changed).decode()
        self._customers.append({"id": who.customer_id, "version": who.customer_version, "content": content})

    def keep_organization(self, state: OrganizationState) -> None:
        """What is said of it to whoever joins it from now on."""
        self._organizations.append(state)

    async def load(self) -> None:
        return

    async def flush(self) -> None:
        customers, self._customers = self._customers, []
        for values in customers:
            await self._connection.execute(_KEEP, values)
        organizations, self._organizations = self._organizations, []
        for state in organizations:
            fields = orjson.dumps(state.custom_fields).decode()
            values = {"id": state.id, "version": state.version, "name": state.name, "custom_fields": fields}
            await self._connection.execute(_NAME, values)


async def claim(connection: Connection) -> ChangedCustomer | None:
    """A customer whose tickets are to follow now, locked; None where there is none, or others have them."""
    return await find_one(connection, _NEXT)


async def organization(connection: Connection, id_: UUID) -> Organization | None:
    """As it was heard of last; None where it was not yet."""
    found = await find_one(connection, _NAMES, {"id": id_})
    return Organization(found.id, found.name, orjson.loads(found.custom_fields)) if found else None


async def open_tickets(connection: Connection, customer: ChangedCustomer, limit: int) -> list[UUID]:
    """The next tickets of theirs that are not closed, in the order of their ids."""
    rows = await connection.execute(_TICKETS, {"customer": customer.id, "after": customer.after_ticket, "n": limit})
    return list(rows.scalars())


async def later(connection: Connection, customer: ChangedCustomer) -> None:
    """Their organization is not known yet: in some seconds."""
    await connection.execute(_LATER, {"id": customer.id})


async def on_from(connection: Connection, customer: ChangedCustomer, ticket: UUID | None) -> None:
    """The tickets up to this one have followed; None: all that there are."""
    if ticket is not None:
        await connection.execute(_ON, {"id": customer.id, "after": ticket})
    else:
        await connection.execute(_FORGET if customer.last_look else _LOOK_AGAIN, {"id": customer.id})
