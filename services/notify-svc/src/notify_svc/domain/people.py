"""What is known of a customer since the ticket's events were written: the language was changed by hand, say."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Person:
    id: UUID
    version: int
    customer_version: int
    email: str
    name: str | None
    language: str
