"""The only place of customer-svc that constructs anything."""

from datetime import datetime

from customer_svc.adapters.language_detection import EldcDetector
from customer_svc.adapters.public_domains import ListedDomains
from customer_svc.api.customers import customer_reads
from customer_svc.api.organizations import organization_reads
from customer_svc.api.settings import DOCUMENTS, PolicyInForce
from customer_svc.commands import COMMANDS
from customer_svc.handlers.join_by_domain import JoinByDomain
from customer_svc.persistence.unit import CustomerUnit
from customer_svc.settings import Settings
from customer_svc.subscriptions import SUBSCRIPTIONS
from deskstream_chassis.run.assembly import Assembly
from deskstream_chassis.run.service import Service
from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.outbox import Outbox


def build(settings: Settings, role: str) -> Service:
    """`role`: api, worker, or all of it in one process. Nothing is connected to before the service runs."""

    def unit(connection: Connection, outbox: Outbox, now: datetime) -> CustomerUnit:
        return CustomerUnit(connection, outbox, now, policy=policy.now())

    kinds = {JoinByDomain.kind: JoinByDomain.of}
    base = Assembly("customer-svc", settings, unit, SUBSCRIPTIONS, COMMANDS, kinds, documents=DOCUMENTS)
    policy = PolicyInForce(base.in_force, EldcDetector(), ListedDomains())
    return base.service(role, [customer_reads(base.engine), organization_reads(base.engine)])
