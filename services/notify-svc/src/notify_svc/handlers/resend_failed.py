"""Deliveries that failed since a moment, or with an answer, are to be sent again: a page of them."""

from dataclasses import dataclass
from uuid import UUID

from deskstream_contracts.wire import Actor
from notify_svc.domain.deliveries import CannotBeResent
from notify_svc.handlers.resend_delivery import resent
from notify_svc.persistence.kept_deliveries import FailedFilter
from notify_svc.persistence.unit import NotifyUnit


@dataclass(frozen=True, slots=True)
class ResentPage:
    """`kept_back` could not be sent again; `next` is where the next page goes on, None after the last."""

    resent: int
    kept_back: int
    next: UUID | None


@dataclass(frozen=True, slots=True)
class ResendFailed:
    which: FailedFilter
    by: Actor

    def needs(self, unit: NotifyUnit) -> None:
        unit.kept.need_failed(self.which)

    def handle(self, unit: NotifyUnit) -> ResentPage:
        found, kept_back = list(unit.kept.all()), 0
        for kept in found:
            try:
                resent(unit, kept, self.by)
            except CannotBeResent:
                kept_back += 1
        return ResentPage(len(found) - kept_back, kept_back, found[-1].id if len(found) == self.which.limit else None)
