"""Settings that every service has. A service adds its own and names its environment prefix (`TICKET_`, …)."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Read once, at the edge, from environment variables."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    database_url: str = Field(description="postgresql+asyncpg://user:password@host:port/database")
    kafka_bootstrap_servers: str = "127.0.0.1:9092"
    http_host: str = "127.0.0.1"
    http_port: int = 8080
    log_level: str = "INFO"
    instance: str = Field(default="0", description="Name of this process; stable over restarts (static group membership).")
    internal_public_key: str = Field(description="JWK (Ed25519) that internal tokens are verified with, or a JWK Set.")
    otlp_endpoint: str = Field(default="", description="OTLP/HTTP traces endpoint; empty switches tracing off.")
    failpoints: str = Field(default="", description="For fault tests only: name=kill or name=sleep:SECONDS, comma separated.")

    database_pool_size: int = 8
    consumer_max_batch: int = Field(default=500, ge=1)
    consumer_session_timeout_ms: int = 10_000
    parked_keys_ceiling: int = Field(default=1000, description="With more parked keys than this the consumer stops.")
    most_rest_seconds: float = Field(
        default=0.1, ge=0, description="Under load, batches rest in between so that more can gather: at most so long."
    )
    relay_poll_seconds: float = 0.2
    relay_patience_seconds: float = Field(
        default=30.0, gt=0, description="So long Kafka may take to acknowledge a wave; then the relay connects anew."
    )
