"""What is left out of a list is retired, and not gone: what tickets, rules and reports hold by key stays readable."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from deskstream_contracts.wire import WireModel

M = TypeVar("M", bound=WireModel)


def retired(before: Sequence[M], wanted: Sequence[M], key: Callable[[M], str]) -> list[M]:
    """Those of `before` that are not in `wanted` by their key, switched off (`active`), in their order."""
    kept = {key(one) for one in wanted}
    return [one.model_copy(update={"active": False}) for one in before if key(one) not in kept]
