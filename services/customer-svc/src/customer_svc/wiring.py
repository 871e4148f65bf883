"""The only place of customer-svc that constructs anything."""

from customer_svc.api.customers import customer_routes
from customer_svc.api.organizations import organization_routes
from customer_svc.domain.identification import Languages
from customer_svc.handlers.identify_requester import IdentifyRequester
from customer_svc.messaging.subscriptions import subscriptions
from customer_svc.persistence.domains import ListedDomains
from customer_svc.persistence.languages import EldcDetector
from customer_svc.persistence.tables import mechanics
from customer_svc.persistence.unit import CustomerUnit
from customer_svc.settings import Settings
from deskstream_chassis.assembly import Assembly
from deskstream_chassis.service import Service


def build(settings: Settings, role: str) -> Service:
    languages = Languages(settings.supported_languages, settings.fallback_language)
    domains = ListedDomains()
    identify = IdentifyRequester(languages, EldcDetector(), domains, settings.auto_create_organizations)
    base = Assembly("customer-svc", settings, mechanics, CustomerUnit, subscriptions(identify))
    return base.service(
        role,
        [customer_routes(base.commands, base.engine, languages), organization_routes(base.commands, base.engine, domains)],
    )
