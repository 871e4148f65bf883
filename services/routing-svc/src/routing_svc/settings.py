"""Settings of routing-svc, from environment variables with the prefix ROUTING_."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from deskstream_chassis.run.settings import Days, ServiceSettings


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="ROUTING_", extra="ignore", frozen=True)

    keep_decisions_days: Days = Field(default=400, description="Decisions with all they were made of.")
