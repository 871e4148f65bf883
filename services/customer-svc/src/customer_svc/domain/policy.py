"""What the desk has settled about customers; a use case finds it in its unit of work."""

from dataclasses import dataclass

from customer_svc.domain.languages import LanguageDetector, Languages
from customer_svc.domain.organizations import DomainKinds


@dataclass(frozen=True, slots=True)
class CustomerPolicy:
    """`auto_create_organizations`: each new domain of a proven sender makes an organization, public ones never do."""

    languages: Languages
    detector: LanguageDetector
    domains: DomainKinds
    auto_create_organizations: bool
