"""What customer-svc tells: customers, organizations, and who sent a message."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from deskstream_contracts.topics import CUSTOMERS, IDENTIFIED, ORGANIZATIONS, Topic
from deskstream_contracts.wire import (
    Actor,
    CustomFields,
    DomainName,
    EmailAddress,
    Event,
    Instant,
    LanguageTag,
    Message,
    Name,
    Paragraph,
    Requested,
    Tags,
    Text,
    Thread,
    WireModel,
    Word,
    known_words,
)

LanguageSource = Literal["detected", "fallback", "requested", "by_hand"]
Sharing = Literal["own", "organization"]
Domains = Annotated[list[DomainName], Field(max_length=200)]
"""Domain names (RFC 1035 §2.3.4), in lower case."""


class CustomerState(WireModel):
    """A customer as of `version`. `email` is the unique identity, in lower case."""

    id: UUID
    version: int = Field(ge=1)
    email: EmailAddress
    first_name: Name | None = None
    last_name: Name | None = None
    title: Name | None = None
    phone: Word | None = None
    company: Name | None = None
    address: Paragraph | None = None
    note: Text | None = None
    language: LanguageTag
    language_source: Annotated[Word, known_words(LanguageSource)] = "detected"
    active: bool = True
    tags: Tags = []
    custom_fields: CustomFields = {}
    organization_ids: list[UUID] = Field(default=[], max_length=100)
    created_at: Instant
    updated_at: Instant


class OrganizationState(WireModel):
    """An organization as of `version`, with the email domains whose people belong to it."""

    id: UUID
    version: int = Field(ge=1)
    name: Name
    domains: Domains = []
    sharing: Annotated[Word, known_words(Sharing)] = "own"
    auto_created: bool = False
    tags: Tags = []
    custom_fields: CustomFields = {}
    created_at: Instant
    updated_at: Instant


class CustomerEvent(Event):
    topic: ClassVar[Topic] = CUSTOMERS
    key_path: ClassVar[str] = "customer.id"
    sequence_path: ClassVar[str | None] = "customer.version"
    customer: CustomerState
    by: Actor | None = None


class CustomerRegisteredV1(CustomerEvent):
    """Somebody wrote for the first time, or was added by hand."""

    type: Literal["customer.registered.v1"] = "customer.registered.v1"


class CustomerUpdatedV1(CustomerEvent):
    """Address, profile or custom fields were changed; `changed` names the fields."""

    type: Literal["customer.updated.v1"] = "customer.updated.v1"
    changed: Tags = []


class CustomerLanguageChosenV1(CustomerEvent):
    """Every notification goes out in this language from now on."""

    type: Literal["customer.language_chosen.v1"] = "customer.language_chosen.v1"
    previous: LanguageTag


class CustomerTaggedV1(CustomerEvent):
    type: Literal["customer.tagged.v1"] = "customer.tagged.v1"
    added: Tags = []
    removed: Tags = []


class CustomerJoinedV1(CustomerEvent):
    """The customer belongs to an organization from now on."""

    type: Literal["customer.joined.v1"] = "customer.joined.v1"
    organization_id: UUID


class CustomerLeftV1(CustomerEvent):
    """The customer belongs to an organization no more."""

    type: Literal["customer.left.v1"] = "customer.left.v1"
    organization_id: UUID


class CustomerDeactivatedV1(CustomerEvent):
    type: Literal["customer.deactivated.v1"] = "customer.deactivated.v1"


class CustomerReactivatedV1(CustomerEvent):
    """A deactivated customer is active again: by hand, or because a proven new request arrived."""

    type: Literal["customer.reactivated.v1"] = "customer.reactivated.v1"


class OrganizationEvent(Event):
    topic: ClassVar[Topic] = ORGANIZATIONS
    key_path: ClassVar[str] = "organization.id"
    sequence_path: ClassVar[str | None] = "organization.version"
    organization: OrganizationState
    by: Actor | None = None


class OrganizationCreatedV1(OrganizationEvent):
    type: Literal["organization.created.v1"] = "organization.created.v1"


class OrganizationRenamedV1(OrganizationEvent):
    type: Literal["organization.renamed.v1"] = "organization.renamed.v1"
    previous: Name


class OrganizationDomainsChangedV1(OrganizationEvent):
    """People with an address in a domain that was added join by and by, those known already too."""

    type: Literal["organization.domains_changed.v1"] = "organization.domains_changed.v1"
    added: Domains = []
    removed: Domains = []


class OrganizationSharingChosenV1(OrganizationEvent):
    """What its people see of each other's requests."""

    type: Literal["organization.sharing_chosen.v1"] = "organization.sharing_chosen.v1"
    previous: Annotated[Word, known_words(Sharing)]


class OrganizationTaggedV1(OrganizationEvent):
    type: Literal["organization.tagged.v1"] = "organization.tagged.v1"
    added: Tags = []
    removed: Tags = []


class OrganizationUpdatedV1(OrganizationEvent):
    """Custom fields were changed; `changed` names the fields."""

    type: Literal["organization.updated.v1"] = "organization.updated.v1"
    changed: Tags = []


class OrganizationRef(WireModel):
    id: UUID
    name: Name
    custom_fields: CustomFields = {}


class Requester(WireModel):
    """Who asks: the customer as known when the message came."""

    customer_id: UUID
    customer_version: int = Field(ge=1)
    email: EmailAddress
    name: Name | None = None
    language: LanguageTag
    tags: Tags = []
    custom_fields: CustomFields = {}
    organization: OrganizationRef | None = None


class RequesterIdentifiedV1(Event):
    """A received message, with its sender identified. Carries the whole message: the next step needs nothing else."""

    topic: ClassVar[Topic] = IDENTIFIED
    key_path: ClassVar[str] = "thread.root"
    type: Literal["requester.identified.v1"] = "requester.identified.v1"
    thread: Thread
    message: Message
    requested: Requested = Requested()
    requester: Requester
