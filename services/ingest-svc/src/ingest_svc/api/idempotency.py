"""Keys under which a repeated request is the same one (draft-ietf-httpapi-idempotency-key-header)."""

import hashlib

from deskstream_chassis.refusals import Invalid


def checked(key: str) -> str:
    """The key. Raises Invalid for one that is empty or too long."""
    if not 1 <= len(key) <= 255:
        raise Invalid("An Idempotency-Key has 1 to 255 characters.", pointer="Idempotency-Key")
    return key


def digest(*parts: str) -> str:
    """What the ledger keeps of a key, together with whose it is."""
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
