"""What customers and organizations refuse, in words for the caller."""

from deskstream_chassis.refusals import Conflict, Invalid, NotFound, OtherVersion


class NoSuchCustomer(NotFound):
    def __init__(self, id_: object) -> None:
        super().__init__(f"There is no customer {id_}.")


class NoSuchOrganization(NotFound):
    def __init__(self, id_: object, pointer: str | None = None) -> None:
        super().__init__(f"There is no organization {id_}.", pointer=pointer)


class HasMoved(OtherVersion):
    def __init__(self, what: str, version: int) -> None:
        super().__init__(f"The {what} is at version {version} by now; look at it again.")


class EmailTaken(Conflict):
    def __init__(self, email: str) -> None:
        super().__init__(f"{email} is the address of another customer.", pointer="#/email")


class NameTaken(Conflict):
    def __init__(self, name: str) -> None:
        super().__init__(f"There is an organization called {name} already.", pointer="#/name")


class DomainTaken(Conflict):
    def __init__(self, domain: str) -> None:
        super().__init__(f"{domain} belongs to another organization.", pointer="#/domains")


class PublicDomain(Invalid):
    def __init__(self, domain: str) -> None:
        super().__init__(f"Anybody can get an address at {domain}; it cannot belong to an organization.", pointer="#/domains")


class UnsupportedLanguage(Invalid):
    def __init__(self, tag: str, supported: object) -> None:
        super().__init__(f"{tag!r} is not supported; the desk speaks {supported}.", pointer="#/language")
