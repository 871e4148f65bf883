"""What a customer is shown. Nothing of the staff's view is narrowed here: each field is there because a customer may see it."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from deskstream_contracts.commands import FieldValue

PortalStatus = Literal["received", "in_work", "waiting_for_you", "solved", "closed"]


class PortalField(BaseModel):
    """A custom field that customers are shown."""

    key: str
    names: dict[str, str] = Field(description="How it is called, by language (BCP 47); in any other language by its key.")
    value: FieldValue | None


class PortalTicket(BaseModel):
    """One request."""

    number: int
    subject: str
    status: PortalStatus
    opened_at: datetime
    updated_at: datetime
    own: bool = Field(description="Whether it is the customer's own, and not one that is shared with them.")
    requested_by: str | None = Field(description="Who asked, of a shared request.")
    fields: list[PortalField] = Field(default=[], description="Custom fields that are shown to customers.")


class PortalTickets(BaseModel):
    """`next` is the cursor of the following page, None on the last."""

    items: list[PortalTicket]
    next: str | None
