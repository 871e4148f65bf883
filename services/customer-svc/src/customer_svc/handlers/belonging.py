"""What use cases share that put customers into organizations, or find a customer."""

from uuid import UUID

from customer_svc.domain.customer import Customer
from customer_svc.domain.customers import CustomerFields
from customer_svc.domain.refusals import NoSuchCustomer, NoSuchOrganization
from customer_svc.persistence.unit import CustomerUnit


def existing(unit: CustomerUnit, id_: UUID) -> Customer:
    """Raises NoSuchCustomer."""
    customer = unit.customers.get(id_)
    if customer is None:
        raise NoSuchCustomer(id_)
    return customer


def check_organizations(unit: CustomerUnit, fields: CustomerFields) -> None:
    """Raises NoSuchOrganization, which points to the one that does not exist."""
    for index, id_ in enumerate(fields.get("organization_ids", ())):
        if unit.organizations.get(id_) is None:
            raise NoSuchOrganization(id_, pointer=f"#/organization_ids/{index}")
