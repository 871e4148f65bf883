"""What is known of a customer since the ticket's events were written: the language was changed by hand, say."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Profile:
    """A customer as of `customer_version`, as far as mail is concerned."""

    customer_id: UUID
    customer_version: int
    email: str
    name: str | None
    language: str


@dataclass(frozen=True, slots=True)
class Person:
    """The newest profile of a customer that has come."""

    id: UUID
    version: int
    customer_version: int
    email: str
    name: str | None
    language: str


def remember(person: Person | None, profile: Profile) -> Person | None:
    """The person with this profile; None where a newer one has come before."""
    if person is not None and person.customer_version >= profile.customer_version:
        return None
    version = person.version + 1 if person else 1
    return Person(profile.customer_id, version, profile.customer_version, profile.email, profile.name, profile.language)


def language_of(person: Person | None, customer_version: int, language: str) -> str:
    """The language of a customer whose `language` was read at `customer_version`: the newest that has come counts (BCP 47)."""
    newer = person is not None and person.customer_version > customer_version
    return person.language if person and newer else language
