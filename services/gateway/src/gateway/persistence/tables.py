"""The tables that are not views (those are in views.py, as a set of them is built again and again), and how long all are kept."""

from sqlalchemy import MetaData

from deskstream_chassis.bus.parking import parked_table
from deskstream_chassis.store.kept import Kept
from gateway.persistence.views import LIVE
from gateway.settings import Settings

metadata = MetaData()
parked = parked_table(metadata)


def kept(settings: Settings) -> list[Kept]:
    """What is not kept for ever, beside parked messages."""
    return [
        Kept(f"{LIVE}.decisions", "at", settings.keep_decisions_days, name="decisions"),
        Kept(f"{LIVE}.notifications", "at", settings.keep_notifications_days, name="notifications"),
        Kept("seen_tokens", "expires_at", settings.keep_tokens_days),
    ]
