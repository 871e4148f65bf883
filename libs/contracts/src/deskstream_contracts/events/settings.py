"""What the desk has settled: documents of settings, each with its versions. Their owner tells every change, as a whole.

Until a first change was told, the defaults of a document's model are in force, with version 0.
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from deskstream_contracts.topics import CUSTOMER_SETTINGS, TICKET_SETTINGS, Topic
from deskstream_contracts.wire import (
    Actor,
    DomainName,
    Event,
    Instant,
    LanguageTag,
    Map,
    Name,
    Paragraph,
    Personal,
    WireModel,
    Word,
    known_words,
)

MAX_TYPES_CHARACTERS = 100_000
MAX_DEFINED_CHARACTERS = 100_000
MAX_DOMAINS_CHARACTERS = 50_000
_MARKS_OF_A_TYPE = 200
"""What JSON needs of a type beside its words."""
_MARKS_OF_A_FIELD = 300
_MARKS_OF_AN_OPTION = 60

Days = Annotated[int, Field(ge=0, le=3650)]
Names = Annotated[
    dict[LanguageTag, Name],
    Map,
    Field(max_length=50, description="How it is called, by language (BCP 47); in any other language it is called by its key."),
]


class TicketType(WireModel):
    """A kind of request. The key stays, whatever it is called: tickets, rules and filters hold it."""

    key: Annotated[Word, Field(min_length=1, description="What tickets, rules and filters hold; it never changes.")]
    names: Names = {}
    aliases: list[Annotated[Word, Field(min_length=1)]] = Field(
        default=[], max_length=20, description="What it is known by as well, in any case: names from before, other systems' names."
    )
    description: Paragraph | None = Field(default=None, description="When it is the right one; left out where it needs no words.")
    active: bool = Field(default=True, description="False: retired. Tickets keep it, and no ticket is given it.")


def _characters(type_: TicketType) -> int:
    named = sum(len(language) + len(name) for language, name in type_.names.items())
    return len(type_.key) + named + sum(map(len, type_.aliases)) + len(type_.description or "") + _MARKS_OF_A_TYPE


def _type(key: str, nb: str, de: str, fr: str) -> TicketType:
    return TicketType(key=key, names={"en": key, "nb": nb, "de": de, "fr": fr})


class TicketTypes(WireModel):
    """The managed list of types that a ticket may have, in the order in which they are offered."""

    types: list[TicketType] = Field(
        default=[
            _type("Technical Issue", "Teknisk problem", "Technisches Problem", "Problème technique"),
            _type("Billing Query", "Spørsmål om faktura", "Frage zur Rechnung", "Question de facturation"),
            _type("Feature Request", "Ønske om funksjon", "Funktionswunsch", "Demande de fonctionnalité"),
            _type("Question", "Spørsmål", "Frage", "Question"),
            _type("Other", "Annet", "Sonstiges", "Autre"),
        ],
        max_length=200,
        json_schema_extra={"x-max-characters": MAX_TYPES_CHARACTERS},
        description="At most 200, of at most 100,000 characters together. What is there twice, in any case, is refused.",
    )

    @model_validator(mode="after")
    def _are_told_apart(self) -> Self:
        known: set[str] = set()
        if sum(map(_characters, self.types)) > MAX_TYPES_CHARACTERS:
            raise ValueError(f"types may have together at most {MAX_TYPES_CHARACTERS} characters")
        for type_ in self.types:
            words = {word.casefold() for word in (type_.key, *type_.aliases)}
            if twice := words & known:
                raise ValueError(f"two types are known as {sorted(twice)[0]!r}")
            known |= words
        return self


FieldKind = Literal["text", "long_text", "number", "date", "choice", "multi_choice", "checkbox"]
RequiredWhere = Literal["create", "resolve"]
ShownWhere = Literal["list", "detail", "portal"]


class FieldOption(WireModel):
    """One of the values that a field of choice may have. The id stays, whatever it is called."""

    id: Annotated[Word, Field(min_length=1, description="What tickets, rules and filters hold; it never changes.")]
    names: Names = {}
    active: bool = Field(default=True, description="False: retired. What has it keeps it, and nothing is given it.")


class FieldDefinition(WireModel):
    """A custom field: what its values are. The key stays, whatever it is called, and so does the kind."""

    key: Annotated[Word, Field(min_length=1, description="Its name in `custom_fields`, in rules and in filters; it never changes.")]
    kind: Annotated[Word, known_words(FieldKind), Field(description="What its values are; it never changes.")]
    names: Names = {}
    help: Annotated[
        dict[LanguageTag, Paragraph],
        Map,
        Field(max_length=50, description="What whoever fills it in should know, by language (BCP 47)."),
    ] = {}
    options: list[FieldOption] = Field(
        default=[],
        max_length=200,
        description="Of a field of choice all that may be chosen, in the order in which they are offered.",
    )
    required: list[Annotated[Word, known_words(RequiredWhere)]] = Field(
        default=[], max_length=10, description="Where there has to be a value: when staff create it, when a ticket is resolved."
    )
    shown: list[Annotated[Word, known_words(ShownWhere)]] = Field(
        default=["detail"], max_length=10, description="Where it is shown: in lists, with the rest of it, to the customer."
    )
    active: bool = Field(default=True, description="False: retired. Values stay and can be read; none is set.")


def _characters_of_field(field: FieldDefinition) -> int:
    called = [*field.names.items(), *field.help.items(), *(name for option in field.options for name in option.names.items())]
    words = [field.key, field.kind, *field.required, *field.shown, *(option.id for option in field.options)]
    marks = _MARKS_OF_A_FIELD + _MARKS_OF_AN_OPTION * len(field.options) + 6 * len(called)
    return marks + sum(len(language) + len(name) for language, name in called) + sum(len(word) + 3 for word in words)


def _twice(words: Sequence[str]) -> str | None:
    """A word that is there twice, in any case."""
    folded = [word.casefold() for word in words]
    return next((word for i, word in enumerate(folded) if word in folded[:i]), None)


class FieldDefinitions(WireModel):
    """Custom fields of one kind of thing, in the order in which they are shown."""

    fields: list[FieldDefinition] = Field(
        default=[],
        max_length=200,
        json_schema_extra={"x-max-characters": MAX_DEFINED_CHARACTERS},
        description="At most 200, of at most 100,000 characters together. Keys that are there twice, in any case, are refused.",
    )
    only_defined: bool = Field(
        default=False, description="True: a field that is not defined is refused. False: it is taken, and its value is a text."
    )

    @model_validator(mode="after")
    def _are_told_apart(self) -> Self:
        if sum(map(_characters_of_field, self.fields)) > MAX_DEFINED_CHARACTERS:
            raise ValueError(f"fields may have together at most {MAX_DEFINED_CHARACTERS} characters")
        if twice := _twice([field.key for field in self.fields]):
            raise ValueError(f"two fields have the key {twice!r}")
        for field in self.fields:
            if twice := _twice([option.id for option in field.options]):
                raise ValueError(f"two options of {field.key!r} have the id {twice!r}")
        return self


class TicketFieldDefinitions(FieldDefinitions):
    """The custom fields of tickets."""


class CustomerFieldDefinitions(FieldDefinitions):
    """The custom fields of customers."""


class OrganizationFieldDefinitions(FieldDefinitions):
    """The custom fields of organizations."""


class Closing(WireModel):
    """When what is done with is closed, and goes out of sight, by itself."""

    close_resolved_after_days: Days | None = Field(
        default=7, description="A resolved ticket that nobody answers is closed after so many days (of 24 hours); null: never."
    )
    archive_closed_after_days: Days | None = Field(
        default=30,
        description="A closed ticket leaves lists and customers' pages after so many days; search finds it, and reopening brings "
        "it back. 0: as soon as it is closed; null: never.",
    )


class Languages(WireModel):
    """The languages that customers are written to in."""

    supported: list[LanguageTag] = Field(
        default=["en", "de", "fr", "nb"], min_length=1, max_length=100, description="At most 100 (BCP 47)."
    )
    fallback: LanguageTag = Field(default="en", description="For whoever writes in a language that is not supported, or unclear.")

    @model_validator(mode="after")
    def _fall_back_on_one_of_them(self) -> Self:
        if len({tag.lower() for tag in self.supported}) < len(self.supported):
            raise ValueError("a language is there twice")
        if self.fallback not in self.supported:
            raise ValueError(f"{self.fallback!r}, to fall back on, is not supported")
        return self


class Domains(WireModel):
    """What the domain of somebody's address says about where they belong."""

    create_organizations: bool = Field(
        default=False, description="Each new domain of a proven sender makes an organization; public providers' domains never do."
    )
    public: list[DomainName] = Field(
        default=[],
        max_length=2000,
        json_schema_extra={"x-max-characters": MAX_DOMAINS_CHARACTERS},
        description="Domains that are open to anybody, beside the providers that are known to be: of at most 50,000 characters.",
    )
    private: list[DomainName] = Field(
        default=[],
        max_length=2000,
        json_schema_extra={"x-max-characters": MAX_DOMAINS_CHARACTERS},
        description="Domains of one organization, although they are listed as public: of at most 50,000 characters together.",
    )

    @model_validator(mode="after")
    def _is_lower_case(self) -> Self:
        if max(sum(len(domain) + 3 for domain in domains) for domains in (self.public, self.private)) > MAX_DOMAINS_CHARACTERS:
            raise ValueError(f"a list may have at most {MAX_DOMAINS_CHARACTERS} characters")
        for domain in (*self.public, *self.private):
            if domain != domain.strip().lower() or "." not in domain or "@" in domain:
                raise ValueError(f"{domain!r} is no domain in lower case")
        if both := set(self.public) & set(self.private):
            raise ValueError(f"{min(both)!r} is said to be public, and not to be")
        return self


