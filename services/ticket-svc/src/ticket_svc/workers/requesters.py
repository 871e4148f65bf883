"""Lets the open tickets of customers who have become otherwise follow them, some at a time."""

import asyncio
from dataclasses import replace
from typing import Final

from deskstream_chassis.run.failpoints import failpoint
from deskstream_chassis.run.waiting import pause
from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.patience import may_pass, patiently_until
from ticket_svc.handlers.update_requesters import UpdateRequesters
from ticket_svc.persistence import changed_customers
from ticket_svc.persistence.changed_customers import CHANGED, ChangedCustomer
from ticket_svc.workers.carrying_out import CarriesOut

_EVERY_SECONDS: Final = 2.0
_AT_ONCE: Final = 50


class RequestersFollow(CarriesOut):
    """Any number may run: each takes a customer that no other has. The database's clock decides when."""

    name = "requesters"

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            found = await patiently_until(stop, "let tickets follow their customers", self.turn, may_pass)
            await pause(stop, 0.0 if found else _EVERY_SECONDS)

    async def turn(self) -> bool:
        """Some tickets of one customer, each once, in one transaction. False where nobody is to be followed."""
        async with self.engine.begin() as connection:
            customer = await changed_customers.claim(connection)
            if customer is None:
                return False
            await self._follow(connection, customer)
        await failpoint("ticket.requesters_followed")
        self.after_commit()
        return True

    async def _follow(self, connection: Connection, customer: ChangedCustomer) -> None:
        changed = CHANGED.validate_json(customer.content)
        requester, id_ = changed.requester, changed.organization_id
        if id_ is not None:
            organization = await changed_customers.organization(connection, id_)
            if organization is None:
                await changed_customers.later(connection, customer)
                return
            requester = replace(requester, organization=organization)
        tickets = await changed_customers.open_tickets(connection, customer, _AT_ONCE)
        if tickets:
            use_case = UpdateRequesters(tickets, requester, changed.by)
            await self.carry_out(connection, self.clock.now(), use_case, "follow a customer")
        await changed_customers.on_from(connection, customer, tickets[-1] if len(tickets) == _AT_ONCE else None)
