"""Whatever waits for a later attempt is to be tried now."""

from dataclasses import dataclass

from notify_svc.persistence.unit import NotifyUnit


@dataclass(frozen=True, slots=True)
class HurryDeliveries:
    def needs(self, unit: NotifyUnit) -> None:
        unit.kept.need_waiting()

    def handle(self, unit: NotifyUnit) -> int:
        unit.hurry()
        return unit.kept.waiting
