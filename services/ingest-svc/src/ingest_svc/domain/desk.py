"""Which addresses are ours, and which secrets prove something to us."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from deskstream_contracts import addressing


@dataclass(frozen=True)
class Desk:
    """The desk's own domain (lower case), its mailboxes (local parts, lower case), and what it believes."""

    domain: str
    mailboxes: frozenset[str]
    reply_secrets: tuple[bytes, ...] = field(default=(), repr=False)

    def mailbox_of(self, address: str) -> str | None:
        """The local part of the mailbox an address belongs to (`<mailbox>@domain` or `<mailbox>+anything@domain`), or None."""
        local, _, domain = address.lower().rpartition("@")
        if domain != self.domain:
            return None
        mailbox = local.partition("+")[0]
        return mailbox if mailbox in self.mailboxes else None

    def is_ours(self, address: str) -> bool:
        """Whether an address is one of our mailboxes', with or without a tag."""
        return self.mailbox_of(address) is not None

    def thread_of_address(self, address: str) -> UUID | None:
        """The thread a signed reply address names; only our own signature counts."""
        if "+r" not in address or not self.is_ours(address):
            return None
        return addressing.thread_of_reply_address(address, self.domain, self.reply_secrets)

    def thread_of_addresses(self, addresses: Sequence[str]) -> list[UUID]:
        """The threads that the signed reply addresses among these name, in their order."""
        return [root for a in addresses if (root := self.thread_of_address(a)) is not None]

    def thread_of_message_id(self, message_id: str) -> UUID | None:
        """The thread that a Message-ID of our own making names; None for any other."""
        return addressing.thread_of_message_id(message_id, self.domain)
