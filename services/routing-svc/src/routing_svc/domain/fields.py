"""Custom fields as conditions see them: of their kinds, where they are defined; a text where they are not."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from deskstream_chassis.fields import value_of
from deskstream_contracts.documents import CUSTOMER_FIELDS, ORGANIZATION_FIELDS, TICKET_FIELDS
from deskstream_contracts.events.settings import FieldDefinition, FieldDefinitions

Defined = Mapping[str, FieldDefinitions]
"""What of a rule's context (ticket, requester, organization) has which custom fields."""

ROOTS: Final = {TICKET_FIELDS.name: "ticket", CUSTOMER_FIELDS.name: "requester", ORGANIZATION_FIELDS.name: "organization"}
"""Document of settings → what in a rule's context has the fields that it defines."""


class Fields:
    """Definitions, ready to be asked once a decision."""

    def __init__(self, defined: Defined) -> None:
        self._by_key = {root: {field.key: field for field in of.fields} for root, of in defined.items()}

    def are_defined(self, root: str) -> bool:
        """Whether anything is defined there at all."""
        return bool(self._by_key.get(root))

    def is_defined(self, root: str, key: str) -> bool:
        """Whether this field is; it may be retired."""
        return key in self._by_key.get(root, ())

    def typed(self, root: str, texts: Mapping[str, str]) -> dict[str, Any]:
        """Values by key: numbers, true or false, lists of ids, moments (a date begins at 00:00 UTC). What cannot be read as what it
        is defined to be is left out, as if it were not there."""
        by_key = self._by_key.get(root, {})
        read = ((key, _typed(by_key[key], text) if key in by_key else text) for key, text in texts.items())
        return {key: value for key, value in read if value is not None}


def _typed(field: FieldDefinition, text: str) -> object:
    value = value_of(field, text)
    if field.kind == "date" and isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value
