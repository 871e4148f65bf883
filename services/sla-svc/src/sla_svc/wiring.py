"""The only place of sla-svc that constructs anything."""

from functools import partial
from typing import Final

from deskstream_chassis.bus.subscriber import Subscriber
from deskstream_chassis.run.assembly import Assembly
from deskstream_chassis.run.service import Service
from deskstream_chassis.store.kept import Kept
from sla_svc.adapters.holidays import is_holiday_of
from sla_svc.api.checks import ConfigurationChecks
from sla_svc.api.clocks import clock_reads
from sla_svc.api.configuration import configuration_reads
from sla_svc.commands import COMMANDS
from sla_svc.handlers.follow_configuration import OpenTicketsFollow
from sla_svc.persistence.configuration_cache import ConfigurationCache
from sla_svc.persistence.unit import SlaUnit
from sla_svc.settings import Settings
from sla_svc.subscriptions import SUBSCRIPTIONS
from sla_svc.workers.alarm import Alarm
from sla_svc.workers.catching_up import CatchingUp
from sla_svc.workers.timers import WAITING, TimerWorker

_KINDS: Final = {OpenTicketsFollow.kind: OpenTicketsFollow.of}


def build(settings: Settings, role: str) -> Service:
    """`role`: api, worker, or all of it in one process. Nothing is connected to before the service runs."""
    cache, alarm = ConfigurationCache(is_holiday_of), Alarm()
    base = Assembly("sla-svc", settings, partial(SlaUnit, cache=cache, expect=alarm.expect), SUBSCRIPTIONS, COMMANDS, _KINDS)
    base.on_commit.append(alarm.committed)
    base.waiting.append(WAITING)
    base.kept.append(Kept("outcomes", "at", settings.keep_outcomes_days))
    timers = TimerWorker(
        base.pool,
        base.open_unit,
        alarm,
        base.clock,
        base.committed,
        base.tracing,
        batch=settings.timer_batch,
        catch_up_seconds=settings.timer_catch_up_seconds,
    )
    reads = [configuration_reads(base.engine, cache), clock_reads(base.engine, cache, base.clock)]
    checks = ConfigurationChecks(base.engine, cache)
    service = base.service(role, reads, [timers], doors=[checks.pool])
    service.app.state.checks = checks
    for worker in service.workers:
        if isinstance(worker, Subscriber):
            timers.caught_up = CatchingUp(worker).caught_up
    return service
