"""The documents of settings that ticket-svc keeps: what is put of what is wanted, and what would come of it."""

from functools import partial
from typing import Any, Final, get_args

from deskstream_chassis.documents.putting import Consequence, KeptDocument
from deskstream_chassis.documents.retired import retired
from deskstream_chassis.fields import settled
from deskstream_chassis.store.database import Connection
from deskstream_contracts.documents import CLOSING, TICKET_FIELDS, TICKET_TYPES
from deskstream_contracts.events.settings import Closing, RequiredWhere, TicketFieldDefinitions, TicketTypes
from deskstream_contracts.visibility import Visibility
from ticket_svc.persistence import queries


def settled_types(before: TicketTypes, wanted: TicketTypes) -> TicketTypes:
    """What is left out is retired, and stays where tickets have it: a type is never gone."""
    taken = {word.casefold() for type_ in wanted.types for word in (type_.key, *type_.aliases)}
    left_out = [
        type_.model_copy(update={"aliases": [alias for alias in type_.aliases if alias.casefold() not in taken]})
        for type_ in retired(before.types, wanted.types, lambda type_: type_.key)
    ]
    return TicketTypes(types=[*wanted.types, *left_out])


async def consequences_of_types(connection: Connection, wanted: TicketTypes, visibility: Visibility) -> list[Consequence]:
    """How many tickets that are not done with have a retired type."""
    retired = [type_.key for type_ in wanted.types if not type_.active]
    count = await queries.count_of_types(connection, retired, visibility)
    return [Consequence(code="active_tickets_of_retired_types", count=count)]


async def consequences_of_closing(connection: Connection, wanted: Closing, visibility: Visibility) -> list[Consequence]:
    """How many tickets would be closed, and archived, at once."""
    close, archive = wanted.close_resolved_after_days, wanted.archive_closed_after_days
    closed = 0 if close is None else await queries.count_resolved_for(connection, close, visibility)
    archived = 0 if archive is None else await queries.count_closed_for(connection, archive, visibility)
    return [Consequence(code="tickets_closed_at_once", count=closed), Consequence(code="tickets_archived_at_once", count=archived)]


async def consequences_of_fields(
    connection: Connection, wanted: TicketFieldDefinitions, visibility: Visibility
) -> list[Consequence]:
    """How many tickets that are not done with lack a field without which they could not be resolved."""
    required = [field.key for field in wanted.fields if field.active and "resolve" in field.required]
    count = await queries.count_without_fields(connection, required, visibility) if required else 0
    return [Consequence(code="active_tickets_without_required_fields", count=count)]


DOCUMENTS: Final[tuple[KeptDocument[Any], ...]] = (
    KeptDocument(TICKET_TYPES, settled_types, consequences_of_types),
    KeptDocument(CLOSING, consequences=consequences_of_closing),
    KeptDocument(TICKET_FIELDS, partial(settled, places=get_args(RequiredWhere)), consequences_of_fields),
)
