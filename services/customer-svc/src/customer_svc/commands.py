"""All that may be asked of customer-svc, by whom, and what it does."""

from typing import Final

from customer_svc.api import customers, organizations
from customer_svc.messaging.published import customer_state
from deskstream_chassis.web.commands import Command, CommandTable
from deskstream_chassis.web.subjects import AGENTS, LEADS

COMMANDS: Final[CommandTable] = {
    "POST /customers": Command(customers.add, AGENTS, customer_state, status=201),
    "PATCH /customers/{id_}": Command(customers.change, AGENTS, customer_state),
    "POST /customers/{id_}/deactivate": Command(customers.deactivate, AGENTS, customer_state),
    "POST /customers/{id_}/reactivate": Command(customers.reactivate, AGENTS, customer_state),
    "POST /organizations": Command(organizations.add, LEADS, organizations.answer, status=201),
    "PATCH /organizations/{id_}": Command(organizations.change, LEADS, organizations.answer),
}
