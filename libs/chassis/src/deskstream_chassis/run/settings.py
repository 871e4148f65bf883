"""Settings that every service has. A service adds its own and names its environment prefix (`TICKET_`, …)."""

from dataclasses import fields
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, FilePath, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from deskstream_chassis.bus.kafka import KafkaAccess, SaslMechanism, SecurityProtocol
from deskstream_chassis.run.http_budget import HttpBudget

_LEAST_DAYS_OF_WHAT_TOPICS_BRING: Final = 21


def _longer_than_topics(days: int) -> int:
    if 0 < days < _LEAST_DAYS_OF_WHAT_TOPICS_BRING:
        raise ValueError(f"0 (for ever), or {_LEAST_DAYS_OF_WHAT_TOPICS_BRING} and more: what topics still have might come again")
    return days


Days = Annotated[int, Field(ge=0, le=36_500)]
"""How long something is kept; 0: for ever."""
DaysOfEvents = Annotated[Days, AfterValidator(_longer_than_topics)]
"""The same of what was made of events, and would be made again while topics have them."""


def secrets_in(setting: SecretStr) -> list[str]:
    """The secrets of a comma separated setting, in their order: there are several while one is changed."""
    return [secret.strip() for secret in setting.get_secret_value().split(",")]


class KafkaSettings(BaseSettings):
    """How Kafka is reached, from environment variables."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    kafka_bootstrap_servers: str = Field(default="127.0.0.1:9092", description="host:port, several with commas.")
    kafka_security_protocol: SecurityProtocol = "PLAINTEXT"
    kafka_sasl_mechanism: SaslMechanism = "SCRAM-SHA-512"
    kafka_sasl_username: str = ""
    kafka_sasl_password: SecretStr = SecretStr("")
    kafka_ssl_ca_file: FilePath | None = Field(default=None, description="PEM; the system's authorities if not given.")
    kafka_ssl_certificate_file: FilePath | None = Field(default=None, description="PEM of a client's, where brokers ask for one.")
    kafka_ssl_key_file: FilePath | None = None

    @model_validator(mode="after")
    def _has_credentials(self) -> Self:
        if self.kafka.sasl and not (self.kafka_sasl_username and self.kafka_sasl_password):
            raise ValueError(f"{self.kafka_security_protocol} needs kafka_sasl_username and kafka_sasl_password")
        return self

    @property
    def kafka(self) -> KafkaAccess:
        return KafkaAccess(
            bootstrap_servers=self.kafka_bootstrap_servers,
            security_protocol=self.kafka_security_protocol,
            sasl_mechanism=self.kafka_sasl_mechanism,
            sasl_username=self.kafka_sasl_username,
            sasl_password=self.kafka_sasl_password.get_secret_value(),
            ca_file=self.kafka_ssl_ca_file,
            certificate_file=self.kafka_ssl_certificate_file,
            key_file=self.kafka_ssl_key_file,
        )


class ServiceSettings(KafkaSettings):
    """Read once, at the edge, from environment variables."""

    database_url: SecretStr = Field(description="postgresql+asyncpg://user:password@host:port/database")
    http_host: str = "127.0.0.1"
    http_port: int = 8080
    http_header_bytes: int = Field(default=64 * 1024, ge=1024, description="Of a request's address and headers; beyond: 431.")
    http_header_seconds: float = Field(default=15.0, gt=0, description="For a request's headers to arrive; beyond: 408.")
    http_body_bytes: int = Field(
        default=1024 * 1024, ge=1, description="Of a body, where its route names no other limit; beyond: 413."
    )
    http_body_seconds: float = Field(default=60.0, gt=0, description="For a body to arrive, and what its size adds; beyond: 408.")
    http_body_bytes_per_second: int = Field(default=32 * 1024, ge=1, description="Each so many bytes of a body add a second.")
    http_bodies_bytes: int = Field(
        default=128 * 1024 * 1024, ge=1, description="Of all bodies under way; beyond: 503 for a large one."
    )
    http_connections: int = Field(
        default=800, ge=1, description="At a time; beyond, the one that has waited for its client longest ends."
    )
    http_idle_seconds: int = Field(default=5, ge=1, description="A connection without a request is kept so long.")
    http_stall_seconds: float = Field(default=30.0, gt=0, description="A client that reads nothing for so long is dropped.")
    http_answers_bytes: int = Field(
        default=128 * 1024 * 1024, ge=1, description="Of large answers and downloads that wait for their readers; beyond: 503."
    )
    http_downloads_of_an_account: int = Field(
        default=10, ge=1, description="At a time, and at most half of the bytes above; beyond: 429."
    )
    http_concurrency: int = Field(default=100, ge=1, description="Requests handled at a time; beyond, they wait.")
    http_queue: int = Field(default=200, ge=0, description="Requests that wait for their turn; beyond: 503.")
    http_queue_seconds: float = Field(default=5.0, gt=0, description="The longest wait for a turn; beyond: 503.")
    http_answer_seconds: float = Field(default=30.0, gt=0, description="Until an answer begins; beyond it is ended with 503.")
    log_level: str = "INFO"
    instance: str = Field(default="0", description="Name of this process; stable over restarts (static group membership).")
    internal_public_key: str = Field(description="JWK (Ed25519) that internal tokens are verified with, or a JWK Set.")
    otlp_endpoint: str = Field(default="", description="OTLP/HTTP traces endpoint; empty switches tracing off.")
    failpoints: str = Field(
        default="", description="For fault tests only: name=kill, name=sleep:SECONDS or name=block:SECONDS, comma separated."
    )

    database_pool_size: int = 8
    database_read_seconds: float = Field(default=10.0, gt=0, description="For a read that somebody waits for; beyond: 503.")
    consumer_max_batch: int = Field(default=500, ge=1)
    consumer_session_timeout_ms: int = 10_000
    max_linger_seconds: float = Field(
        default=0.1, ge=0, description="Under load, batches rest in between so that more can gather: at most so long."
    )
    keep_parked_days: DaysOfEvents = Field(default=0, description="Parked messages; what is older is discarded, and logged.")
    keep_idempotency_days: Days = Field(default=7, description="Answers to commands that came with an Idempotency-Key.")
    keep_processes_days: Days = Field(default=90, description="Long work (jobs), since it was done.")
    history_months: int = Field(
        default=13, ge=0, le=1200, description="Events of aggregates are kept for so many whole months; 0: for ever."
    )
    process_chunk: int = Field(default=100, ge=1, description="Steps of long work that are done in one transaction.")
    relay_poll_seconds: float = Field(
        default=2.0, gt=0, description="Where nobody said that there is something to publish, it is looked so often."
    )
    relay_patience_seconds: float = Field(
        default=30.0, gt=0, description="So long Kafka may take to acknowledge a wave; then the relay connects anew."
    )

    @property
    def http(self) -> HttpBudget:
        """What callers are held to."""
        return HttpBudget(**{field.name: getattr(self, f"http_{field.name}") for field in fields(HttpBudget)})
