"""Puts a service's mechanics together, so that its wiring names only what is its own."""

from collections.abc import Callable, Sequence
from typing import Generic

from fastapi import APIRouter

from deskstream_chassis import metrics
from deskstream_chassis.backlog import OUTBOX, PARKED, Backlog
from deskstream_chassis.clock import Clock, DatabaseClock
from deskstream_chassis.commands import Commands
from deskstream_chassis.consumer import BatchProcessor, Subscriptions
from deskstream_chassis.database import create_engine
from deskstream_chassis.hot import HotPool
from deskstream_chassis.http import Worker, create_app, health_routes, parked_routes
from deskstream_chassis.relay import Relay
from deskstream_chassis.schema import Mechanics
from deskstream_chassis.service import Service
from deskstream_chassis.settings import ServiceSettings
from deskstream_chassis.subscriber import Subscriber
from deskstream_chassis.tracing import Tracing
from deskstream_chassis.unit import U, UnitFactory
from deskstream_contracts.catalogue import EVENTS
from deskstream_contracts.wire import Event


class Assembly(Generic[U]):
    """Engine, tracing, commands, relay and consumer of one service; `service` turns them into what runs in a role.

    What a service adds to `on_commit` is called after each transaction that may have left it work (the relay is there already).
    """

    def __init__(
        self,
        name: str,
        settings: ServiceSettings,
        mechanics: Mechanics,
        open_unit: UnitFactory[U],
        subscriptions: Subscriptions[U],
        clock: Clock | None = None,
    ) -> None:
        self.name = name
        self.settings = settings
        self.engine = create_engine(settings.database_url, settings.database_pool_size)
        self.hot = HotPool(settings.database_url, settings.database_pool_size)
        self._database_clock = DatabaseClock(self.hot)
        self.clock = clock or self._database_clock
        self.tracing = Tracing.configure(name, settings.otlp_endpoint)
        self.relay = Relay(
            self.hot,
            settings.kafka,
            f"{name}-relay-{settings.instance}",
            self.tracing,
            settings.relay_poll_seconds,
            settings.relay_patience_seconds,
        )
        self.on_commit: list[Callable[[], None]] = [self.relay.wake]
        self.commands = Commands(self.hot, mechanics, open_unit, self.clock, self.tracing, self._committed)
        self.processor = BatchProcessor(
            engine=self.hot,
            mechanics=mechanics,
            subscriptions=subscriptions,
            open_unit=open_unit,
            clock=self.clock,
            tracing=self.tracing,
            after_commit=self._committed,
            parked_keys_ceiling=settings.parked_keys_ceiling,
        )
        self.waiting = [OUTBOX, PARKED]
        """What is looked at every few seconds; a service adds its own queues."""
        own = [event for event in EVENTS if event.topic.owner == name]
        metrics.zero(metrics.EVENTS, {event.event_type() for event in own})
        metrics.zero(metrics.PUBLISHED, {event.topic.name for event in own})
        self.topics = sorted({event.topic.name for event in subscriptions if issubclass(event, Event)})

    def _committed(self) -> None:
        for wake in self.on_commit:
            wake()

    def service(
        self, role: str, routes: Sequence[APIRouter], workers: Sequence[Worker] = (), doors: Sequence[Worker] = ()
    ) -> Service:
        """What runs in `role`: `routes` and `doors` (other listeners) belong to the API, `workers` to the worker."""
        app = create_app(self.name, self.settings.internal_public_key, self.tracing, clock=self.clock)
        running: list[Worker] = []
        if role in ("all", "worker"):
            running = [self.relay, Backlog(self.hot, self.waiting), *workers]
            if self.topics:
                running.append(self._subscriber())
        if role in ("all", "api"):
            running.extend(doors)
            for router in routes:
                app.include_router(router)
        app.include_router(health_routes(self.engine, running))
        app.include_router(parked_routes(self.engine, self.processor))
        running.append(self._database_clock)
        return Service(
            self.name,
            self.settings,
            self.engine,
            app,
            self.tracing,
            running,
            pool=self.hot,
            processor=self.processor,
            before_all=self._database_clock.look,
        )

    def _subscriber(self) -> Subscriber:
        return Subscriber(
            kafka=self.settings.kafka,
            service=self.name,
            instance=self.settings.instance,
            topics=self.topics,
            processor=self.processor,
            max_batch=self.settings.consumer_max_batch,
            session_timeout_ms=self.settings.consumer_session_timeout_ms,
            most_rest_seconds=self.settings.most_rest_seconds,
        )
