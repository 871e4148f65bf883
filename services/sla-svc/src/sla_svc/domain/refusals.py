"""What sla-svc refuses, in words for the caller."""

from deskstream_chassis.refusals import Invalid, NotFound, OtherVersion


class NoSuchTicket(NotFound):
    def __init__(self, reference: str) -> None:
        super().__init__(f"No clocks are known for ticket {reference}.")


class ConfigurationHasMoved(OtherVersion):
    def __init__(self, expected: int, version: int) -> None:
        super().__init__(f"The configuration is at version {version} by now, not {expected}; look at it again.")


class BadPolicy(Invalid):
    pass


class BadCalendar(Invalid):
    pass
