"""Query parameters: one that a route does not know is refused, as a misspelt filter would show everything in silence."""

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final
from weakref import WeakKeyDictionary

from fastapi import Query, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict

from deskstream_chassis.refusals import Invalid

_KNOWN: Final[WeakKeyDictionary[Callable[..., Any], frozenset[str]]] = WeakKeyDictionary()
_ANY: Final = "*"


class Others(BaseModel):
    """Parameters that nobody here knows."""

    model_config = ConfigDict(extra="allow")


async def others_too(_: Annotated[Others, Query(include_in_schema=False)]) -> None:
    """A dependency of routes that other systems call, which may add what they like to an address."""


async def only_known(request: Request) -> None:
    """A dependency of every route. Raises Invalid, which points to the first parameter that is not known.

    A route whose parameters are a model with `extra="allow"` is left alone: the model says which it takes.
    """
    route = request.scope.get("route")
    if not request.scope.get("query_string") or not isinstance(route, APIRoute):
        return
    known = _names(route)
    if _ANY in known:
        return
    for name in request.query_params:
        if name not in known:
            told = f"; there are {', '.join(sorted(known))}" if known else ""
            raise Invalid(f"There is no parameter {name[:100]!r} here{told}.", pointer=f"#/query/{name[:100]}")


def _names(route: APIRoute) -> frozenset[str]:
    known = _KNOWN.get(route.endpoint)
    if known is None:
        known = _KNOWN[route.endpoint] = frozenset(_query(route.dependant))
    return known


def _query(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        model = field.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield from (inner.alias or name for name, inner in model.model_fields.items())
            if model.model_config.get("extra") == "allow":
                yield _ANY
        else:
            yield field.alias
    for dependency in dependant.dependencies:
        yield from _query(dependency)
