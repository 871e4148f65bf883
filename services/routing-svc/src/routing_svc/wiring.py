"""The only place of routing-svc that constructs anything."""

from functools import partial

from fastapi import APIRouter

from deskstream_chassis.run.assembly import Assembly
from deskstream_chassis.run.service import Service
from routing_svc.adapters.expressions import CelExpressions
from routing_svc.api.rules import rule_routes
from routing_svc.api.workforce import workforce_routes
from routing_svc.messaging.published import published
from routing_svc.messaging.subscriptions import SUBSCRIPTIONS
from routing_svc.persistence.configuration_cache import ConfigurationCache
from routing_svc.persistence.tables import chassis_tables
from routing_svc.persistence.unit import RoutingUnit
from routing_svc.settings import Settings


def assemble(settings: Settings) -> tuple[Assembly[RoutingUnit], list[APIRouter]]:
    """The mechanics, and the routes on them."""
    known = ConfigurationCache(CelExpressions())
    base = Assembly("routing-svc", settings, chassis_tables, partial(RoutingUnit, known=known, publish=published), SUBSCRIPTIONS)
    return base, [
        workforce_routes(base.commands, base.engine),
        rule_routes(base.commands, base.engine, known, base.clock),
    ]


def build(settings: Settings, role: str) -> Service:
    base, routes = assemble(settings)
    return base.service(role, routes)
