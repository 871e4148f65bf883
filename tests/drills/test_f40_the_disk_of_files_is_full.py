"""F40: the disk that files lie on is full; then there is room again."""

import secrets
from collections.abc import Callable

import httpx

from tests.drills.conftest import Disk, started
from tests.faults.conftest import Broken, Load
from tests.faults.observed import count

LARGE = 3_000_000


def test_f40_with_the_disk_of_files_full_an_upload_says_so_and_mail_is_taken(desk: Broken, disk: Callable[..., Disk]) -> None:
    small = disk(desk.stack.home / "files", 32)
    started(desk)
    assert _upload(desk).status_code == 201
    small.fill()
    with Load(desk, 40, 20) as traffic:
        refused = _upload(desk)
        assert (refused.status_code, refused.headers["content-type"]) == (507, "application/problem+json")
        assert refused.json()["detail"] == "There is no room left for files."
    traffic.check()
    assert count(desk.stack, "ticket", "files") == 1
    assert list((desk.stack.home / "files").glob("*.part")) == []
    small.free()
    assert _upload(desk).status_code == 201


def _upload(desk: Broken) -> httpx.Response:
    return desk.desk.api_response("POST", "/files", content=secrets.token_bytes(LARGE), role="agent")
