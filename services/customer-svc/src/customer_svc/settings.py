"""Settings of customer-svc, from environment variables with the prefix CUSTOMER_."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from deskstream_chassis.run.settings import ServiceSettings


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="CUSTOMER_", extra="ignore", frozen=True)

    supported_languages: list[str] = Field(default=["en", "de", "fr", "nb"], description="BCP 47 tags (JSON array).")
    fallback_language: str = Field(default="en", description="For senders whose language is not supported or not clear.")
    auto_create_organizations: bool = Field(
        default=False, description="Make an organization for each new email domain (never for free-mail and disposable ones)."
    )
