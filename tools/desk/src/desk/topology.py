"""The whole local topology in one place: what runs, on which port, with which environment.

A new variable is one line in COMMON (every service, with its prefix) or SPECIFIC (one service). In a value,
`{port[x]}`, `{url[x]}`, `{secret[x]}`, `{home}` and `{name}` are filled in.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from desk.files import replace_text
from desk.paths import HOST

DOMAIN = "desk.localhost"


@dataclass(frozen=True, slots=True)
class Service:
    """One of our services: `python -m <package> all`."""

    name: str
    package: str

    @property
    def prefix(self) -> str:
        """What its environment variables begin with."""
        return f"{self.name.upper()}_"


SERVICES = (
    Service("ingest", "ingest_svc"),
    Service("customer", "customer_svc"),
    Service("ticket", "ticket_svc"),
    Service("routing", "routing_svc"),
    Service("sla", "sla_svc"),
    Service("notify", "notify_svc"),
    Service("gateway", "gateway"),
)

PORT_OFFSETS = {
    "gateway": 0,
    "smtp": 1,
    "mailbox_smtp": 2,
    "mailbox_http": 3,
    "ingest": 10,
    "customer": 11,
    "ticket": 12,
    "routing": 13,
    "sla": 14,
    "notify": 15,
    "kafka": 20,
    "kafka_controller": 21,
    "postgres": 22,
}

BACKEND_PORTS = ("kafka", "kafka_controller", "postgres")

COMMON = {
    "KAFKA_BOOTSTRAP_SERVERS": HOST + ":{port[kafka]}",
    "HTTP_HOST": HOST,
    "HTTP_PORT": "{port[{name}]}",
    "INSTANCE": "{name}-1",
    "INTERNAL_PUBLIC_KEY": "{secret[internal_public_key]}",
}

TUNABLE = {"LOG_LEVEL": "INFO", "OTLP_ENDPOINT": "", "FAILPOINTS": ""}
"""Like COMMON, but a value in the user's own environment (TICKET_LOG_LEVEL=DEBUG ./desk up) goes first."""

SPECIFIC: dict[str, dict[str, str]] = {
    "ingest": {
        "INGEST_SMTP_HOST": HOST,
        "INGEST_SMTP_PORT": "{port[smtp]}",
        "INGEST_DOMAIN": DOMAIN,
        "INGEST_MAILBOXES": "support,billing",
        "INGEST_AUTHSERV_ID": f"mx.{DOMAIN}",
        "INGEST_REPLY_SECRET": "{secret[reply]}",
        "INGEST_WEBHOOK_MAIL_SECRETS": "{secret[webhook_mail]}",
        "INGEST_FORMS": "{home}/forms.json",
    },
    "ticket": {
        "TICKET_FILES_STORE": "{home}/files",
        "TICKET_FILES_SECRET": "{secret[files]}",
    },
    "notify": {
        "NOTIFY_TICKET_URL": "{url[ticket]}",
        "NOTIFY_FILES_SECRET": "{secret[files]}",
        "NOTIFY_SMTP_HOST": HOST,
        "NOTIFY_SMTP_PORT": "{port[mailbox_smtp]}",
        "NOTIFY_DOMAIN": DOMAIN,
        "NOTIFY_JOURNAL": "{home}/notify/journal",
        "NOTIFY_REPLY_SECRET": "{secret[reply]}",
    },
    "gateway": {
        "GATEWAY_TOKEN_SECRET": "{secret[token]}",
        "GATEWAY_INTERNAL_PRIVATE_KEY": "{secret[internal_private_key]}",
        "GATEWAY_INGEST_URL": "{url[ingest]}",
        "GATEWAY_CUSTOMER_URL": "{url[customer]}",
        "GATEWAY_TICKET_URL": "{url[ticket]}",
        "GATEWAY_ROUTING_URL": "{url[routing]}",
        "GATEWAY_SLA_URL": "{url[sla]}",
        "GATEWAY_NOTIFY_URL": "{url[notify]}",
    },
}

FORMS: dict[str, dict[str, object]] = {
    "contact": {
        "mailbox": f"support@{DOMAIN}",
        "fields": {
            "email": "email",
            "name": "name",
            "subject": "subject",
            "text": "message",
            "priority": "urgency",
            "company": "company",
            "language": "language",
        },
        "custom_fields": {"order": "order_number"},
    },
}
"""The forms of the demo; each also gets its `secret`."""


@dataclass(frozen=True, slots=True)
class Topology:
    """The addresses and environments of one stack."""

    home: Path
    port_base: int
    secrets: Mapping[str, str] = field(repr=False)

    def port(self, name: str) -> int:
        """The port of something in PORT_OFFSETS."""
        return self.port_base + PORT_OFFSETS[name]

    def url(self, name: str) -> str:
        """The HTTP address of a service, or of `mailbox_http`."""
        return f"http://{HOST}:{self.port(name)}"

    @property
    def bootstrap_servers(self) -> str:
        """Where Kafka listens."""
        return f"{HOST}:{self.port('kafka')}"

    def database_url(self, service: str) -> str:
        """The database of a service, for SQLAlchemy with asyncpg."""
        password = self.secrets[f"database_{service}"]
        return f"postgresql+asyncpg://{service}:{password}@{HOST}:{self.port('postgres')}/{service}"

    def env(self, service: Service) -> dict[str, str]:
        """Every variable that a service of this stack is configured by."""
        values = {
            "home": str(self.home),
            "name": service.name,
            "secret": self.secrets,
            "port": {name: self.port(name) for name in PORT_OFFSETS},
            "url": {name: self.url(name) for name in PORT_OFFSETS},
        }
        env = {service.prefix + key: _fill(value, values) for key, value in COMMON.items()}
        env |= {key: _fill(value, values) for key, value in SPECIFIC.get(service.name, {}).items()}
        for key, value in TUNABLE.items():
            env[service.prefix + key] = os.environ.get(service.prefix + key, value)
        env[service.prefix + "DATABASE_URL"] = self.database_url(service.name)
        return env

    def write_forms(self) -> Path:
        """Write the configuration of the demo forms, with their secrets, for ingest."""
        path = self.home / "forms.json"
        replace_text(path, forms_file(self.secrets), mode=0o600)
        return path


def forms_file(secrets: Mapping[str, str]) -> str:
    """The configuration of the demo forms as ingest reads it (JSON)."""
    forms = {name: {"secret": secrets[f"form_{name}"], **form} for name, form in FORMS.items()}
    return json.dumps(forms, indent=2) + "\n"


def _fill(template: str, values: Mapping[str, object]) -> str:
    # `{port[{name}]}` is the one nested place: the name goes in first.
    return template.replace("{name}", str(values["name"])).format_map(values)
