"""Reads that no aggregate is needed for."""

from uuid import UUID

from sqlalchemy import text

from customer_svc.domain.customer import Customer
from customer_svc.domain.organization import Organization
from customer_svc.persistence.unit import CUSTOMER, ORGANIZATION
from deskstream_chassis.database import Connection

_AFTER = "id > coalesce(CAST(:after AS uuid), '00000000-0000-0000-0000-000000000000')"
_CUSTOMERS = text(f"""SELECT state::text FROM customers WHERE {_AFTER}
                      AND (CAST(:email AS text) IS NULL OR email = lower(:email)) ORDER BY id LIMIT :n""")
_ORGANIZATIONS = text(f"SELECT state::text FROM organizations WHERE {_AFTER} ORDER BY id LIMIT :n")


async def customers(connection: Connection, email: str | None, after: UUID | None, limit: int) -> list[Customer]:
    """Customers in the order of their ids, those after `after`."""
    rows = await connection.execute(_CUSTOMERS, {"email": email, "after": after, "n": limit})
    return [CUSTOMER.validate_json(row) for row in rows.scalars()]


async def customer(connection: Connection, id_: UUID) -> Customer | None:
    found = (await connection.execute(text("SELECT state::text FROM customers WHERE id = :id"), {"id": id_})).scalar_one_or_none()
    return None if found is None else CUSTOMER.validate_json(found)


async def organizations(connection: Connection, after: UUID | None, limit: int) -> list[Organization]:
    rows = await connection.execute(_ORGANIZATIONS, {"after": after, "n": limit})
    return [ORGANIZATION.validate_json(row) for row in rows.scalars()]


async def organization(connection: Connection, id_: UUID) -> Organization | None:
    found = (
        await connection.execute(text("SELECT state::text FROM organizations WHERE id = :id"), {"id": id_})
    ).scalar_one_or_none()
    return None if found is None else ORGANIZATION.validate_json(found)
