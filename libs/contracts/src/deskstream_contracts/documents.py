"""Documents of settings: what people change, each with one owner, its versions, and an event for every change."""

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from deskstream_contracts.events import settings
from deskstream_contracts.events.settings import DocumentChanged
from deskstream_contracts.wire import WireModel

C = TypeVar("C", bound=WireModel)


@dataclass(frozen=True, slots=True)
class Document(Generic[C]):
    """One document. `name` is its place in the API and its key on the topic, and the only one that its event can name; the
    defaults of `content` are its version 0."""

    name: str
    title: str
    content: type[C]
    event: type[DocumentChanged]

    @property
    def owner(self) -> str:
        """The service that keeps it."""
        return self.event.topic.owner


TICKET_TYPES: Final = Document("ticket-types", "Types of tickets", settings.TicketTypes, settings.TicketTypesChangedV1)
CLOSING: Final = Document("closing", "Closing and archiving", settings.Closing, settings.ClosingChangedV1)
LANGUAGES: Final = Document("languages", "Languages of customers", settings.Languages, settings.LanguagesChangedV1)
DOMAINS: Final = Document("domains", "Domains of addresses", settings.Domains, settings.DomainsChangedV1)
TICKET_FIELDS: Final = Document(
    "ticket-fields", "Custom fields of tickets", settings.TicketFieldDefinitions, settings.TicketFieldsChangedV1
)
CUSTOMER_FIELDS: Final = Document(
    "customer-fields", "Custom fields of customers", settings.CustomerFieldDefinitions, settings.CustomerFieldsChangedV1
)
ORGANIZATION_FIELDS: Final = Document(
    "organization-fields",
    "Custom fields of organizations",
    settings.OrganizationFieldDefinitions,
    settings.OrganizationFieldsChangedV1,
)

DOCUMENTS: Final[tuple[Document[WireModel], ...]] = (  # type: ignore[assignment]
    TICKET_TYPES,
    CLOSING,
    LANGUAGES,
    DOMAINS,
    TICKET_FIELDS,
    CUSTOMER_FIELDS,
    ORGANIZATION_FIELDS,
)
"""All of them."""
