"""Fresh reads: a read names the versions that it has seen, and gets at least those."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Final
from uuid import UUID

from fastapi import Header

from deskstream_chassis.store.database import Transactions
from gateway.domain.refusals import NotThereYet
from gateway.persistence import queries

_LONGEST_WAIT_SECONDS: Final = 2.0
_FIRST_LOOK_SECONDS: Final = 0.02
_LONGEST_REST_SECONDS: Final = 0.2
_ONE: Final = r"(ticket|customer|organization|agent|team)/[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}@[1-9][0-9]{0,8}"
Seen = Annotated[
    str | None,
    Header(
        alias="X-Seen",
        description="What the answer must at least have: `<kind>/<id>@<version>` as commands and events have told it, up to 10 "
        "with commas. The read waits for it for 2 s at most; then it is 503, deskstream:problem:not-there-yet.",
        pattern=rf"^{_ONE}( ?, ?{_ONE}){{0,9}}$",
        examples=["ticket/0198c2f0-8f0e-7cc3-8f2e-2f1f3a4b5c6d@7"],
    ),
]


def fresh(database: Transactions) -> Callable[..., Awaitable[None]]:
    """A dependency of routes that read the views: they trail the owners by some milliseconds. Raises NotThereYet."""

    async def wait(seen: Seen = None) -> None:
        if seen is None:
            return
        left = [_parsed(one) for one in seen.split(",")]
        until, rest = time.monotonic() + _LONGEST_WAIT_SECONDS, _FIRST_LOOK_SECONDS
        while left := await _behind(database, left):
            if time.monotonic() + rest > until:
                raise NotThereYet([f"{kind}/{id_}@{version}" for kind, id_, version in left])
            await asyncio.sleep(rest)
            rest = min(2 * rest, _LONGEST_REST_SECONDS)

    return wait


def _parsed(one: str) -> tuple[str, UUID, int]:
    what, _, version = one.strip().partition("@")
    kind, _, id_ = what.partition("/")
    return kind, UUID(id_), int(version)


async def _behind(database: Transactions, seen: list[tuple[str, UUID, int]]) -> list[tuple[str, UUID, int]]:
    """Those that the views do not have yet."""
    async with database.connect() as connection:
        return [one for one in seen if not await queries.has_version(connection, *one)]
