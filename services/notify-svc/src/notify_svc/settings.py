"""Settings of notify-svc, from environment variables with the prefix NOTIFY_."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from deskstream_chassis.run.settings import ServiceSettings


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="NOTIFY_", extra="ignore", frozen=True)

    domain: str = Field(description="The desk's mail domain: of its addresses and its Message-IDs.")
    default_mailbox: str = Field(default="support", description="Local part that answers for tickets not opened by mail.")
    desk_name: str = "Deskstream Support"
    reply_secret: str = Field(description="Signs reply addresses; comma separated, the first signs.")
    fallback_language: str = "en"

    smtp_host: str = "127.0.0.1"
    smtp_port: int = 25
    smtp_starttls: bool = False
    smtp_username: str = ""
    smtp_password: str = ""
    smtp_connections: int = Field(default=4, ge=1)
    smtp_timeout_seconds: float = 30.0
    give_up_after_hours: float = 48.0
    retry_first_seconds: float = Field(default=5.0, description="Doubled with each attempt, up to an hour.")
    journal: Path = Field(description="File that remembers what the SMTP server took until the database has it.")

    automatic_mails_per_hour: int = Field(default=30, description="Automatic mails to one address; more are withheld.")
