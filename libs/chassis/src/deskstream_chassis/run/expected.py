"""Wakes after the commit that has left work, and after no other: looking for work costs a transaction."""

from collections.abc import Callable


class Expected:
    """`expect` in a transaction, `committed` after it."""

    def __init__(self) -> None:
        self._wakes: set[Callable[[], None]] = set()

    def expect(self, wake: Callable[[], None]) -> None:
        """The transaction leaves work: `wake` is called at the next `committed`, once however often it is expected."""
        self._wakes.add(wake)

    def committed(self) -> None:
        """What was expected is there now."""
        wakes, self._wakes = self._wakes, set()
        for wake in wakes:
            wake()