class DocumentChanged(Event):
    """A document of settings was put, or an earlier version of it was put back."""

    key_path: ClassVar[str] = "document"
    sequence_path: ClassVar[str | None] = "version"
    document: Word = Field(description="Which document, which is the Kafka key.")
    version: int = Field(ge=1, description="Grows by one with each change of this document; ce_sequence is the same.")
    at: Instant = Field(description="When it was put.")
    by: Actor = Field(description="Who put it.")
    note: Personal[Paragraph] = Field(default="", description="Why, in their words; empty where they gave none.")


class TicketTypesChangedV1(DocumentChanged):
    """The managed list of ticket types is another one."""

    topic: ClassVar[Topic] = TICKET_SETTINGS
    type: Literal["ticket_types.changed.v1"] = "ticket_types.changed.v1"
    document: Literal["ticket-types"] = Field(default="ticket-types", description="Which document, which is the Kafka key.")
    content: TicketTypes = Field(description="What is in force from now on.")


class ClosingChangedV1(DocumentChanged):
    """Tickets are closed and archived by themselves after other times."""

    topic: ClassVar[Topic] = TICKET_SETTINGS
    type: Literal["closing.changed.v1"] = "closing.changed.v1"
    document: Literal["closing"] = Field(default="closing", description="Which document, which is the Kafka key.")
    content: Closing = Field(description="What is in force from now on.")


