"""How long deliveries are kept: what a mail said goes first, and that there was one much later."""

from typing import Final

from deskstream_chassis.store.kept import Kept
from notify_svc.settings import Settings

_MAILS: Final = 200
"""In one transaction: each may be some megabytes."""


def kept(settings: Settings) -> list[Kept]:
    """Only of what has ended; a failed one that is sent again has not."""
    return [
        Kept(
            "deliveries", "finished_at", settings.keep_content_days, "has_content", sets="content = '', has_content = false",
            name="deliveries.content", rows=_MAILS,
        ),
        Kept("deliveries", "finished_at", settings.keep_deliveries_days, rows=_MAILS),
    ]  # fmt: skip
