"""What customer-svc tells: customers, organizations, and who sent a message."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from deskstream_contracts.topics import CUSTOMERS, IDENTIFIED, ORGANIZATIONS, Topic
from deskstream_contracts.wire import (
    Actor,
    Changed,
    CustomFields,
    DomainName,
    EmailAddress,
    Event,
    Instant,
    LanguageTag,
    Message,
    Name,
    Paragraph,
    Personal,
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
Domains = Annotated[
    list[DomainName], Field(max_length=200, description="Domain names (RFC 1035 §2.3.4), in lower case: at most 200.")
]


class CustomerState(WireModel):
    """A customer as of `version`. `email` is the unique identity, in lower case."""

    id: UUID = Field(description="The customer's id, which is the Kafka key.")
    version: int = Field(ge=1, description="Grows by one with each event of this customer; ce_sequence is the same.")
    email: Personal[EmailAddress] = Field(description="The address that names this customer, in lower case; no two have the same.")
    first_name: Personal[Name] | None = Field(default=None, description="Left out where it is not known.")
    last_name: Personal[Name] | None = Field(default=None, description="Left out where it is not known.")
    title: Personal[Name] | None = Field(default=None, description="A form of address, e.g. Dr.; left out where there is none.")
    phone: Personal[Word] | None = Field(default=None, description="A telephone number as it was written; left out if not known.")
    company: Personal[Name] | None = Field(default=None, description="Where they work, in their own words; left out if not known.")
    address: Personal[Paragraph] | None = Field(default=None, description="A postal address, lines and all; left out if not known.")
    note: Personal[Text] | None = Field(default=None, description="What the staff wrote about them; never shown to customers.")
    language: LanguageTag = Field(description="The language that they are written to in (BCP 47).")
    language_source: Annotated[Word, known_words(LanguageSource)] = Field(
        default="detected", description="How the language is known."
    )
    active: bool = Field(default=True, description="False: deactivated, until a proven new request arrives.")
    tags: Tags = []
    custom_fields: CustomFields = {}
    organization_ids: list[UUID] = Field(default=[], max_length=100, description="The organizations they belong to: at most 100.")
    created_at: Instant = Field(description="When the customer became known.")
    updated_at: Instant = Field(description="When this version came about.")


class OrganizationState(WireModel):
    """An organization as of `version`, with the email domains whose people belong to it."""

    id: UUID = Field(description="The organization's id, which is the Kafka key.")
    version: int = Field(ge=1, description="Grows by one with each event of this organization; ce_sequence is the same.")
    name: Name = Field(description="How it is called: at most 300 characters.")
    domains: Domains = Field(default=[], description="Whoever writes from one of these belongs to it; in lower case, at most 200.")
    sharing: Annotated[Word, known_words(Sharing)] = Field(
        default="own", description="Whose requests its people see: their own, or all of the organization."
    )
    auto_created: bool = Field(default=False, description="True where it was made of the domain of somebody who wrote.")
    tags: Tags = []
    custom_fields: CustomFields = {}
    created_at: Instant = Field(description="When the organization was made.")
    updated_at: Instant = Field(description="When this version came about.")


class CustomerEvent(Event):
    topic: ClassVar[Topic] = CUSTOMERS
    key_path: ClassVar[str] = "customer.id"
    sequence_path: ClassVar[str | None] = "customer.version"
    customer: CustomerState = Field(description="The customer after this event.")
    by: Actor | None = Field(default=None, description="Who did it; left out only in events from before this was told.")


class CustomerRegisteredV1(CustomerEvent):
    """Somebody wrote for the first time, or was added by hand."""

    type: Literal["customer.registered.v1"] = "customer.registered.v1"


class CustomerUpdatedV1(CustomerEvent):
    """Address, profile or custom fields were changed; `changed` names the fields."""

    type: Literal["customer.updated.v1"] = "customer.updated.v1"
    changed: Changed = []


class CustomerLanguageChosenV1(CustomerEvent):
    """Every notification goes out in this language from now on."""

    type: Literal["customer.language_chosen.v1"] = "customer.language_chosen.v1"
    previous: LanguageTag = Field(description="The language before (BCP 47).")


class CustomerTaggedV1(CustomerEvent):
    """Tags of a customer were added or removed."""

    type: Literal["customer.tagged.v1"] = "customer.tagged.v1"
    added: Tags = Field(default=[], description="Tags it did not have before.")
    removed: Tags = Field(default=[], description="Tags it has no more.")


class CustomerJoinedV1(CustomerEvent):
    """The customer belongs to an organization from now on."""

    type: Literal["customer.joined.v1"] = "customer.joined.v1"
    organization_id: UUID = Field(description="The organization joined.")


class CustomerLeftV1(CustomerEvent):
    """The customer belongs to an organization no more."""

    type: Literal["customer.left.v1"] = "customer.left.v1"
    organization_id: UUID = Field(description="The organization left.")


class CustomerDeactivatedV1(CustomerEvent):
    """A customer was switched off by hand."""

    type: Literal["customer.deactivated.v1"] = "customer.deactivated.v1"


class CustomerReactivatedV1(CustomerEvent):
    """A deactivated customer is active again: by hand, or because a proven new request arrived."""

    type: Literal["customer.reactivated.v1"] = "customer.reactivated.v1"


class OrganizationEvent(Event):
    topic: ClassVar[Topic] = ORGANIZATIONS
    key_path: ClassVar[str] = "organization.id"
    sequence_path: ClassVar[str | None] = "organization.version"
    organization: OrganizationState = Field(description="The organization after this event.")
    by: Actor | None = Field(default=None, description="Who did it; left out only in events from before this was told.")


class OrganizationCreatedV1(OrganizationEvent):
    """An organization was made: by hand, or of the domain of somebody who wrote."""

    type: Literal["organization.created.v1"] = "organization.created.v1"


class OrganizationRenamedV1(OrganizationEvent):
    """An organization is called otherwise from now on."""

    type: Literal["organization.renamed.v1"] = "organization.renamed.v1"
    previous: Name = Field(description="Its name before.")


class OrganizationDomainsChangedV1(OrganizationEvent):
    """People with an address in a domain that was added join by and by, those known already too."""

    type: Literal["organization.domains_changed.v1"] = "organization.domains_changed.v1"
    added: Domains = Field(default=[], description="Domains it did not have before, in lower case.")
    removed: Domains = Field(default=[], description="Domains it has no more, in lower case.")


class OrganizationSharingChosenV1(OrganizationEvent):
    """What its people see of each other's requests."""

    type: Literal["organization.sharing_chosen.v1"] = "organization.sharing_chosen.v1"
    previous: Annotated[Word, known_words(Sharing)] = Field(description="What was chosen before.")


