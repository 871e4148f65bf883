"""A small company for the demo and the benchmark: teams, agents, rules and one organization. Seeding twice changes nothing."""

from __future__ import annotations

from typing import Any

from desk.client import Desk
from desk.topology import DOMAIN

TEAMS = {
    "Billing": {"email": f"grace@{DOMAIN.replace('desk.', 'people.')}", "name": "Grace (head of billing)"},
    "Technical": {"email": f"linus@{DOMAIN.replace('desk.', 'people.')}", "name": "Linus (head of support)"},
    "General": {"email": f"linus@{DOMAIN.replace('desk.', 'people.')}", "name": "Linus (head of support)"},
}
AGENTS: dict[str, tuple[str, list[str], list[str]]] = {
    "ada": ("Ada Lovelace", ["Billing"], ["en", "fr"]),
    "bjorn": ("Bjørn Hansen", ["Billing", "Technical"], ["nb", "en"]),
    "clara": ("Clara Schmidt", ["Technical"], ["de", "en"]),
    "denis": ("Denis Moreau", ["Technical", "General"], ["fr", "en"]),
    "elin": ("Elin Berg", ["General"], ["nb", "en", "de"]),
}
_MONEY = "['invoice', 'billing', 'charged', 'refund', 'rechnung', 'erstattung', 'facture', 'remboursement', 'faktura', 'refusjon']"
_TROUBLE = (
    "['error', 'crash', 'log in', 'broken', 'disk', 'fehler', 'funktioniert nicht', 'connecter', 'erreur', 'logget inn', 'feil']"
)
RULES: list[dict[str, Any]] = [
    {
        "name": "An urgent question about money",
        "conditions": [
            f"mentions(ticket.content, {_MONEY})",
            "mentions(ticket.subject, ['urgent', 'dringend', 'haster'])",
        ],
        "actions": {"priority": "critical", "tags": ["urgent"]},
        "stop": False,
    },
    {
        "name": "Money goes to Billing",
        "conditions": [f"mentions(ticket.content, {_MONEY})"],
        "actions": {"team": "Billing", "strategy": "least_loaded", "ticket_type": "Billing Query"},
    },
    {
        "name": "What does not work goes to Technical",
        "conditions": [f"mentions(ticket.content, {_TROUBLE})"],
        "actions": {"team": "Technical", "strategy": "least_loaded", "ticket_type": "Technical Issue"},
    },
    {"name": "Everything else goes to General", "conditions": [], "actions": {"team": "General", "strategy": "round_robin"}},
    {
        "name": "A breached deadline is the manager's business",
        "kind": "escalation",
        "conditions": ["sla.event == 'breached'"],
        "actions": {"raise_priority": True, "notify": ["manager"], "escalate": True},
    },
]
ORGANIZATION = {"name": "Sample Inc.", "domains": ["sample.com"], "custom_fields": {"contract": "gold"}}


def seed(desk: Desk) -> None:
    """Makes the teams, the agents, the rules and the organization through the API."""
    for name, manager in TEAMS.items():
        desk.api("PUT", f"/teams/{name}", json={"manager": manager})
    for local, (name, teams, languages) in AGENTS.items():
        body = {"name": name, "teams": teams, "languages": languages, "available": True}
        desk.api("PUT", f"/agents/{local}@{DOMAIN.replace('desk.', 'people.')}", json=body)
    known = desk.api("GET", "/routing/configuration")
    wanted = [(rule["name"], rule["conditions"]) for rule in RULES]
    if [(rule["name"], rule["conditions"]) for rule in known["rules"]] != wanted:
        desk.api("PUT", "/routing/configuration", json={"rules": RULES, "note": "the demo's rules"})
    response = desk.api_response("POST", "/organizations", json=ORGANIZATION)
    if response.status_code not in (201, 409):
        response.raise_for_status()
