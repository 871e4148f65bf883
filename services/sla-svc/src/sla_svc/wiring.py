"""The only place of sla-svc that constructs anything."""

import time
from collections.abc import Callable
from functools import partial

from fastapi import APIRouter
from prometheus_client import REGISTRY

from deskstream_chassis.bus.subscriber import Subscriber
from deskstream_chassis.run.assembly import Assembly
from deskstream_chassis.run.service import Service
from deskstream_contracts.topics import TICKETS
from sla_svc.api.clocks import clock_routes
from sla_svc.api.configuration import configuration_routes
from sla_svc.messaging.published import published
from sla_svc.messaging.subscriptions import SUBSCRIPTIONS
from sla_svc.persistence.configuration_cache import ConfigurationCache
from sla_svc.persistence.tables import chassis_tables
from sla_svc.persistence.unit import SlaUnit
from sla_svc.settings import Settings
from sla_svc.workers.timers import WAITING, Alarm, TimerWorker

_SETTLED_AFTER = 1.5


def assemble(settings: Settings) -> tuple[Assembly[SlaUnit], TimerWorker, list[APIRouter]]:
    """The mechanics, the timers, and the routes on them."""
    known, alarm = ConfigurationCache(), Alarm()
    open_unit = partial(SlaUnit, known=known, publish=published, expect=alarm.expect)
    base = Assembly("sla-svc", settings, chassis_tables, open_unit, SUBSCRIPTIONS)
    alarm.clock = base.clock
    base.on_commit.append(alarm.committed)
    base.waiting.append(WAITING)
    timers = TimerWorker(
        base.pool,
        chassis_tables,
        open_unit,
        alarm,
        base.relay.wake,
        base.tracing,
        batch=settings.timer_batch,
        catch_up_seconds=settings.timer_catch_up_seconds,
    )
    routes = [
        configuration_routes(base.commands, base.engine, known),
        clock_routes(base.engine, known, base.clock),
    ]
    return base, timers, routes


def build(settings: Settings, role: str) -> Service:
    base, timers, routes = assemble(settings)
    service = base.service(role, routes, [timers])
    for worker in service.workers:
        if isinstance(worker, Subscriber):
            timers.caught_up = _caught_up(worker)
    return service


def _caught_up(subscriber: Subscriber) -> Callable[[], bool]:
    """Whether the consumer has been there for a moment and has nothing of the tickets left to take."""
    ready_since: list[float] = []

    def caught_up() -> bool:
        if not subscriber.ready:
            ready_since.clear()
            return False
        ready_since.append(time.monotonic())
        del ready_since[1:]
        lag = REGISTRY.get_sample_value("deskstream_consumer_lag_messages", {"topic": TICKETS.name})
        return not lag and time.monotonic() - ready_since[0] >= _SETTLED_AFTER

    return caught_up
