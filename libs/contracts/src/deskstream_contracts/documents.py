"""Documents of settings: what people change, each with one owner, its versions, and an event for every change."""

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from deskstream_contracts.events import settings
from deskstream_contracts.events.settings import DocumentChanged
from deskstream_contracts.wire import WireModel

C = TypeVar("C", bound=WireModel)


@dataclass(frozen=True, slots=True)
class Document(Generic[C]):
    """One document. `name` is its place in the API and its key on the topic; the defaults of `content` are its version 0."""

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

DOCUMENTS: Final[tuple[Document[WireModel], ...]] = (TICKET_TYPES, CLOSING, LANGUAGES, DOMAINS)  # type: ignore[assignment]
"""All of them."""
