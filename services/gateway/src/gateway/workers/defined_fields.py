"""Which custom fields are defined, read beside the work out of the read model: no request pays for it."""

from collections.abc import Sequence
from typing import Any, Final

from deskstream_chassis.documents.in_force import InForce
from deskstream_chassis.documents.versions import Version
from deskstream_chassis.store.database import Connection, Transactions
from deskstream_contracts.documents import CUSTOMER_FIELDS, ORGANIZATION_FIELDS, TICKET_FIELDS, Document
from gateway.persistence import queries

_DOCUMENTS: Final[tuple[Document[Any], ...]] = (TICKET_FIELDS, CUSTOMER_FIELDS, ORGANIZATION_FIELDS)


class DefinedFields(InForce):
    """Until a document was heard of, what it comes with is in force: no fields."""

    name = "defined fields"

    def __init__(self, database: Transactions) -> None:
        super().__init__(database, _DOCUMENTS)

    async def _newer(self, connection: Connection, known: Sequence[Version[Any]]) -> Sequence[Version[Any]]:
        by_name = {version.document.name: version for version in known}
        rows = [(by_name[row.document], row) for row in await queries.documents(connection, list(by_name))]
        return [
            Version(before.document, row.version, before.document.content.model_validate_json(row.content))
            for before, row in rows
            if row.version != before.version
        ]
