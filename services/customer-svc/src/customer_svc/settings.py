"""Settings of customer-svc, from environment variables with the prefix CUSTOMER_."""

from pydantic_settings import SettingsConfigDict

from deskstream_chassis.run.settings import ServiceSettings


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="CUSTOMER_", extra="ignore", frozen=True)
