"""Settings of the gateway, from environment variables with the prefix GATEWAY_."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from deskstream_chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="GATEWAY_", extra="ignore", frozen=True)

    token_secret: str = Field(min_length=32, description="Signs the bearer tokens of people and programs, and cursors.")
    internal_private_key: str = Field(description="JWK (Ed25519) that internal tokens are signed with.")
    ingest_url: str
    customer_url: str
    ticket_url: str
    routing_url: str
    sla_url: str
    notify_url: str

    consumer_group: str = Field(default="gateway", description="One for each database: it says how far the views have come.")
    owner_timeout_seconds: float = Field(default=15.0, description="How long an owner may take to answer.")
    body_limit_bytes: int = 2**20
    heartbeat_seconds: float = Field(default=15.0, description="A live stream says so often that it is alive.")
    figures_seconds: float = Field(default=15.0, gt=0, description="So often the desk's figures are counted for dashboards.")
    gather_milliseconds: int = Field(
        default=100, description="So long the broker gathers events before it hands them to the read model."
    )
