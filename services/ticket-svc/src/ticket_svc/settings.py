"""Settings of ticket-svc, from environment variables with the prefix TICKET_."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from deskstream_chassis.run.settings import ServiceSettings


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="TICKET_", extra="ignore", frozen=True)

    types: list[str] = Field(
        default=["Technical Issue", "Billing Query", "Feature Request", "Question", "Other"],
        description="The managed list of ticket types (JSON array).",
    )