class LanguagesChangedV1(DocumentChanged):
    """Customers are written to in other languages, or with another one to fall back on."""

    topic: ClassVar[Topic] = CUSTOMER_SETTINGS
    type: Literal["languages.changed.v1"] = "languages.changed.v1"
    document: Literal["languages"] = Field(default="languages", description="Which document, which is the Kafka key.")
    content: Languages = Field(description="What is in force from now on.")


class DomainsChangedV1(DocumentChanged):
    """Domains of addresses say something else about where people belong."""

    topic: ClassVar[Topic] = CUSTOMER_SETTINGS
    type: Literal["domains.changed.v1"] = "domains.changed.v1"
    document: Literal["domains"] = Field(default="domains", description="Which document, which is the Kafka key.")
    content: Domains = Field(description="What is in force from now on.")


class TicketFieldsChangedV1(DocumentChanged):
    """The custom fields that tickets have are other ones."""

    topic: ClassVar[Topic] = TICKET_SETTINGS
    type: Literal["ticket_fields.changed.v1"] = "ticket_fields.changed.v1"
    document: Literal["ticket-fields"] = Field(default="ticket-fields", description="Which document, which is the Kafka key.")
    content: TicketFieldDefinitions = Field(description="What is in force from now on.")


class CustomerFieldsChangedV1(DocumentChanged):
    """The custom fields that customers have are other ones."""

    topic: ClassVar[Topic] = CUSTOMER_SETTINGS
    type: Literal["customer_fields.changed.v1"] = "customer_fields.changed.v1"
    document: Literal["customer-fields"] = Field(default="customer-fields", description="Which document, which is the Kafka key.")
    content: CustomerFieldDefinitions = Field(description="What is in force from now on.")


class OrganizationFieldsChangedV1(DocumentChanged):
    """The custom fields that organizations have are other ones."""

    topic: ClassVar[Topic] = CUSTOMER_SETTINGS
    type: Literal["organization_fields.changed.v1"] = "organization_fields.changed.v1"
    document: Literal["organization-fields"] = Field(
        default="organization-fields", description="Which document, which is the Kafka key."
    )
    content: OrganizationFieldDefinitions = Field(description="What is in force from now on.")
