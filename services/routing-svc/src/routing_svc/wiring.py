"""The only place of routing-svc that constructs anything."""

from functools import partial

from deskstream_chassis.run.assembly import Assembly
from deskstream_chassis.run.service import Service
from deskstream_chassis.store.kept import Kept
from routing_svc.adapters.expressions import CelExpressions
from routing_svc.adapters.trials import Trials
from routing_svc.api.decisions import decision_reads
from routing_svc.api.rules import configuration_reads, trial_reads
from routing_svc.api.workforce import workforce_reads
from routing_svc.commands import COMMANDS
from routing_svc.persistence.configuration_cache import ConfigurationCache
from routing_svc.persistence.unit import RoutingUnit
from routing_svc.settings import Settings
from routing_svc.subscriptions import SUBSCRIPTIONS


def build(settings: Settings, role: str) -> Service:
    """`role`: api, worker, or all of it in one process. Nothing is connected to before the service runs."""
    cache = ConfigurationCache(CelExpressions())
    base = Assembly("routing-svc", settings, partial(RoutingUnit, cache=cache), SUBSCRIPTIONS, COMMANDS)
    base.kept.append(Kept("decisions", "at", settings.keep_decisions_days))
    trials = Trials()
    reads = [
        workforce_reads(base.engine),
        configuration_reads(base.engine, cache),
        trial_reads(base.engine, cache, base.clock, trials),
        decision_reads(base.engine),
    ]
    return base.service(role, reads, doors=[trials.pool])
