"""What the tests of a run have really done: routes that answered, use cases that were handled, refusals that were raised.

A route, a use case or a refusal without any test is found by holding this against what there is.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import wraps
from types import ModuleType
from typing import Any, Final

from fastapi import FastAPI
from starlette.types import Scope

from deskstream_chassis.refusals import Refusal
from deskstream_chassis.web import timing

_ANSWERED: Final = range(200, 400)


@dataclass(slots=True)
class Witness:
    """Names of what was seen: `METHOD /path` of a service's title, and classes by module and name."""

    routes: set[tuple[str, str]] = field(default_factory=set)
    use_cases: set[str] = field(default_factory=set)
    refusals: set[str] = field(default_factory=set)

    def watch(self) -> None:
        """From now on every answer and every refusal is noted."""
        observe, refuse = timing.observe, Refusal.__init__

        def observed(scope: Scope, status: int, started: float) -> None:
            route = timing.template_of(scope)
            if route is not None and status in _ANSWERED:
                self.routes.add((scope["app"].title, f"{scope['method']} {route}"))
            observe(scope, status, started)

        def refused(refusal: Refusal, *arguments: Any, **named: Any) -> None:
            self.refusals.add(name_of(type(refusal)))
            refuse(refusal, *arguments, **named)

        for owner, name, instead in ((timing, "observe", observed), (Refusal, "__init__", refused)):
            setattr(owner, name, instead)

    def follow(self, use_cases: Iterable[type[Any]]) -> None:
        """From now on it is noted when one of these is handled."""
        for use_case in use_cases:
            use_case.handle = self._noting(use_case, use_case.handle)

    def _noting(self, use_case: type[object], handle: Callable[..., object]) -> Callable[..., object]:
        @wraps(handle)
        def noted(*arguments: object) -> object:
            self.use_cases.add(name_of(use_case))
            return handle(*arguments)

        return noted


def name_of(class_: type[object]) -> str:
    return f"{class_.__module__}.{class_.__qualname__}"


def modules_of(package: str) -> list[ModuleType]:
    """All modules of a service's package, imported; its entry point aside."""
    root = importlib.import_module(package)
    names = [m.name for m in pkgutil.walk_packages(root.__path__, f"{package}.") if not m.name.endswith("__main__")]
    return [root, *map(importlib.import_module, names)]


def use_cases_of(package: str) -> list[type[Any]]:
    """Every class of the handlers that has what a use case has: `needs` and `handle`."""
    return list(_classes(package, lambda c: hasattr(c, "needs") and hasattr(c, "handle"), f"{package}.handlers."))


def refusals_of(package: str) -> list[type[Refusal]]:
    """Every refusal that the package defines."""
    return list(_classes(package, lambda c: issubclass(c, Refusal), f"{package}."))


def routes_of(app: FastAPI) -> set[str]:
    """Every route that is published: `METHOD /path`."""
    return {f"{method.upper()} {path}" for path, methods in app.openapi()["paths"].items() for method in methods}


def _classes(package: str, fits: Callable[[type[Any]], bool], within: str) -> Iterator[type[Any]]:
    for module in modules_of(package):
        for _, class_ in inspect.getmembers(module, inspect.isclass):
            if class_.__module__ == module.__name__ and class_.__module__.startswith(within) and fits(class_):
                yield class_
