"""The only place of the gateway that constructs anything.

It composes the chassis's pieces itself: it has no outbox, as it tells nothing, and no inbox, as its rows carry versions.
"""

from typing import Any

import httpx
from fastapi import APIRouter, Depends, FastAPI
from fastapi.security import HTTPBearer
from pydantic import ValidationError

from deskstream_chassis.bus.subscriber import Subscriber
from deskstream_chassis.run.clock import DatabaseClock
from deskstream_chassis.run.service import Service
from deskstream_chassis.store.asyncpg_pool import AsyncpgPool
from deskstream_chassis.store.database import create_engine
from deskstream_chassis.watch.backlog import PARKED, Backlog
from deskstream_chassis.watch.tracing import Tracing
from deskstream_chassis.web.auth import TokenSigner
from deskstream_chassis.web.http import Worker, create_app, health_routes
from gateway.api.accounts import Accounts
from gateway.api.events import event_routes
from gateway.api.invalid_answers import invalid_answer
from gateway.api.operations import parked_routes, token_routes, view_routes
from gateway.api.people import people_reads
from gateway.api.proxied_routes import proxied_routes
from gateway.api.request_guard import RequestGuard
from gateway.api.schemas import Problem
from gateway.api.tickets import ticket_assignment, ticket_reads
from gateway.domain.cursor import Cursors
from gateway.messaging.live import Live
from gateway.messaging.projections import TOPICS
from gateway.messaging.projector import Projector
from gateway.messaging.rebuild import Rebuilds
from gateway.owners.client import Owners
from gateway.persistence.tokens import Revocations
from gateway.settings import Settings
from gateway.workers.statistics import Statistics

NAME = "gateway"
PREFIX = "/api/v1"


def build(settings: Settings, role: str, to_owners: httpx.AsyncBaseTransport | None = None) -> Service:
    """`to_owners` stands in for the network in tests."""
    engine = create_engine(settings.database_url, settings.database_pool_size)
    tracing = Tracing.configure(NAME, settings.otlp_endpoint)
    projector = Projector(engine, settings.parked_keys_ceiling)
    clock = DatabaseClock(engine)
    signer = TokenSigner(settings.internal_private_key, NAME, clock)
    owners = Owners(owner_urls(settings), signer, tracing, settings.owner_timeout_seconds, to_owners)
    revocations = Revocations(engine)
    rebuilds = Rebuilds(engine, settings.kafka, settings.consumer_group)
    live = Live(settings.kafka)
    accounts = Accounts(settings.token_secrets, revocations, clock)
    cursors = Cursors(settings.token_secrets)

    workers: list[Worker] = [revocations, clock]
    if role in ("all", "worker"):
        workers += [
            _subscriber(settings, projector),
            Backlog(engine, [PARKED]),
            # It reads whole tables, as nothing else does.
            Statistics(AsyncpgPool(settings.database_url, 1, {"enable_seqscan": "on"}), settings.statistics_seconds),
        ]
    app = create_app("Deskstream API", settings.internal_public_key, tracing, f"{PREFIX}/openapi.json", clock)
    app.include_router(health_routes(engine, workers))
    if role in ("all", "api"):
        workers += [rebuilds, live]
        _publish(
            app,
            [
                ticket_reads(engine, cursors, owners),
                ticket_assignment(engine, owners),
                *people_reads(engine, cursors),
                *proxied_routes(owners),
                event_routes(live, accounts, settings.heartbeat_seconds),
                parked_routes(engine, owners, projector),
                view_routes(engine, rebuilds),
                token_routes(revocations),
            ],
        )
    guard(app, accounts, settings.body_limit_bytes)
    return Service(NAME, settings, engine, app, tracing, workers, has_inbox=False, before_all=clock.look)


def guard(app: FastAPI, accounts: Accounts, body_limit_bytes: int) -> None:
    """Puts the guard outside of everything, so that not even an unforeseen error leaves without its headers."""
    app.max_body_size = body_limit_bytes
    app.middleware_stack = RequestGuard(app.build_middleware_stack(), accounts, body_limit_bytes)


def _publish(app: FastAPI, routers: list[APIRouter]) -> None:
    app.add_exception_handler(ValidationError, invalid_answer)
    problems: dict[int | str, dict[str, Any]] = {code: {"model": Problem} for code in (401, 403, 404, 422, 503)}
    # The shield has checked the token by then; this only puts it into the OpenAPI document.
    documented = [Depends(HTTPBearer(auto_error=False))]
    for router in routers:
        app.include_router(router, prefix=PREFIX, responses=problems, dependencies=documented)


def owner_urls(settings: Settings) -> dict[str, str]:
    return {
        "ingest": settings.ingest_url,
        "customer": settings.customer_url,
        "ticket": settings.ticket_url,
        "routing": settings.routing_url,
        "sla": settings.sla_url,
        "notify": settings.notify_url,
    }


def _subscriber(settings: Settings, projector: Projector) -> Subscriber:
    return Subscriber(
        kafka=settings.kafka,
        service=settings.consumer_group,
        instance=settings.instance,
        topics=sorted(topic.name for topic in TOPICS),
        processor=projector,
        max_batch=settings.consumer_max_batch,
        session_timeout_ms=settings.consumer_session_timeout_ms,
        gather_ms=settings.gather_milliseconds,
    )
