"""Who waits for whom: what is quick to read passes by what is slow, and who sends what is slow waits behind the others. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final
from uuid import UUID

from ingest_svc.domain.receipts import Receipt

LARGE_BYTES: Final = 256 * 1024
MOST_ATTEMPTS: Final = 5
"""So often a message is tried; one that was under way each time when sorting broke off is to blame for it."""
MOST_SLOW: Final = 500
"""More messages that are slow to read do not wait: it would be minutes until they were read."""

PARSER_START_SECONDS: Final = 1.0
"""What a parser's end and its new start cost."""
MOST_BEHIND_SECONDS: Final = 30.0
"""So long an answer waits for what it may answer."""

_MB: Final = 1024 * 1024
_SECONDS_A_MB: Final = 0.2
_HALF_LIFE_SECONDS: Final = 60.0
_SENDER_SECONDS: Final = 0.25
_RELAY_SECONDS: Final = 1.0
_MOST_DEBTORS: Final = 10_000


class Lane(IntEnum):
    """Where a receipt waits. LARGE, INDEBTED and SLOW are read one at a time, beside the quick ones, in this order."""

    QUICK = 0
    LARGE = 1
    INDEBTED = 2
    """Nobody has tried it: its sender or relay has sent much that is slow."""
    SLOW = 3
    """It was too slow for the quick lane, or was under way when sorting broke off."""
    BEHIND = 4
    """It may answer a message that is in another lane; with the end of that one it goes back into the quick lane."""


def lane_of(size: int) -> Lane:
    """The lane in which a message of so many bytes begins."""
    return Lane.LARGE if size > LARGE_BYTES else Lane.QUICK


@dataclass(frozen=True, slots=True)
class Waiting:
    """A receipt that waits outside the quick lane; `waits_since`: when it was received, in Unix seconds."""

    id: UUID
    lane: Lane
    attempts: int
    peer: str | None
    envelope_from: str | None
    relay_trusted: bool
    size: int = 0
    waits_since: float = 0.0

    def fair_seconds(self, seconds: float) -> float:
        """CPU time that a message of its size may have, where any may have so many seconds."""
        return seconds + self.size / _MB * _SECONDS_A_MB


Sent = Receipt | Waiting
_Debtor = tuple[str, str]


class Debts:
    """Seconds of reading that senders and relays have cost beyond the usual, each halved every minute."""

    def __init__(self) -> None:
        self._owed: dict[_Debtor, tuple[float, float]] = {}

    def charge(self, sent: Sent, seconds: float, now: float) -> None:
        """`now` is monotonic, in seconds."""
        for debtor, _ in _debtors(sent):
            self._owed[debtor] = (self._of(debtor, now) + seconds, now)
        if len(self._owed) > _MOST_DEBTORS:
            kept = sorted(self._owed, key=lambda debtor: self._of(debtor, now))[_MOST_DEBTORS // 2 :]
            self._owed = {debtor: self._owed[debtor] for debtor in kept}

    def is_indebted(self, sent: Sent, now: float) -> bool:
        """Whether its sender, or its relay where that is no trusted one, has cost more than a share of their own."""
        return any(self._of(debtor, now) > most for debtor, most in _debtors(sent))

    def next(self, waiting: Iterable[Waiting], now: float) -> Waiting | None:
        """Whose turn it is: by lane, then who owes the least, then who came first.

        What is large waits a second more for each MB that others have less. Where its sender has cost more than their share, it
        waits with those of its kind.
        """
        return min(waiting, key=lambda w: self._place(w, now), default=None)

    def _place(self, waiting: Waiting, now: float) -> tuple[Lane, float, UUID]:
        if waiting.lane is not Lane.LARGE:
            return waiting.lane, self._owes(waiting, now), waiting.id
        if self.is_indebted(waiting, now):
            return Lane.INDEBTED, self._owes(waiting, now), waiting.id
        return waiting.lane, waiting.waits_since + waiting.size / _MB, waiting.id

    def _owes(self, sent: Sent, now: float) -> float:
        return max(self._of(debtor, now) for debtor, _ in _debtors(sent))

    def _of(self, debtor: _Debtor, now: float) -> float:
        owed, since = self._owed.get(debtor, (0.0, now))
        return float(owed * 0.5 ** ((now - since) / _HALF_LIFE_SECONDS))


def _debtors(sent: Sent) -> tuple[tuple[_Debtor, float], ...]:
    peer, sender = sent.peer or "", (sent.envelope_from or "").lower()
    by_sender = ((peer, sender), _SENDER_SECONDS)
    # What comes through our own relay comes from everybody: the whole of it owes nothing.
    return (by_sender,) if sent.relay_trusted else (by_sender, ((peer, ""), _RELAY_SECONDS))
