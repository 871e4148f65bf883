"""What routing refuses, in words for the caller."""

from deskstream_chassis.refusals import Conflict, Invalid, NotFound, OtherVersion


class NoSuchTeam(NotFound):
    def __init__(self, reference: str) -> None:
        super().__init__(f"There is no team {reference}.")


class NoSuchAgent(NotFound):
    def __init__(self, reference: str) -> None:
        super().__init__(f"There is no agent {reference}.")


class NoSuchConfiguration(NotFound):
    def __init__(self, version: int) -> None:
        super().__init__(f"There is no configuration of version {version}.")


class NoSuchTicket(NotFound):
    def __init__(self, reference: str) -> None:
        super().__init__(f"No decision is known for ticket {reference}.")


class ConfigurationHasMoved(OtherVersion):
    def __init__(self, expected: int, version: int) -> None:
        super().__init__(f"The configuration is at version {version} by now, not {expected}; look at it again.")


class HasMoved(OtherVersion):
    def __init__(self, what: str, reference: str, version: int | None) -> None:
        now = "not there" if version is None else f"at version {version}"
        super().__init__(f"{what} {reference} is {now} by now; look at it again.")


class NameIsTaken(Conflict):
    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"Another {what} has the name or address {name}.")


class UnknownName(Invalid):
    """A team or an agent that a rule or an agent's profile names and that is not there."""

    def __init__(self, what: str, name: str, pointer: str) -> None:
        super().__init__(f"There is no active {what} {name!r}.", pointer=pointer)


class BadRule(Invalid):
    pass
