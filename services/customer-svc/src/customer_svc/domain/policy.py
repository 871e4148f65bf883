"""What the desk has settled about customers; a use case finds it in its unit of work."""

from dataclasses import dataclass, field

from customer_svc.domain.languages import LanguageDetector, Languages
from customer_svc.domain.organizations import DomainKinds
from deskstream_contracts.events.settings import CustomerFieldDefinitions, OrganizationFieldDefinitions


@dataclass(frozen=True, slots=True)
class SettledDomains:
    """What is listed, and what the desk has settled beside it; of a domain and one above it the longer name decides."""

    listed: DomainKinds
    public: frozenset[str]
    private: frozenset[str]

    def is_public(self, domain: str) -> bool:
        """Whether the domain is open to anybody, and so makes no organization."""
        labels = domain.lower().split(".")
        for i in range(len(labels) - 1):
            above = ".".join(labels[i:])
            if above in self.private:
                return False
            if above in self.public:
                return True
        return self.listed.is_public(domain)


@dataclass(frozen=True, slots=True)
class CustomerPolicy:
    """`auto_create_organizations`: each new domain of a proven sender makes an organization, public ones never do."""

    languages: Languages
    detector: LanguageDetector
    domains: DomainKinds
    auto_create_organizations: bool
    customer_fields: CustomerFieldDefinitions = field(default_factory=CustomerFieldDefinitions)
    organization_fields: OrganizationFieldDefinitions = field(default_factory=OrganizationFieldDefinitions)
