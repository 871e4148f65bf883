"""A message that was written here, as the conversation keeps it."""

from pydantic import BaseModel


class OutMessage(BaseModel):
    """An answer or a note."""

    author: dict[str, str]
    text: str
    subject: str | None = None
    to: list[str] = []
    cc: list[str] = []
