"""The documents of settings that customer-svc keeps: what would come of them, and the policy that they make together."""

from functools import partial
from typing import Any, Final

from sqlalchemy import text

from customer_svc.domain.languages import LanguageDetector, Languages
from customer_svc.domain.organizations import DomainKinds
from customer_svc.domain.policy import CustomerPolicy, SettledDomains
from deskstream_chassis.documents.in_force import InForce
from deskstream_chassis.documents.putting import Consequence, KeptDocument
from deskstream_chassis.fields import settled
from deskstream_chassis.store.database import Connection
from deskstream_contracts import documents
from deskstream_contracts.events import settings
from deskstream_contracts.visibility import Visibility

_OTHERS: Final = text("""SELECT count(*) FROM customers WHERE NOT state ->> 'language' = ANY(CAST(:supported AS text[]))""")
_OF_PUBLIC: Final = text("""SELECT count(DISTINCT organization_id) FROM organization_domains
    WHERE domain = ANY(CAST(:public AS text[]))""")

_REQUIRED: Final = ("create",)


async def consequences_of_languages(connection: Connection, wanted: settings.Languages, _: Visibility) -> list[Consequence]:
    """How many customers are known with a language that is not supported: they keep it, and are written to in the fallback."""
    count = (await connection.execute(_OTHERS, {"supported": wanted.supported})).scalar_one()
    return [Consequence(code="customers_with_other_languages", count=count)]


async def consequences_of_domains(connection: Connection, wanted: settings.Domains, _: Visibility) -> list[Consequence]:
    """How many organizations have a domain that is said to be public: they keep it."""
    count = (await connection.execute(_OF_PUBLIC, {"public": wanted.public})).scalar_one()
    return [Consequence(code="organizations_with_public_domains", count=count)]


DOCUMENTS: Final[tuple[KeptDocument[Any], ...]] = (
    KeptDocument(documents.LANGUAGES, consequences=consequences_of_languages),
    KeptDocument(documents.DOMAINS, consequences=consequences_of_domains),
    KeptDocument(documents.CUSTOMER_FIELDS, partial(settled, places=_REQUIRED)),
    KeptDocument(documents.ORGANIZATION_FIELDS, partial(settled, places=_REQUIRED)),
)


class PolicyInForce:
    """The policy that the documents make together; made anew only where one of them is another."""

    def __init__(self, in_force: InForce, detector: LanguageDetector, listed: DomainKinds) -> None:
        self._in_force = in_force
        self._detector = detector
        self._listed = listed
        self._made_of: tuple[object, ...] | None = None
        self._policy: CustomerPolicy

    def now(self) -> CustomerPolicy:
        """What is settled now."""
        languages, domains = self._in_force.of(documents.LANGUAGES), self._in_force.of(documents.DOMAINS)
        of_customers = self._in_force.of(documents.CUSTOMER_FIELDS)
        of_organizations = self._in_force.of(documents.ORGANIZATION_FIELDS)
        made_of = (languages, domains, of_customers, of_organizations)
        if self._made_of is None or any(old is not new for old, new in zip(self._made_of, made_of, strict=True)):
            self._made_of = made_of
            self._policy = CustomerPolicy(
                Languages(languages.supported, languages.fallback),
                self._detector,
                SettledDomains(self._listed, frozenset(domains.public), frozenset(domains.private)),
                domains.create_organizations,
                of_customers,
                of_organizations,
            )
        return self._policy
