"""A received message is sorted: what became of it is decided, written into the ledger, and published."""

from dataclasses import dataclass

from ingest_svc.domain.sorting import Examined, Waits, decide
from ingest_svc.domain.verdicts import Verdict, verdict
from ingest_svc.messaging.published import published
from ingest_svc.persistence.unit import IngestUnit


@dataclass(frozen=True, slots=True)
class SortMessage:
    """The messages of a batch share a unit, and so the look-ups: each one sees those before it."""

    examined: Examined

    def needs(self, unit: IngestUnit) -> None:
        unit.earlier.need(self.examined)

    def handle(self, unit: IngestUnit) -> Verdict | Waits:
        decision = decide(self.examined, unit.earlier.mail, unit.desk)
        if isinstance(decision, Waits):
            unit.verdicts.put_behind(decision)
            return decision
        decided = verdict(decision, unit.now)
        unit.verdicts.add(decided)
        unit.record(*published(decision))
        return decided
