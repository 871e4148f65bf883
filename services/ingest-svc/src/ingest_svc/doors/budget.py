"""What sessions of an SMTP door may hold together: so many of a peer, and so many bytes that are not yet in the ledger.

Where the bytes are too many, nobody who comes is turned away for it: the session that holds the most ends, of the peer that
holds the most. So a few that never finish cannot keep the others out.
"""

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

S = TypeVar("S", bound=Hashable)
_FOR_STRANGERS: Final = 0.8


@dataclass(frozen=True, slots=True)
class Limits:
    """`sessions` at a time, of them `peer_sessions` from one address that is no relay of ours; strangers leave a fifth of all to
    our relays. `bytes`: of all messages together that have begun and are not yet stored."""

    sessions: int = 500
    peer_sessions: int = 20
    bytes: int = 96 * 1024 * 1024


class Budget(Generic[S]):
    """Of one door; a session is whatever names one."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._peers: dict[S, str] = {}
        self._strangers: defaultdict[str, set[S]] = defaultdict(set)
        self._bytes: dict[S, int] = {}
        self.held = 0

    def __len__(self) -> int:
        return len(self._peers)

    def begin(self, session: S, peer: str, trusted: bool) -> bool:
        """Takes a session in, or not, where there are too many."""
        if len(self._peers) >= self._limits.sessions:
            return False
        if not trusted:
            of_strangers = sum(map(len, self._strangers.values()))
            if of_strangers >= self._limits.sessions * _FOR_STRANGERS:
                return False
            if len(self._strangers.get(peer, ())) >= self._limits.peer_sessions:
                return False
            self._strangers[peer].add(session)
        self._peers[session] = peer
        return True

    def end(self, session: S) -> None:
        """Forgets a session; one that was not taken in is none."""
        self.hold(session, 0)
        peer = self._peers.pop(session, None)
        if peer is not None and peer in self._strangers:
            self._strangers[peer].discard(session)
            if not self._strangers[peer]:
                del self._strangers[peer]

    def hold(self, session: S, held: int) -> S | None:
        """Says how many bytes a session holds now. Returns the session that has to end for it, or None."""
        self.held += held - self._bytes.pop(session, 0)
        if held:
            self._bytes[session] = held
        if self.held <= self._limits.bytes:
            return None
        of_peers: defaultdict[str, int] = defaultdict(int)
        for holder, size in self._bytes.items():
            of_peers[self._peers.get(holder, "")] += size
        worst = max(of_peers, key=lambda peer: of_peers[peer])
        return max((s for s in self._bytes if self._peers.get(s, "") == worst), key=lambda s: self._bytes[s])
