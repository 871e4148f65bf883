"""Settings of ticket-svc, from environment variables with the prefix TICKET_."""

from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from deskstream_chassis.files.objects import check_place
from deskstream_chassis.run.misconfigured import is_loopback, refuse_guessable
from deskstream_chassis.run.settings import Days, ServiceSettings, secrets_in


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="TICKET_", extra="ignore", frozen=True)

    hold_seconds: float = Field(
        default=10,
        ge=0,
        le=30,
        description="Answers and solutions are held so long before they are sent, and can be undone; 0: not.",
    )
    undo_seconds: float = Field(default=60, gt=0, le=3600, description="Other commands can be undone for so long.")

    files_store: str = Field(
        default="",
        description="Where large files lie: a folder (/…), or s3://bucket/prefix with AWS_… variables. Empty: in PostgreSQL.",
    )
    files_secret: SecretStr = Field(
        description="Lets notify-svc fetch the files of answers. Comma separated while it is changed: each is believed."
    )
    file_bytes: int = Field(default=25 * 1024 * 1024, ge=1, description="Of a file; beyond: 413. GATEWAY_FILE_BYTES is no less.")
    message_files_bytes: int = Field(
        default=25 * 1024 * 1024, ge=1, description="Of the files of one message together; a mail with them is a third larger."
    )
    unclaimed_files_bytes: int = Field(
        default=250 * 1024 * 1024, ge=1, description="Of what one account has uploaded and not written with yet; beyond: 413."
    )
    keep_unclaimed_files_days: Days = Field(default=1, description="Files that were uploaded, and that nothing was written with.")

    @field_validator("files_store")
    @classmethod
    def _is_a_place(cls, where: str) -> str:
        return check_place(where)

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if not is_loopback(self.http_host):
            refuse_guessable("TICKET_FILES_SECRET", self.files_secrets)
        return self

    @property
    def files_secrets(self) -> list[str]:
        """Each is believed."""
        return secrets_in(self.files_secret)
