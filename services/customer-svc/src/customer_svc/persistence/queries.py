"""Reads that no aggregate is needed for."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from customer_svc.domain.customer import Customer
from customer_svc.domain.organization import Organization
from customer_svc.persistence.unit import CUSTOMER, ORGANIZATION
from deskstream_chassis.store.database import Connection
from deskstream_contracts.domains import BELOW

_AFTER = "id > coalesce(CAST(:after AS uuid), '00000000-0000-0000-0000-000000000000')"
_CUSTOMERS = text(f"""SELECT state::text FROM customers WHERE {_AFTER}
                      AND (CAST(:email AS text) IS NULL OR email = lower(:email)) ORDER BY id LIMIT :n""")
_ORGANIZATIONS = text(f"SELECT state::text FROM organizations WHERE {_AFTER} ORDER BY id LIMIT :n")

_OF = "domain = ANY(CAST(:domains AS text[]))"
_BELOW = "domain LIKE ANY(CAST(:below AS text[]))"  # reads all: only asked where a domain stands for those below it
_NOWHERE = "state -> 'organization_ids' = '[]'"


async def customers(connection: Connection, email: str | None, after: UUID | None, limit: int) -> list[Customer]:
    """Customers in the order of their ids, those after `after`."""
    rows = await connection.execute(_CUSTOMERS, {"email": email, "after": after, "n": limit})
    return [CUSTOMER.validate_json(row) for row in rows.scalars()]


async def customer(connection: Connection, id_: UUID) -> Customer | None:
    """None where there is nobody of this id."""
    found = (await connection.execute(text("SELECT state::text FROM customers WHERE id = :id"), {"id": id_})).scalar_one_or_none()
    return None if found is None else CUSTOMER.validate_json(found)


async def organizations(connection: Connection, after: UUID | None, limit: int) -> list[Organization]:
    """Organizations in the order of their ids, those after `after`."""
    rows = await connection.execute(_ORGANIZATIONS, {"after": after, "n": limit})
    return [ORGANIZATION.validate_json(row) for row in rows.scalars()]


async def organization(connection: Connection, id_: UUID) -> Organization | None:
    """None where there is none of this id."""
    found = (
        await connection.execute(text("SELECT state::text FROM organizations WHERE id = :id"), {"id": id_})
    ).scalar_one_or_none()
    return None if found is None else ORGANIZATION.validate_json(found)


async def without_organization_count(connection: Connection, domains: Sequence[str]) -> int:
    """How many people of these domains belong to no organization."""
    of, values = _of(domains)
    return int((await connection.execute(text(f"SELECT count(*) FROM customers WHERE {of} AND {_NOWHERE}"), values)).scalar_one())


async def without_organization(connection: Connection, domains: Sequence[str], after: UUID | None, limit: int) -> list[UUID]:
    """The ids of people of these domains who belong to no organization, in order, those after `after`."""
    of, values = _of(domains)
    statement = f"SELECT id FROM customers WHERE {of} AND {_NOWHERE} AND {_AFTER} ORDER BY id LIMIT :n"
    return list((await connection.execute(text(statement), {**values, "after": after, "n": limit})).scalars())


def _of(domains: Sequence[str]) -> tuple[str, dict[str, object]]:
    """The condition for people of these domains, and its parameters. No sign of LIKE stands in a domain."""
    below = [f"%.{domain.removeprefix(BELOW)}" for domain in domains if domain.startswith(BELOW)]
    if not below:
        return _OF, {"domains": list(domains)}
    return f"({_OF} OR {_BELOW})", {"domains": list(domains), "below": below}
