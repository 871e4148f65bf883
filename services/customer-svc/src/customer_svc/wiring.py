"""The only place of customer-svc that constructs anything."""

from functools import partial

from customer_svc.adapters.language_detection import EldcDetector
from customer_svc.adapters.public_domains import ListedDomains
from customer_svc.api.customers import customer_reads
from customer_svc.api.organizations import organization_reads
from customer_svc.commands import COMMANDS
from customer_svc.domain.languages import Languages
from customer_svc.domain.policy import CustomerPolicy
from customer_svc.handlers.join_by_domain import JoinByDomain
from customer_svc.persistence.unit import CustomerUnit
from customer_svc.settings import Settings
from customer_svc.subscriptions import SUBSCRIPTIONS
from deskstream_chassis.run.assembly import Assembly
from deskstream_chassis.run.service import Service


def build(settings: Settings, role: str) -> Service:
    """`role`: api, worker, or all of it in one process. Nothing is connected to before the service runs."""
    languages = Languages(settings.supported_languages, settings.fallback_language)
    policy = CustomerPolicy(languages, EldcDetector(), ListedDomains(), settings.auto_create_organizations)
    base = Assembly(
        "customer-svc",
        settings,
        partial(CustomerUnit, policy=policy),
        SUBSCRIPTIONS,
        COMMANDS,
        {JoinByDomain.kind: JoinByDomain.of},
    )
    return base.service(role, [customer_reads(base.engine), organization_reads(base.engine)])
