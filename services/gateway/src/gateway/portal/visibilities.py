"""What a customer sees: resolved from the read model, and remembered for a few seconds."""

import time
from collections import OrderedDict
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Request

from deskstream_chassis.refusals import Forbidden
from deskstream_chassis.store.database import Transactions
from deskstream_chassis.web.subjects import Customer
from deskstream_contracts.visibility import Visibility
from gateway.api.accounts import session_of
from gateway.persistence import queries

_REMEMBERED_SECONDS: Final = 5.0
_MOST: Final = 10_000


class Visibilities:
    """A right that is taken away bites within ten seconds: five here, and those that the read model may trail its topics."""

    def __init__(self, database: Transactions) -> None:
        self._database = database
        self._known: OrderedDict[UUID, tuple[float, Visibility | None]] = OrderedDict()

    async def of(self, customer_id: UUID) -> Visibility | None:
        """None for somebody who is no customer."""
        known = self._known.get(customer_id)
        if known is not None and time.monotonic() - known[0] < _REMEMBERED_SECONDS:
            return known[1]
        async with self._database.connect() as connection:
            shared = await queries.shared_organizations(connection, customer_id)
        found = None
        if shared is not None:
            found = Visibility(customer_ids=frozenset({customer_id}), organization_ids=frozenset(shared))
        self._known[customer_id] = (time.monotonic(), found)
        self._known.move_to_end(customer_id)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return found


async def customer_of(request: Request) -> Customer:
    """Who asks, with what they see. Raises Unauthenticated, or Forbidden for somebody who is no customer (any more)."""
    subject = session_of(request).subject
    if not isinstance(subject, Customer):
        raise Forbidden("This is for customers.")
    visibilities: Visibilities = request.app.state.visibilities
    visibility = await visibilities.of(UUID(subject.id))
    if visibility is None:
        raise Forbidden("This customer is not known here.")
    return Customer(subject.id, subject.name, visibility)


SignedIn = Annotated[Customer, Depends(customer_of)]
