"""What lists can be narrowed by, and how they are ordered."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails

from deskstream_contracts.domains import canonical
from deskstream_contracts.moments import Moment
from deskstream_contracts.wire import ChannelKind, Priority, TicketStatus

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320, pattern=r"^[^\x00]*$")]
"""Of what people type; PostgreSQL takes no NUL."""

TicketSort = Literal["newest", "updated", "due", "priority"]


class Filters(BaseModel):
    """An unknown filter is refused: a misspelt one must not show everything."""

    model_config = ConfigDict(extra="forbid")


class Paged(Filters):
    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = Field(default=None, max_length=2000, description="`next` of the page before.")

    def scope(self, name: str) -> str:
        """Names the list with all that narrows it, for its cursors."""
        return name + self.model_dump_json(exclude={"cursor", "limit"})


_FIELD: Final = "field."


def _several(given: object) -> object:
    return given if isinstance(given, list) else [given]


class WithFields(Paged):
    """Beside its own parameters there is `field.<key>` for a custom field, whatever their keys are."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Annotated[list[Word], Field(max_length=20), BeforeValidator(_several)]] = Field(init=False)

    @model_validator(mode="after")
    def _knows_them(self) -> Self:
        unknown = [name for name in self.__pydantic_extra__ if not name.startswith(_FIELD) or name == _FIELD]
        if unknown:
            lines = [InitErrorDetails(type="extra_forbidden", loc=(name,), input=None) for name in unknown]
            raise ValidationError.from_exception_data(type(self).__name__, lines)
        return self

    @property
    def custom(self) -> Mapping[str, Sequence[str]]:
        """What is asked of custom fields: key, with a comparison or without, → values."""
        return {name.removeprefix(_FIELD): values for name, values in self.__pydantic_extra__.items()}


class TicketFilters(WithFields):
    """All conditions hold together; several statuses or priorities mean any of them."""

    status: list[TicketStatus] = Field(default=[], description="Any of these.", max_length=4)
    priority: list[Priority] = Field(default=[], description="Any of these.", max_length=4)
    team: Word | None = Field(default=None, description="Id or name.")
    agent: Word | None = Field(default=None, description="Id, address or name.")
    unassigned: bool | None = Field(default=None, description="true: no agent has it; false: one has.")
    customer: Word | None = Field(default=None, description="Id or address.")
    organization: Word | None = Field(default=None, description="Id or name.")
    tag: list[Word] = Field(default=[], description="All of these.", max_length=20)
    channel: ChannelKind | None = None
    ticket_type: Word | None = None
    external_id: Word | None = Field(default=None, description="Its whole name in another system.")
    waiting_for: Literal["agent", "customer"] | None = None
    breached: bool | None = Field(default=None, description="Whether any deadline was ever missed.")
    archived: bool | None = Field(
        default=None,
        description="true: only those; false: none. Left out: none, but where something is searched for (`q`).",
    )
    due_before: Moment | None = Field(default=None, description="The next deadline is before this; what is late is too.")
    q: Word | None = Field(
        default=None,
        description="A part of subject or requester's address, or a ticket number. One or two characters are looked for only in "
        "what is open or in progress.",
    )
    sort: TicketSort = Field(
        default="newest", description="due: what is due first, then what has no deadline; priority: the most urgent, oldest first."
    )


class PortalFilters(Paged):
    """What a customer narrows their requests by."""

    done: bool | None = Field(default=None, description="true: solved and closed; false: all others.")


class CustomerFilters(WithFields):
    q: Word | None = Field(default=None, description="A part of address, name or company.")
    email: Word | None = Field(default=None, description="The whole address.")
    organization: UUID | None = None
    tag: Word | None = None
    active: bool | None = None


class OrganizationFilters(WithFields):
    q: Word | None = Field(default=None, description="A part of the name or of a domain.")
    domain: Annotated[Word, AfterValidator(canonical)] | None = Field(default=None, description="A whole domain, in any letters.")
    tag: Word | None = None


class AgentFilters(Filters):
    team: UUID | None = None
    available: bool | None = None
    active: bool | None = None
