"""The desk itself, for those who lead it: backlog, promises kept and broken, how long customers wait."""

from __future__ import annotations

from desk.dashboards.grafana import Dashboard, Panel, Variable
from desk.dashboards.promql import increase, quantile, rate, total

TEAM = 'team=~"$team", priority=~"$priority"'
PRIORITY = 'priority=~"$priority"'
TICKETS, UNASSIGNED = "deskstream_desk_tickets", "deskstream_desk_unassigned_tickets"
BREACHED, AT_RISK = "deskstream_desk_breached_tickets", "deskstream_desk_at_risk_tickets"
OUTCOMES = "deskstream_sla_outcomes_total"
RESPONSE, RESOLUTION = "deskstream_ticket_first_response_seconds", "deskstream_ticket_resolution_seconds"


def _events(kind: str, over: str = "1h") -> str:
    return increase("deskstream_events_total", "", f'type="{kind}.v1"', over)


def _attained(by: str, over: str) -> str:
    kept = increase(OUTCOMES, by, f'{PRIORITY}, result="in_time"', over)
    # Tickets that were done with unanswered have neither kept nor missed anything.
    decided = f'{PRIORITY}, result!="unanswered"'
    return f"{kept} / {increase(OUTCOMES, by, decided, over)}"


HELPDESK = Dashboard(
    name="desk",
    title="the desk",
    description="Tickets that are worked on, deadlines, how long customers wait. No satisfaction score: there is no feedback yet.",
    since="now-24h",
    variables=(
        Variable("team", "Team", "label_values(deskstream_desk_tickets, team)"),
        Variable("priority", "Priority", "label_values(deskstream_desk_tickets, priority)"),
    ),
    rows=(
        (
            "Now",
            (
                Panel("Worked on", "Tickets that are open or in progress.", "short", (("", total(TICKETS, "", TEAM)),), "stat", 4),
                Panel("Without an agent", "Of these.", "short", (("", total(UNASSIGNED, "", TEAM)),), "stat", 4),
                Panel(
                    "Breached",
                    "Of these, with a clock that ran out.",
                    "short",
                    (("", total(BREACHED, "", TEAM)),),
                    "stat",
                    4,
                    alarm=1,
                ),
                Panel(
                    "At risk",
                    "Of these, in time so far and due within an hour.",
                    "short",
                    (("", total(AT_RISK, "", TEAM)),),
                    "stat",
                    4,
                ),
                Panel(
                    "Oldest",
                    "How long the oldest of them has been open.",
                    "s",
                    (("", f"max (deskstream_desk_oldest_seconds{{{PRIORITY}}})"),),
                    "stat",
                    4,
                ),
                Panel(
                    "Agents available",
                    "Active agents who take tickets now.",
                    "short",
                    (("", total("deskstream_desk_agents", "", 'state="available"')),),
                    "stat",
                    4,
                ),
            ),
        ),
        (
            "Backlog",
            (
                Panel(
                    "By team", "Tickets that are worked on.", "short", (("{{team}}", total(TICKETS, "team", TEAM)),), stacked=True
                ),
                Panel(
                    "By priority",
                    "Tickets that are worked on.",
                    "short",
                    (("{{priority}}", total(TICKETS, "priority", TEAM)),),
                    stacked=True,
                ),
                Panel(
                    "By status", "Open, or in progress.", "short", (("{{status}}", total(TICKETS, "status", TEAM)),), stacked=True
                ),
                Panel(
                    "By age",
                    "Tickets that are worked on, younger than so long.",
                    "short",
                    (("{{age}}", f"sum by (age) (deskstream_desk_tickets_by_age{{{PRIORITY}}})"),),
                    "bargauge",
                ),
                Panel("Without an agent", "By team.", "short", (("{{team}}", total(UNASSIGNED, "team", TEAM)),), stacked=True),
                Panel(
                    "Agents",
                    "Active agents, available or away.",
                    "short",
                    (("{{state}}", total("deskstream_desk_agents", "state")),),
                ),
                Panel(
                    "Rules without effect",
                    "In force, but they name nobody who is there, or have a condition that is not taken any more.",
                    "short",
                    (("", "max (deskstream_routing_ineffective_rules)"),),
                    "stat",
                    alarm=1,
                ),
            ),
        ),
        (
            "Coming and going",
            (
                Panel(
                    "Opened and resolved",
                    "Tickets an hour.",
                    "short",
                    (
                        ("opened", _events("ticket.opened")),
                        ("resolved", _events("ticket.resolved")),
                        ("closed", _events("ticket.closed")),
                    ),
                ),
                Panel(
                    "Reopened",
                    "Tickets an hour that were taken up again after their resolution.",
                    "short",
                    (("reopened", _events("ticket.reopened")),),
                ),
                Panel(
                    "Share reopened",
                    "Reopenings for each resolution within the last seven days. Without a resolution there is none.",
                    "percentunit",
                    (("reopened", f"{_events('ticket.reopened', '7d')} / {_events('ticket.resolved', '7d')}"),),
                ),
            ),
        ),
        (
            "Deadlines",
            (
                Panel(
                    "Kept in time",
                    "Clocks that ended in time, of those that ended within the last seven days. Without any there is none.",
                    "percentunit",
                    (("{{clock}}", _attained("clock", "7d")),),
                ),
                Panel(
                    "Kept in time, by priority",
                    "The same, by priority.",
                    "percentunit",
                    (("{{priority}}", _attained("priority", "7d")),),
                ),
                Panel(
                    "Breaches",
                    "Deadlines an hour that passed.",
                    "short",
                    (("{{clock}} {{priority}}", increase(OUTCOMES, "clock, priority", f'{PRIORITY}, result="breached"')),),
                ),
                Panel(
                    "Breached and at risk",
                    "Tickets that are worked on, by team.",
                    "short",
                    (("{{team}} breached", total(BREACHED, "team", TEAM)), ("{{team}} at risk", total(AT_RISK, "team", TEAM))),
                ),
                Panel(
                    "Timers",
                    "Warnings and breaches a second.",
                    "ops",
                    (("{{clock}} {{kind}}", rate("deskstream_sla_timers_fired_total", "clock, kind")),),
                ),
                Panel(
                    "Timers that are due",
                    "And were not yet fired: they are fired within a second when all is well.",
                    "short",
                    (("timers", "max (deskstream_sla_timers_due)"),),
                ),
                Panel(
                    "Timers' lateness",
                    "Of those fired within the last hour, p99; and how long the oldest that is due has not been fired.",
                    "s",
                    (
                        ("p99", quantile(0.99, "deskstream_sla_timer_late_seconds", "", "", "1h")),
                        ("oldest due", "max (deskstream_sla_timers_overdue_seconds)"),
                    ),
                ),
            ),
        ),
        (
            "How long customers wait",
            (
                Panel(
                    "First response",
                    "From the request to the first answer, by the clock on the wall, within the last day.",
                    "s",
                    tuple(
                        (name, quantile(share, RESPONSE, "", PRIORITY, "24h"))
                        for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))
                    ),
                ),
                Panel(
                    "Resolution",
                    "From the request to the resolution, by the clock on the wall, within the last day.",
                    "s",
                    tuple(
                        (name, quantile(share, RESOLUTION, "", PRIORITY, "24h"))
                        for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))
                    ),
                ),
                Panel(
                    "First response by priority, p90",
                    "Within the last day. Without answers of a priority there is none.",
                    "s",
                    (("{{priority}}", quantile(0.9, RESPONSE, "priority", PRIORITY, "24h")),),
                ),
            ),
        ),
    ),
)
