"""Puts a process together of the chassis's parts, so that a service's wiring names only what is its own."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Generic

from fastapi import APIRouter, FastAPI

from deskstream_chassis.bus.consumer import BatchProcessor, Subscriptions
from deskstream_chassis.bus.processor import Processor
from deskstream_chassis.bus.relay import Relay
from deskstream_chassis.bus.subscriber import Subscriber
from deskstream_chassis.documents.in_force import InForce
from deskstream_chassis.documents.putting import KeptDocument, WithDocuments
from deskstream_chassis.documents.routes import document_commands, document_reads
from deskstream_chassis.run.chassis_tables import kept_by_chassis, kept_parked
from deskstream_chassis.run.clock import Clock, DatabaseClock
from deskstream_chassis.run.expected import Expected
from deskstream_chassis.run.history_keeper import HistoryKeeper
from deskstream_chassis.run.process_worker import Kinds, ProcessWorker
from deskstream_chassis.run.retention import Retention
from deskstream_chassis.run.service import Disposable, Service
from deskstream_chassis.run.settings import ServiceSettings
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store.announcer import Announcer
from deskstream_chassis.store.asyncpg_pool import AsyncpgPool
from deskstream_chassis.store.database import Connection, create_engine
from deskstream_chassis.store.kept import Kept
from deskstream_chassis.store.outbox import Outbox
from deskstream_chassis.store.unit import U, UnitFactory
from deskstream_chassis.watch import metrics
from deskstream_chassis.watch.backlog import OUTBOX, PARKED, PROCESSES, Backlog, Waiting
from deskstream_chassis.watch.tracing import Tracing
from deskstream_chassis.web.commands import Commands, CommandTable, command_routes
from deskstream_chassis.web.http import create_app, health_routes, parked_routes
from deskstream_chassis.web.jobs import job_routes
from deskstream_contracts.catalogue import EVENTS
from deskstream_contracts.topics import Retention as TopicRetention
from deskstream_contracts.topics import Topic


class Base:
    """What every process of Deskstream has: database, clock, tracing, an application, and a consumer where it hears something."""

    def __init__(self, name: str, settings: ServiceSettings, clock: Clock | None = None) -> None:
        self.name = name
        self.settings = settings
        self.engine = create_engine(
            settings.database_url.get_secret_value(), settings.database_pool_size, settings.database_read_seconds
        )
        self.pool = AsyncpgPool(settings.database_url.get_secret_value(), settings.database_pool_size)
        self._database_clock = DatabaseClock(self.pool)
        self.clock = clock or self._database_clock
        self.tracing = Tracing.configure(name, settings.otlp_endpoint)
        self.waiting: list[Waiting] = [PARKED]
        """What is looked at every few seconds; a service adds its own queues."""
        self.kept: list[Kept] = [kept_parked(settings)]
        """What is not kept for ever; a service adds its own tables."""

    def app(self, title: str, openapi_url: str = "/openapi.json") -> FastAPI:
        return create_app(title, self.settings.internal_public_key, self.tracing, openapi_url, self.clock)

    def subscriber(self, processor: Processor, topics: Sequence[Topic], group: str, gather_ms: int = 0) -> Subscriber:
        return Subscriber(
            kafka=self.settings.kafka,
            service=group,
            instance=self.settings.instance,
            topics=sorted(topic.name for topic in topics),
            processor=processor,
            max_batch=self.settings.consumer_max_batch,
            session_timeout_ms=self.settings.consumer_session_timeout_ms,
            gather_ms=gather_ms,
            max_linger_seconds=self.settings.max_linger_seconds,
        )

    async def _look_first(self) -> None:
        await self._database_clock.look()

    def assembled(
        self,
        app: FastAPI,
        processor: Processor,
        workers: Sequence[Worker],
        uploads: Mapping[str, int] | None = None,
        other_pools: Sequence[Disposable] = (),
    ) -> Service:
        """The process, with `workers` beside its application."""
        running = [*workers, self._database_clock]
        app.include_router(health_routes(self.pool, workers))
        return Service(
            self.name,
            self.settings,
            self.engine,
            app,
            self.tracing,
            running,
            processor,
            pool=self.pool,
            other_pools=other_pools,
            before_all=self._look_first,
            uploads=uploads or {},
        )


class Assembly(Base, Generic[U]):
    """A service that owns state: commands, relay and consumer on its unit of work; `service` makes of it what runs in a role.

    What a service adds to `on_commit` is called after each transaction that may have left it work (the relay is there already);
    what it `expected` in one, after that alone.
    `kinds` is all its long work, `documents` all of its settings that people change: what is in force `in_force` knows.
    """

    def __init__(
        self,
        name: str,
        settings: ServiceSettings,
        unit_factory: UnitFactory[U],
        subscriptions: Subscriptions[U],
        commands: CommandTable | None = None,
        kinds: Kinds | None = None,
        clock: Clock | None = None,
        documents: Sequence[KeptDocument[Any]] = (),
    ) -> None:
        super().__init__(name, settings, clock)
        self._unit_factory = unit_factory
        own = [event for event in EVENTS if event.topic.owner == name]
        self._aggregates = sorted({event.topic.name for event in own if event.topic.retention is TopicRetention.AGGREGATE})
        self._documents = documents
        self.in_force = InForce(self.pool, [kept.document for kept in documents])
        self._command_table: CommandTable = {**(commands or {}), **document_commands(documents)}
        self.announcer = Announcer(self.pool)
        self.relay = Relay(
            self.pool,
            settings.kafka,
            f"{name}-relay-{settings.instance}",
            self.tracing,
            self.announcer,
            settings.relay_poll_seconds,
            settings.relay_patience_seconds,
            kept=self._aggregates,
        )
        self.on_commit: list[Callable[[], None]] = [self.relay.wake]
        self.commands = Commands(self.pool, self.open_unit, self.clock, self.tracing, self.committed)
        self.processor = BatchProcessor(
            engine=self.pool,
            subscriptions=subscriptions,
            open_unit=self.open_unit,
            clock=self.clock,
            tracing=self.tracing,
            after_commit=self.committed,
        )
        self.processes = ProcessWorker(self.pool, self.open_unit, kinds or {}, self.clock, self.committed, settings.process_chunk)
        self._has_processes = bool(kinds)
        self.expected = Expected()
        if kinds:
            self.waiting.append(PROCESSES)
        self.waiting.insert(0, OUTBOX)
        self.kept += kept_by_chassis(settings)
        metrics.zero(metrics.EVENTS, {event.event_type() for event in own})
        metrics.zero(metrics.PUBLISHED, {event.topic.name for event in own})
        self._topics = sorted({event.topic for event in subscriptions}, key=lambda topic: topic.name)

    def open_unit(self, connection: Connection, now: datetime) -> U:
        """A unit of work in a transaction; the events it records are this service's."""
        unit = self._unit_factory(connection, Outbox(connection, f"/deskstream/{self.name}"), now)
        unit.processes.begun = partial(self.expected.expect, self.processes.wake)
        if isinstance(unit, WithDocuments):
            unit.documents.written = partial(self.expected.expect, self.in_force.wake)
        return unit

    async def _look_first(self) -> None:
        await super()._look_first()
        if self._documents:
            await self.in_force.look()

    def committed(self) -> None:
        """To be called after a commit that may have left work to others."""
        for wake in self.on_commit:
            wake()
        self.expected.committed()

    def service(
        self,
        role: str,
        routes: Sequence[APIRouter],
        workers: Sequence[Worker] = (),
        doors: Sequence[Worker] = (),
        uploads: Mapping[str, int] | None = None,
    ) -> Service:
        """What runs in `role`: commands, `routes` (reads) and `doors` (other listeners) with the API, `workers` with the worker.

        `uploads`: where a body may have another size than elsewhere (beginning of a path → bytes).
        """
        app = self.app(self.name)
        running: list[Worker] = [self.announcer]
        if self._documents:
            running.append(self.in_force)
        if role in ("all", "worker"):
            running += [self.relay, Backlog(self.pool, self.waiting), Retention(self.pool, self.kept), *workers]
            if self._has_processes:
                running.append(self.processes)
            if self._aggregates:
                running.append(HistoryKeeper(self.pool, self.settings.history_months))
            if self._topics:
                running.append(self.subscriber(self.processor, self._topics, self.name))
        if role in ("all", "api"):
            running.extend(doors)
            app.include_router(command_routes(self.commands, self._command_table))
            if self._documents:
                app.include_router(document_reads(self.engine, self._documents))
            for router in routes:
                app.include_router(router)
            if self._has_processes:
                app.include_router(job_routes(self.name.removesuffix("-svc"), self.engine, self.processes.wake))
        app.include_router(parked_routes(self.engine, self.processor))
        return self.assembled(app, self.processor, running, uploads=uploads)
