"""Settings of routing-svc, from environment variables with the prefix ROUTING_."""

from pydantic_settings import SettingsConfigDict

from deskstream_chassis.run.settings import ServiceSettings


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="ROUTING_", extra="ignore", frozen=True)
