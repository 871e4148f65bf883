"""The topic catalogue: one entry a topic, with its one owner, its key and how long it keeps what it holds.

Only the owner publishes to a topic. An aggregate's topic is compacted, so that a subscriber that starts late still gets the latest
state of everything; a flow's topic is deleted after a week.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

WEEK_MS: Final = 7 * 24 * 3600 * 1000
DEFAULT_PARTITIONS: Final = 12


class Retention(Enum):
    """How a topic forgets."""

    AGGREGATE = "aggregate"  # compacted: every event for a week, then the latest state of each key
    FLOW = "flow"  # deleted after a week


@dataclass(frozen=True, slots=True)
class Topic:
    """One Kafka topic. `key` names what its messages are ordered by; `consumers` are the services that subscribe to it.

    Everybody outside may subscribe as well, and nobody has to be named for it.
    """

    name: str
    owner: str
    consumers: tuple[str, ...]
    key: str
    retention: Retention
    description: str
    partitions: int = DEFAULT_PARTITIONS

    def config(self) -> dict[str, str]:
        """Kafka's topic configuration (all values are strings, times in milliseconds)."""
        if self.retention is Retention.FLOW:
            return {"cleanup.policy": "delete", "retention.ms": str(WEEK_MS)}
        return {
            "cleanup.policy": "compact",
            "min.compaction.lag.ms": str(WEEK_MS),
            # An erased person's old state may live this long, and no longer.
            "max.compaction.lag.ms": str(2 * WEEK_MS),
        }


def _topic(name: str, owner: str, consumers: tuple[str, ...], key: str, retention: Retention, description: str) -> Topic:
    return Topic(f"deskstream.{name}.v1", owner, consumers, key, retention, description)


INBOUND: Final = _topic(
    "inbound",
    "ingest-svc",
    ("customer-svc", "notify-svc"),
    "thread root",
    Retention.FLOW,
    "Everything received: messages, what was suppressed, bounces.",
)
IDENTIFIED: Final = _topic(
    "identified", "customer-svc", ("ticket-svc",), "thread root", Retention.FLOW, "Received messages, with who sent them."
)
CUSTOMERS: Final = _topic(
    "customers",
    "customer-svc",
    ("gateway", "notify-svc", "ticket-svc"),
    "customer id",
    Retention.AGGREGATE,
    "Customers and their state.",
)
ORGANIZATIONS: Final = _topic(
    "organizations",
    "customer-svc",
    ("gateway", "ticket-svc"),
    "organization id",
    Retention.AGGREGATE,
    "Organizations and their state.",
)
TICKETS: Final = _topic(
    "tickets",
    "ticket-svc",
    ("gateway", "ingest-svc", "notify-svc", "routing-svc", "sla-svc"),
    "ticket id",
    Retention.AGGREGATE,
    "Tickets: what happened, and the state.",
)
DECISIONS: Final = _topic(
    "decisions",
    "routing-svc",
    ("gateway", "ticket-svc"),
    "ticket id",
    Retention.FLOW,
    "Routing and escalation decisions, each with its explanation.",
)
WORKFORCE: Final = _topic("workforce", "routing-svc", ("gateway",), "agent or team id", Retention.AGGREGATE, "Teams and agents.")
SLAS: Final = _topic(
    "slas", "sla-svc", ("gateway", "routing-svc"), "ticket id", Retention.AGGREGATE, "Clocks of tickets: started, warned, breached."
)
NOTIFICATIONS: Final = _topic(
    "notifications",
    "notify-svc",
    ("gateway",),
    "ticket id",
    Retention.FLOW,
    "What was sent to whom, and what could not be sent.",
)
CUSTOMER_SETTINGS: Final = _topic(
    "customer-settings",
    "customer-svc",
    ("gateway", "routing-svc"),
    "document",
    Retention.AGGREGATE,
    "What is settled about customers: languages, domains, custom fields.",
)
TICKET_SETTINGS: Final = _topic(
    "ticket-settings",
    "ticket-svc",
    ("gateway", "routing-svc"),
    "document",
    Retention.AGGREGATE,
    "What is settled about tickets: types, closing and archiving, custom fields.",
)

TOPICS: Final[tuple[Topic, ...]] = (
    INBOUND,
    IDENTIFIED,
    CUSTOMERS,
    ORGANIZATIONS,
    TICKETS,
    DECISIONS,
    WORKFORCE,
    SLAS,
    NOTIFICATIONS,
    CUSTOMER_SETTINGS,
    TICKET_SETTINGS,
)
