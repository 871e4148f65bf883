"""Homes, port blocks and locks of packages."""

import re
import socket
from pathlib import Path

import pytest

from desk.cli.checks import split_parts
from desk.cli.lock import REQUIREMENTS, addresses_in
from desk.errors import DeskError
from desk.kafka_jars import read_lock
from desk.paths import HOST, MARKER, claim_home, desk_port_base
from desk.ports import check_ports, free_port_base, is_free
from desk.supervisor import Restarts


@pytest.mark.parametrize("text", ["0", "80", "65535", "-1", "8400.5", "eight", "٨٤٠٠", " "])
def test_a_bad_port_base_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("DESK_PORT_BASE", text)
    with pytest.raises(DeskError, match=r"^DESK_PORT_BASE is .*: set it to a number"):
        desk_port_base()


def test_a_taken_port_is_named_with_what_it_is_for() -> None:
    base = free_port_base()
    with socket.create_server((HOST, base + 5)):
        assert not is_free(base + 5)
        with pytest.raises(DeskError, match=rf"port {base + 5} \(for kafka\) is taken by .*DESK_PORT_BASE="):
            check_ports({"postgres": base, "kafka": base + 5})


def test_two_blocks_of_ports_do_not_overlap() -> None:
    assert abs(free_port_base() - free_port_base()) >= 23


def test_a_folder_with_other_files_is_never_taken_for_a_home(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(DeskError, match="holds other files"):
        claim_home(tmp_path)
    claim_home(tmp_path / "new")
    claim_home(tmp_path / "new")


def test_the_home_of_a_release_before_the_break_is_refused_in_one_line(tmp_path: Path) -> None:
    claim_home(tmp_path)
    (tmp_path / MARKER).write_text("State of a local Deskstream stack. `./desk reset` deletes it.\n")
    with pytest.raises(DeskError, match=r"^.* was made by another release, .*: \./desk reset, or another DESK_HOME$"):
        claim_home(tmp_path)


@pytest.mark.parametrize("name", ["services.lock", "desk.lock", "kafka.lock"])
def test_a_lock_holds_no_address(name: str) -> None:
    assert addresses_in((REQUIREMENTS / name).read_text()) == []


@pytest.mark.parametrize("line", ["--index-url https://x.example/simple", "--find-links /opt/x", "a @ file:///x", "/x/y.whl"])
def test_an_address_in_a_lock_would_be_found(line: str) -> None:
    assert addresses_in(f"typer==1 \\\n    --hash=sha256:00\n{line}\n") == [line]


@pytest.mark.parametrize("name", ["services.lock", "desk.lock"])
def test_every_package_of_a_lock_has_a_hash(name: str) -> None:
    entries = re.split(r"\n(?=[a-z0-9])", (REQUIREMENTS / name).read_text().strip())
    assert len(entries) > 50
    assert all("--hash=sha256:" in entry for entry in entries)


def test_both_locks_agree_on_every_version() -> None:
    pins = [
        set(re.findall(r"^[a-z0-9][^ ;]*==[^ ;]+", (REQUIREMENTS / name).read_text(), re.MULTILINE))
        for name in ("services.lock", "desk.lock")
    ]
    assert pins[0] <= pins[1]


def test_the_jars_of_kafka_are_pinned_by_hash() -> None:
    jars = read_lock()
    assert all(len(jar.sha256) == 64 and jar.size > 0 for jar in jars)
    assert {"kafka_2.13", "slf4j-simple"} <= {jar.artifact for jar in jars}


def test_parts_of_the_tests_come_before_the_arguments_of_pytest() -> None:
    assert split_parts(["unit", "e2e", "--", "-k", "reply"]) == (["unit", "e2e"], ["-k", "reply"])
    assert split_parts(["unit", "-k", "reply"]) == (["unit"], ["-k", "reply"])
    assert split_parts(["-x"]) == ([], ["-x"])
    assert split_parts(["all"])[0][::7] == ["unit", "deploy"]
    with pytest.raises(DeskError, match="no part 'untit'"):
        split_parts(["untit"])


def test_what_dies_again_and_again_waits_longer_and_a_steady_one_does_not() -> None:
    restarts = Restarts()
    assert restarts.died("ticket", 0.0) == 0.5
    assert restarts.died("ticket", 0.1) is None
    assert restarts.due(0.4) == []
    assert restarts.due(0.5) == ["ticket"]
    assert restarts.died("ticket", 1.0) == 1.0
    assert restarts.due(2.0) == ["ticket"]
    assert restarts.died("ticket", 100.0) == 0.5
    assert restarts.counts == {"ticket": 2}
