"""Everything ingest-svc is configured by: environment variables with the prefix INGEST_."""

from ipaddress import ip_network
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from deskstream_chassis.run.misconfigured import is_loopback, refuse_everybody, refuse_guessable
from deskstream_chassis.run.settings import Days, ServiceSettings
from ingest_svc.domain.signatures import key_of


class Settings(ServiceSettings):
    """Lists are comma separated."""

    model_config = SettingsConfigDict(env_prefix="INGEST_", extra="ignore", frozen=True)

    domain: str = Field(default="desk.localhost", description="The part behind the @ of our mailboxes and Message-IDs.")
    mailboxes: str = Field(default="support", description="Local parts we take mail for; each with +anything as well.")
    authserv_id: str = Field(default="", description="Whose Authentication-Results are believed (RFC 8601); empty: nobody's.")
    trusted_relays: str = Field(
        default="127.0.0.0/8,::1/128",
        description="Networks of the relays that write and clean Authentication-Results; from elsewhere they are not believed.",
    )
    reply_secret: SecretStr = Field(
        default=SecretStr(""), description="Secrets that reply addresses are signed with; the UTF-8 bytes are the key."
    )
    forms: Path | None = Field(default=None, description="The form configuration, a JSON file.")
    webhook_mail_secrets: SecretStr = Field(
        default=SecretStr(""), description="Standard Webhooks secrets (whsec_…) of POST /webhooks/mail."
    )

    smtp_host: str = "127.0.0.1"
    smtp_port: int = 8401
    smtp_hostname: str = Field(default="", description="Name in the greeting; empty: the domain.")
    smtp_tls_certificate: Path | None = None
    smtp_tls_key: Path | None = None
    smtp_require_tls: bool = False
    smtp_sessions: int = Field(default=500, description="Connections at a time.")
    smtp_sessions_of_a_peer: int = Field(
        default=20, ge=1, description="Of them, from one address (IPv6: /64) that is no trusted relay."
    )
    smtp_bytes: int = Field(default=96 * 1024 * 1024, description="Bytes of mails under way; beyond: the largest ends with 421.")
    smtp_transaction_seconds: float = Field(default=600.0, gt=0, description="From MAIL to the end of the message, at most.")
    smtp_session_seconds: float = Field(
        default=3600.0, gt=0, description="For all that a connection brings; then it ends with 421, between two messages."
    )
    smtp_idle_commands: int = Field(
        default=100, ge=10, description="Commands of a connection that stand in no transaction, between two messages; beyond: 421."
    )
    smtp_stop_seconds: float = Field(default=15.0, description="How long a session in DATA may go on after the stop.")
    message_bytes: int = Field(default=25 * 1024 * 1024, description="Largest mail.")
    form_bytes: int = Field(default=1024 * 1024, description="Largest form submission.")
    webhook_window_seconds: int = Field(
        default=300, ge=1, le=3600, description="How old a signed request may be. Its webhook-id is kept as long as its entry."
    )

    parser_processes: int = Field(default=1, ge=1)
    parser_quick_seconds: float = Field(
        default=0.05, gt=0, description="CPU time for one message; what needs more waits for its turn."
    )
    parser_seconds: float = Field(default=2.0, gt=0, description="CPU time for one that needs more; beyond: quarantine.")
    parser_memory_mb: int = Field(default=1024, ge=256)
    sort_batch: int = Field(default=200, ge=1)
    sort_batch_bytes: int = 32 * 1024 * 1024
    sort_poll_seconds: float = Field(
        default=2.0, gt=0, description="Where nobody said that something was received, it is looked so often."
    )
    intake_bytes: int = Field(default=256 * 1024 * 1024, description="Bytes waiting for a commit; beyond: try again later.")
    keep_raw_mail_days: Days = Field(
        default=90, description="What was received, with its attachments, since its entry was closed; of the quarantined see below."
    )
    keep_quarantined_days: Days = Field(default=180, description="The same of what was quarantined.")
    quarantine_bytes_of_a_sender: int = Field(
        default=1024 * 1024 * 1024,
        ge=1,
        description="Of what was quarantined of one relay, or of one sender behind a trusted one; beyond, the oldest goes earlier.",
    )
    quarantine_bytes: int = Field(
        default=10 * 1024 * 1024 * 1024, ge=1, description="Of all that was quarantined; beyond, the oldest goes earlier."
    )

    @field_validator("webhook_mail_secrets")
    @classmethod
    def _are_secrets(cls, value: SecretStr) -> SecretStr:
        for secret in listed(value.get_secret_value()):
            key_of(secret)
        return value

    @field_validator("trusted_relays")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        for network in listed(value):
            ip_network(network, strict=False)
        return value

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if not is_loopback(self.smtp_host):
            refuse_everybody("INGEST_TRUSTED_RELAYS", listed(self.trusted_relays))
            refuse_guessable("INGEST_REPLY_SECRET", listed(self.reply_secret.get_secret_value()))
        return self


def listed(text: str) -> tuple[str, ...]:
    """The entries of a comma separated setting."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
