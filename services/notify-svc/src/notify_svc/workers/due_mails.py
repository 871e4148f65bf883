"""Wakes the sender when a commit has left a mail that is due: most commits leave none, and looking costs a transaction."""

from collections.abc import Callable


class DueMails:
    """`expect` in a transaction, `committed` after it. Nobody is woken until `wake` is set: not every process sends."""

    def __init__(self) -> None:
        self.wake: Callable[[], None] = lambda: None
        self._expected = False

    def expect(self) -> None:
        """A transaction makes a mail due; it counts from the next `committed` on."""
        self._expected = True

    def committed(self) -> None:
        """What was expected is there now."""
        if self._expected:
            self._expected = False
            self.wake()