class OrganizationTaggedV1(OrganizationEvent):
    """Tags of an organization were added or removed."""

    type: Literal["organization.tagged.v1"] = "organization.tagged.v1"
    added: Tags = Field(default=[], description="Tags it did not have before.")
    removed: Tags = Field(default=[], description="Tags it has no more.")


class OrganizationUpdatedV1(OrganizationEvent):
    """Custom fields were changed; `changed` names the fields."""

    type: Literal["organization.updated.v1"] = "organization.updated.v1"
    changed: Changed = []


class OrganizationRef(WireModel):
    """An organization as it was known when somebody of it wrote."""

    id: UUID = Field(description="The organization's id.")
    name: Name = Field(description="Its name then.")
    custom_fields: CustomFields = Field(default={}, description="Its custom fields then.")


class Requester(WireModel):
    """Who asks: the customer as known when the message came."""

    customer_id: UUID = Field(description="The customer's id.")
    customer_version: int = Field(ge=1, description="The customer's version that this is of.")
    email: Personal[EmailAddress] = Field(description="The customer's address, in lower case.")
    name: Personal[Name] | None = Field(default=None, description="First and last name; left out where neither is known.")
    language: LanguageTag = Field(description="The language that they are written to in (BCP 47).")
    tags: Tags = Field(default=[], description="The customer's tags.")
    custom_fields: CustomFields = Field(default={}, description="The customer's custom fields.")
    organization: OrganizationRef | None = Field(default=None, description="The first they belong to; left out: they are in none.")


class RequesterIdentifiedV1(Event):
    """A received message, with its sender identified. Carries the whole message: the next step needs nothing else."""

    topic: ClassVar[Topic] = IDENTIFIED
    key_path: ClassVar[str] = "thread.root"
    type: Literal["requester.identified.v1"] = "requester.identified.v1"
    thread: Thread
    message: Message
    requested: Requested = Requested()
    requester: Requester
