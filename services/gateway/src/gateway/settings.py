"""Settings of the gateway, from environment variables with the prefix GATEWAY_."""

from typing import Final, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from deskstream_chassis.run.misconfigured import Misconfigured, is_loopback, refuse_guessable
from deskstream_chassis.run.settings import Days, DaysOfEvents, ServiceSettings

_SHORTEST_SECRET: Final = 32


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="GATEWAY_", extra="ignore", frozen=True)

    token_secret: SecretStr = Field(
        description="Signs the bearer tokens of people and programs, and cursors: 32 characters or more. Comma separated while it "
        "is changed: each is believed, the first signs."
    )
    internal_private_key: SecretStr = Field(description="JWK (Ed25519) that internal tokens are signed with.")
    ingest_url: str
    customer_url: str
    ticket_url: str
    routing_url: str
    sla_url: str
    notify_url: str

    consumer_group: str = Field(default="gateway", description="One for each database: it says how far the views have come.")
    owner_timeout_seconds: float = Field(default=15.0, description="How long an owner may take to answer.")
    file_bytes: int = Field(default=25 * 1024 * 1024, ge=1, description="Of a file that is uploaded; beyond: 413.")
    heartbeat_seconds: float = Field(default=15.0, description="A live stream says so often that it is alive.")
    parked_watch_seconds: float = Field(default=15.0, gt=0, description="Between two looks at what services have parked.")
    streams: int = Field(default=200, ge=1, description="Live streams of a process; beyond: 429.")
    streams_of_an_account: int = Field(default=20, ge=1, description="Of them, of one person or program; beyond: 429.")
    reads_of_an_account: int = Field(
        default=6, ge=1, description="Reads of one person or program that are answered at a time; more wait."
    )
    reads_waiting_of_an_account: int = Field(
        default=20, ge=0, description="Of those, and for http_queue_seconds at most; beyond: 429."
    )
    statistics_seconds: float = Field(default=15.0, gt=0, description="Between two counts for dashboards.")
    gather_milliseconds: int = Field(
        default=100, description="So long the broker gathers events before it hands them to the read model."
    )
    keep_decisions_days: DaysOfEvents = Field(default=400, description="Decisions of routing, as tickets show them.")
    keep_notifications_days: DaysOfEvents = Field(default=400, description="What was sent, as tickets show it.")
    keep_tokens_days: Days = Field(default=30, description="Which tokens were used, since each has ended.")

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if any(len(secret) < _SHORTEST_SECRET for secret in self.token_secrets):
            raise Misconfigured(f"GATEWAY_TOKEN_SECRET: a secret has {_SHORTEST_SECRET} characters or more")
        if not is_loopback(self.http_host):
            refuse_guessable("GATEWAY_TOKEN_SECRET", self.token_secrets)
        return self

    @property
    def token_secrets(self) -> list[str]:
        """In their order: the first signs, each is believed."""
        return self.token_secret.get_secret_value().split(",")
