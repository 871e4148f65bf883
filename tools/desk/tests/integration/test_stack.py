"""A real PostgreSQL, a real Kafka and the mailbox: each stands again after what the fault tests do to it."""

import asyncio
import smtplib
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from desk.backup import take
from desk.errors import AlreadyRuns, DeskError
from desk.files import close_to_others
from desk.health import request_json
from desk.paths import HOST
from desk.ports import free_port_base
from desk.stack import Stack
from desk.topics import ensure_topics, exercise
from desk.traffic.broker_requests import BrokerRequests
from desk.traffic.segments import Segments


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("stack") / "desk", free_port_base())
    stack.start_backends()
    stack.start_mailbox()
    stack.wait_ready(30, ["mailbox"])
    yield stack
    stack.stop()
    assert stack.running() == []
    stack.destroy()
    assert not stack.home.exists()


async def _select(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def select(url: str, statement: str) -> object:
    return asyncio.run(_select(url, statement))


def test_each_service_owns_its_database_and_cannot_enter_anothers(stack: Stack) -> None:
    own = stack.database_url("ticket")
    assert select(own, "SELECT current_user || current_database()") == "ticketticket"
    assert select(own, "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = current_user") is False
    with pytest.raises(asyncpg.PostgresError, match="permission denied for database"):
        select(own.removesuffix("ticket") + "sla", "SELECT 1")
    with pytest.raises(asyncpg.InvalidPasswordError):
        select(own.replace("ticket:", "sla:"), "SELECT 1")


def test_what_was_committed_survives_a_crash_of_postgres(stack: Stack) -> None:
    url = stack.database_url("ticket")
    select(url, "CREATE TABLE kept AS SELECT 42 AS answer")
    stack.kill("postgres")
    stack.restart("postgres")
    stack.postgres.wait_ready()
    assert select(url, "SELECT answer FROM kept") == 42
    stack.postgres.restart("immediate")
    assert select(url, "SELECT answer FROM kept") == 42


def test_topics_survive_a_crash_of_kafka(stack: Stack) -> None:
    stack.kafka.kill()
    assert stack.pid("kafka") is None
    stack.kafka.start()
    stack.kafka.wait_ready()
    assert ensure_topics(stack.bootstrap_servers) == []


def test_the_requests_of_a_running_broker_are_counted(stack: Stack) -> None:
    pid = stack.pid("kafka")
    assert pid is not None
    with BrokerRequests(pid, stack.home / "run") as requests:
        before = requests.totals()
        exercise(stack.bootstrap_servers)
        after = requests.totals()
    assert after["produce"] > before["produce"]
    assert after["fetch"] > before["fetch"]
    with pytest.raises(DeskError, match="cannot be counted"):  # it is off again
        requests.totals()


def test_what_clients_send_to_postgres_is_counted_by_round_trips(stack: Stack) -> None:
    async def ask(times: int) -> None:
        connection = await asyncpg.connect(stack.database_url("ticket").replace("+asyncpg", ""))
        try:
            await connection.fetchval("SELECT $1::int", 0)
            before = counted.total()
            for n in range(times):
                async with connection.transaction():  # BEGIN and COMMIT are messages too
                    await connection.fetchval("SELECT $1::int", n)
            assert counted.total() - before == 3 * times
        finally:
            await connection.close()

    with Segments(stack.topology.port("postgres")) as counted:
        asyncio.run(ask(10))


def test_a_frozen_kafka_goes_on_after_its_thaw(stack: Stack) -> None:
    stack.kafka.freeze()
    time.sleep(0.5)
    stack.kafka.thaw()
    assert ensure_topics(stack.bootstrap_servers) == []


def test_the_mailbox_keeps_its_mails_when_it_is_killed(stack: Stack) -> None:
    port = stack.topology.port
    with smtplib.SMTP(HOST, port("mailbox_smtp")) as client:
        client.sendmail("a@x.example", ["b@y.example"], b"Subject: kept\r\n\r\nhello\r\n")
    stack.kill("mailbox")
    stack.restart("mailbox")
    stack.wait_ready(30, ["mailbox"])
    assert [mail["subject"] for mail in request_json(port("mailbox_http"), "GET", "/messages")] == ["kept"]


def test_a_second_stack_on_the_same_home_is_refused(stack: Stack) -> None:
    with pytest.raises(AlreadyRuns, match="runs already"):
        Stack(stack.home, free_port_base()).start_backends()


def test_a_service_that_cannot_start_says_so_with_its_log(stack: Stack) -> None:
    stack.extra_env["sla"] = {"SLA_HTTP_PORT": "none"}
    stack.start_service("sla")
    with pytest.raises(DeskError, match="sla ended at its start") as caught:
        stack.wait_ready(30, ["sla"])
    assert caught.value.log == stack.log("sla")


def readable_by_others(folder: Path) -> list[str]:
    """All below a folder, itself too, that has a right of group or others."""
    found = [folder, *folder.rglob("*")]
    return [str(path) for path in found if not path.is_symlink() and path.lstat().st_mode & 0o077]


def test_nobody_else_reads_a_home_or_a_backup(stack: Stack, tmp_path: Path) -> None:
    exercise(stack.bootstrap_servers)
    assert len(list(stack.home.rglob("*"))) > 50
    assert readable_by_others(stack.home) == []
    assert readable_by_others(stack.postgres.data) == []
    (tmp_path / "backup").mkdir(mode=0o755)
    take(stack, tmp_path / "backup")
    assert len(list((tmp_path / "backup").rglob("*"))) > 10
    assert readable_by_others(tmp_path / "backup") == []


def test_a_home_from_before_is_closed_to_others_but_for_the_way_to_what_they_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / "logs").mkdir(parents=True)
    (home / "logs" / "gateway.log").write_text("said")
    (home / "logs" / "gateway.log").chmod(0o644)
    (home / "gone").symlink_to("/nowhere")
    close_to_others(home)
    assert readable_by_others(home) == []
    monkeypatch.setattr("os.getuid", lambda: -1)  # then all of it is somebody else's
    close_to_others(home)
    assert home.stat().st_mode & 0o777 == 0o711
    assert readable_by_others(home) == [str(home)]
