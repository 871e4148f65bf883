"""From the door to the confirmation: what came, what became of it, how long it took, what was sent."""

from __future__ import annotations

from desk.dashboards.grafana import Dashboard, Panel
from desk.dashboards.promql import increase, latest, mean, quantile, rate, total

TICKET, DELIVERY = "deskstream_ingest_ticket_seconds", "deskstream_notify_delivery_seconds"
CONFIRMATION = 'kind="confirmation"'
OUTCOMES, DELIVERIES = "deskstream_ingest_outcomes_total", "deskstream_notify_deliveries_total"
OPENED = 'outcome="opened"'


def _ladder(histogram: str, labels: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, quantile(share, histogram, "", labels)) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)))


MAIL = Dashboard(
    name="mail",
    title="mail",
    description="From the receipt of a message (mail, form or API) to its ticket and to the confirmation in its sender's mailbox.",
    since="now-3h",
    rows=(
        (
            "At a glance",
            (
                Panel(
                    "Received",
                    "Messages in the last hour.",
                    "short",
                    (("", increase("deskstream_ingest_accepted_total")),),
                    "stat",
                    4,
                ),
                Panel(
                    "Without an outcome",
                    "Messages in the ledger whose outcome is still open.",
                    "short",
                    (("", latest("deskstream_ingest_open_entries")),),
                    "stat",
                    4,
                ),
                Panel(
                    "Oldest of these",
                    "Each message has its outcome within a second when all is well.",
                    "s",
                    (("", latest("deskstream_ingest_oldest_open_seconds")),),
                    "stat",
                    4,
                    alarm=120,
                ),
                Panel(
                    "To the ticket, p99",
                    "From the receipt of a message until its ticket was open, in the last hour.",
                    "s",
                    (("", quantile(0.99, TICKET, "", OPENED, "1h")),),
                    "stat",
                    4,
                    alarm=5,
                ),
                Panel(
                    "To the confirmation, p99",
                    "From the receipt of a message until the mail server had the confirmation, in the last hour.",
                    "s",
                    (("", quantile(0.99, DELIVERY, "", CONFIRMATION, "1h")),),
                    "stat",
                    4,
                    alarm=10,
                ),
                Panel(
                    "To be delivered",
                    "Mails that are not yet delivered or given up.",
                    "short",
                    (("", latest("deskstream_notify_queued")),),
                    "stat",
                    4,
                ),
            ),
        ),
        (
            "In",
            (
                Panel(
                    "Received",
                    "Messages a second, by door; each is committed before its sender is told so.",
                    "ops",
                    (("{{door}}", rate("deskstream_ingest_accepted_total", "door")),),
                    stacked=True,
                ),
                Panel(
                    "Outcomes",
                    "Messages a second whose entry in the ledger was closed.",
                    "ops",
                    (("{{outcome}}", rate(OUTCOMES, "outcome")),),
                    stacked=True,
                ),
                Panel(
                    "Suppressed and quarantined",
                    "Messages a second that made no ticket, by reason (./desk ledger).",
                    "ops",
                    (("{{outcome}}: {{reason}}", rate(OUTCOMES, "outcome, reason", 'outcome=~"suppressed|quarantined"')),),
                ),
                Panel(
                    "How threads are found",
                    "Opened and appended messages a second: new, or by which proof they were an answer.",
                    "ops",
                    (("{{outcome}}: {{reason}}", rate(OUTCOMES, "outcome, reason", 'outcome=~"opened|appended"')),),
                ),
                Panel(
                    "Refused at the door",
                    "A second: no such mailbox (550), too many recipients (452), too much or too long (421), not now (451).",
                    "ops",
                    (("{{door}} {{status}}", rate("deskstream_ingest_refused_total", "door, status")),),
                ),
                Panel(
                    "SMTP connections",
                    "Open now.",
                    "short",
                    (("{{instance}}", total("deskstream_ingest_smtp_sessions", "instance")),),
                ),
                Panel(
                    "Mails under way",
                    "Bytes that SMTP sessions hold and that are not stored yet; beyond 96 MB the largest ends.",
                    "bytes",
                    (("{{instance}}", total("deskstream_ingest_smtp_bytes", "instance")),),
                ),
                Panel(
                    "Postponed",
                    "Mails a second that wait in the slow lane: slow to read, or of a sender of much that is.",
                    "ops",
                    (("{{cause}}", rate("deskstream_ingest_postponed_total", "cause")),),
                ),
            ),
        ),
        (
            "How long it takes",
            (
                Panel("From receipt to ticket", "Of messages that opened a ticket.", "s", _ladder(TICKET, OPENED)),
                Panel(
                    "From receipt to confirmation",
                    "Until the mail server had it.",
                    "s",
                    _ladder(DELIVERY, CONFIRMATION),
                    alarm=10,
                ),
                Panel(
                    "Confirmations by time taken",
                    "How many took how long.",
                    "short",
                    (("{{le}}", f"sum by (le) (increase({DELIVERY}_bucket{{{CONFIRMATION}}}[$__rate_interval]))"),),
                    "heatmap",
                ),
            ),
        ),
        (
            "The ledger",
            (
                Panel(
                    "Without an outcome",
                    "Messages received whose outcome is still open.",
                    "short",
                    (("entries", latest("deskstream_ingest_open_entries")),),
                ),
                Panel(
                    "Oldest without an outcome",
                    "Its age.",
                    "s",
                    (("oldest", latest("deskstream_ingest_oldest_open_seconds")),),
                    alarm=120,
                ),
                Panel(
                    "What must not be",
                    "In the last hour: ticket events that contradict the ledger or name unknown messages; parsers that died.",
                    "short",
                    (
                        ("contradictions", increase("deskstream_ingest_contradictions_total")),
                        ("unknown messages", increase("deskstream_ingest_unknown_messages_total")),
                        ("parser deaths", increase("deskstream_ingest_parser_deaths_total")),
                    ),
                    alarm=1,
                ),
                Panel(
                    "Messages in a commit",
                    "On average: at the doors, and when they are sorted.",
                    "short",
                    (
                        ("intake", mean("deskstream_ingest_intake_batch_messages")),
                        ("sorter", mean("deskstream_ingest_sort_batch_messages")),
                    ),
                    width=12,
                ),
                Panel(
                    "Sorters at work",
                    "One, whatever the number of processes.",
                    "none",
                    (("sorters", total("deskstream_ingest_sorter_active")),),
                    width=12,
                ),
            ),
        ),
        (
            "Out",
            (
                Panel(
                    "Held and due",
                    "Answers and solutions whose time has come, and that are not sent yet; the oldest of them.",
                    "short",
                    (
                        ("messages", latest("deskstream_ticket_held_due")),
                        ("seconds since the oldest was due", latest("deskstream_ticket_held_overdue_seconds")),
                    ),
                    alarm=60,
                    width=12,
                ),
                Panel(
                    "Held for longer than asked, p99",
                    "From when what was held was due until it was sent.",
                    "s",
                    (("p99", quantile(0.99, "deskstream_ticket_held_late_seconds")),),
                    width=12,
                ),
                Panel(
                    "Deliveries",
                    "Attempts a second, by what came of them.",
                    "ops",
                    (("{{kind}} {{status}}", rate(DELIVERIES, "kind, status")),),
                    stacked=True,
                ),
                Panel(
                    "Delivery, p99",
                    "From what a mail tells of until the mail server had it. Without mails of a kind there is none.",
                    "s",
                    (("{{kind}}", quantile(0.99, DELIVERY, "kind")),),
                ),
                Panel(
                    "Waiting",
                    "Mails not yet delivered or given up; of those, how many were tried.",
                    "short",
                    (
                        ("mails", latest("deskstream_notify_queued")),
                        ("refused for now", latest("deskstream_notify_refused_for_now")),
                    ),
                ),
                Panel(
                    "Oldest waiting",
                    "Its age: what the mail server does not take is tried again for days.",
                    "s",
                    (("oldest", latest("deskstream_notify_oldest_queued_seconds")),),
                    alarm=900,
                ),
                Panel(
                    "Withheld",
                    "A second: the address bounces, had too many automatic mails within the hour, is the desk's own, or is none.",
                    "ops",
                    (("{{reason}}", rate("deskstream_notify_withheld_total", "reason")),),
                ),
                Panel(
                    "Refusals of us",
                    "A second: the mail server refused us, and not a mail.",
                    "ops",
                    (("{{at}}", rate("deskstream_notify_relay_refusals_total", "at")),),
                ),
                Panel(
                    "The mail server refuses us",
                    "For how long; all mail waits meanwhile.",
                    "s",
                    (("longest", latest("deskstream_notify_relay_refuses_seconds")),),
                    alarm=120,
                ),
                Panel(
                    "Failed of late",
                    "Mails of the last hour that were refused for good, or given up.",
                    "short",
                    (("mails", latest("deskstream_notify_failed_lately")),),
                ),
                Panel(
                    "Sent again",
                    "In the last hour: mails of which a process that ended did not know whether they were taken.",
                    "short",
                    (("mails", increase("deskstream_notify_uncertain_total")),),
                ),
            ),
        ),
    ),
)
