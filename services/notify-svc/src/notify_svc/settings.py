"""Settings of notify-svc, from environment variables with the prefix NOTIFY_."""

from pathlib import Path
from typing import Final, Self

from pydantic import Field, FilePath, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from deskstream_chassis.run.misconfigured import Misconfigured, is_loopback, refuse_guessable
from deskstream_chassis.run.settings import Days, ServiceSettings, secrets_in

_HOST_NAME: Final = r"^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.|$))*$|^\[[0-9A-Za-z.:]+\]$"


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="NOTIFY_", env_ignore_empty=True, extra="ignore", frozen=True)

    domain: str = Field(pattern=r"^[\x21-\x7e]+$", description="The desk's mail domain: of its addresses and its Message-IDs.")
    default_mailbox: str = Field(default="support", description="Local part that answers for tickets not opened by mail.")
    desk_name: str = "Deskstream Support"
    reply_secret: SecretStr = Field(description="Signs reply addresses; comma separated, the first signs.")
    fallback_language: str = "en"
    ticket_link: str = Field(
        default="",
        pattern=r"^$|^https?://[\x21-\x7e]*\{number\}[\x21-\x7e]*$",
        description="Where customers see a ticket, by its {number}; confirmations name it.",
    )
    confirm_after_seconds: float = Field(
        default=30.0, ge=0, description="A confirmation waits for the rules' first decision, which it tells of; so long at most."
    )
    ticket_url: str = Field(description="Where ticket-svc is: it has the files of answers.")
    files_secret: SecretStr = Field(description="What it believes us by; comma separated, the first signs.")

    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(default=25, ge=1, le=65535)
    smtp_ehlo_name: str = Field(default="", pattern=_HOST_NAME, description="What we call ourselves to it; empty: the domain.")
    smtp_starttls: bool = Field(default=False, description="TLS by STARTTLS; where the server does not offer it, nothing is sent.")
    smtp_implicit_tls: bool = Field(default=False, description="TLS from the first byte (RFC 8314), as at port 465.")
    smtp_ca_file: FilePath | None = Field(default=None, description="PEM of authorities that are believed beside the system's.")
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_connections: int = Field(default=4, ge=1)
    smtp_connect_seconds: float = Field(default=30.0, gt=0)
    smtp_command_seconds: float = Field(default=300.0, gt=0, description="Greeting, EHLO, login, MAIL, RCPT (RFC 5321 §4.5.3.2).")
    smtp_data_start_seconds: float = Field(default=120.0, gt=0, description="The answer to DATA.")
    smtp_data_block_seconds: float = Field(default=180.0, gt=0, description="Until the server has the mail.")
    smtp_data_end_seconds: float = Field(default=600.0, gt=0, description="The answer to the mail: it may be looked into first.")
    give_up_after_hours: float = 48.0
    retry_first_seconds: float = Field(default=5.0, description="Doubled with each attempt, up to an hour.")
    journal: Path = Field(description="File that remembers what the SMTP server took until the database has it.")

    automatic_mails_per_hour: int = Field(default=30, description="Automatic mails to one address; more are withheld.")
    keep_content_days: Days = Field(
        default=30, description="What a mail said, since it was sent or failed; then none can be resent."
    )
    keep_deliveries_days: Days = Field(default=400, description="To whom and when, and what came of it; since then as well.")

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if self.smtp_starttls and self.smtp_implicit_tls:
            raise Misconfigured("NOTIFY_SMTP_STARTTLS and NOTIFY_SMTP_IMPLICIT_TLS are two ways of one thing: choose one")
        tls = self.smtp_starttls or self.smtp_implicit_tls
        if self.smtp_ca_file and not tls:
            raise Misconfigured("NOTIFY_SMTP_CA_FILE is of no use without NOTIFY_SMTP_STARTTLS or NOTIFY_SMTP_IMPLICIT_TLS")
        if (self.smtp_username or self.smtp_password) and not tls and not is_loopback(self.smtp_host):
            raise Misconfigured(
                f"the password for {self.smtp_host} would go over the network in clear: "
                "set NOTIFY_SMTP_STARTTLS=true or NOTIFY_SMTP_IMPLICIT_TLS=true"
            )
        if not is_loopback(self.http_host):
            refuse_guessable("NOTIFY_REPLY_SECRET", self.reply_secrets)
            refuse_guessable("NOTIFY_FILES_SECRET", self.files_secrets)
        return self

    @property
    def reply_secrets(self) -> list[str]:
        """In their order: the first signs."""
        return secrets_in(self.reply_secret)

    @property
    def files_secrets(self) -> list[str]:
        """In their order: the first signs."""
        return secrets_in(self.files_secret)
