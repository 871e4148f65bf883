"""A whole local stack: what the CLI supervises, and what the tests start, kill and inspect."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from desk.errors import AlreadyRuns, DeskError
from desk.files import close_to_others, replace_text
from desk.health import answers_ready
from desk.identity import identity, signal_group
from desk.kafka import Kafka
from desk.kafka_archive import make_archive
from desk.kafka_jars import fetch_jars
from desk.paths import claim_home
from desk.ports import check_ports
from desk.postgres import Postgres
from desk.processes import Child, settle_spawner
from desk.report import Report, Silent
from desk.stack_secrets import load_secrets
from desk.stale_processes import STOP_ORDER, in_stop_order, stale_processes, take_lock
from desk.topics import ensure_topics
from desk.topology import BACKEND_PORTS, FORMS, PORT_OFFSETS, SERVICES, Service, Topology

LEAST_FREE_BYTES = 2 * 1024**3


class Stack:
    """One stack on one home and one block of ports. It may be started and stopped again and again; data survive.

    `extra_env`: more variables for services, by the service's name. `services`: other services than those of the
    topology (a test may start fewer). A process that dies stays dead: starting it again is the supervisor's job.
    """

    def __init__(
        self,
        home: Path,
        port_base: int,
        extra_env: Mapping[str, Mapping[str, str]] | None = None,
        *,
        services: Sequence[Service] = SERVICES,
        report: Report | None = None,
    ) -> None:
        self.home = home.absolute()
        self.services = tuple(services)
        self.extra_env = {name: dict(env) for name, env in (extra_env or {}).items()}
        self._report = report or Silent()
        self._lock: int | None = None
        self._children: dict[str, Child] = {}
        claim_home(self.home)
        names = tuple(service.name for service in self.services)
        secrets = load_secrets(self.home, names, tuple(FORMS))
        self.topology = Topology(self.home, port_base, secrets)
        self.postgres = Postgres(self.home, self.topology.port("postgres"), secrets["postgres_admin"])
        self._kafka: Kafka | None = None

    @property
    def kafka(self) -> Kafka:
        """The broker; its jars are fetched when it is first asked for."""
        if self._kafka is None:
            jars = fetch_jars(self._report)
            make_archive(jars, self._report)
            port = self.topology.port
            self._kafka = Kafka(self.home, port("kafka"), port("kafka_controller"), jars)
        return self._kafka

    @property
    def bootstrap_servers(self) -> str:
        """Where Kafka listens, `host:port`."""
        return self.topology.bootstrap_servers

    @property
    def mailbox_url(self) -> str:
        """The HTTP address of the local mailbox."""
        return self.topology.url("mailbox_http")

    @property
    def names(self) -> tuple[str, ...]:
        """Every process of this stack, in the order in which they start."""
        return ("kafka", "postgres", "mailbox", *(service.name for service in self.services))

    def url(self, service: str) -> str:
        """The HTTP address of a service."""
        return self.topology.url(service)

    def database_url(self, service: str) -> str:
        """The database of a service, for SQLAlchemy with asyncpg."""
        return self.topology.database_url(service)

    def env(self, service: str) -> dict[str, str]:
        """The environment of a service: the topology's variables, then those of `extra_env`."""
        return {**self.topology.env(self._service(service)), **self.extra_env.get(service, {})}

    def start(self, timeout: float = 120.0) -> None:
        """Start everything and wait until all is ready (`timeout`: seconds for the services).

        Raises DeskError (AlreadyRuns if another process runs this home); then nothing is left running.
        """
        try:
            self._start_backends(["smtp", "mailbox_smtp", "mailbox_http", *(s.name for s in self.services)])
            self.start_mailbox()
            self._report.phase("Migrating the databases")
            self.migrate()
            self._wait_for_kafka()
            self._report.phase("Starting the services")
            for service in self.services:
                self.start_service(service.name)
            self.wait_ready(timeout)
            self._report.phase("")
        except AlreadyRuns:
            raise
        except BaseException:
            self.stop()
            raise

    def start_backends(self) -> None:
        """Start PostgreSQL and Kafka only, with every database and topic."""
        try:
            self._start_backends([])
            self._wait_for_kafka()
        except AlreadyRuns:
            raise
        except BaseException:
            self.stop()
            raise

    def _start_backends(self, other_ports: Sequence[str]) -> None:
        self._take_home()
        wanted = dict.fromkeys((*BACKEND_PORTS, *other_ports))
        check_ports({name: self.topology.port(name) for name in wanted if name in PORT_OFFSETS})
        self._check_disk()
        kafka = self.kafka
        self._report.phase("Starting PostgreSQL and Kafka")
        self.topology.write_forms()
        kafka.prepare()
        kafka.start()
        self._children["kafka"] = kafka.child
        self.postgres.prepare()
        self.postgres.start()
        self._children["postgres"] = self.postgres.child
        self.postgres.wait_ready()
        secrets = self.topology.secrets
        self.postgres.provision({service.name: secrets[f"database_{service.name}"] for service in self.services})

    def _wait_for_kafka(self) -> None:
        self._report.phase("Waiting for Kafka and its topics")
        self.kafka.wait_ready()
        ensure_topics(self.bootstrap_servers)

    def _check_disk(self) -> None:
        free = shutil.disk_usage(self.home).free
        if free < LEAST_FREE_BYTES:
            raise DeskError(
                f"only {free / 1024**3:.1f} GiB are free below {self.home}: free at least 2 GiB, or point DESK_HOME to another disk"
            )

    def _take_home(self) -> None:
        if self._lock is not None:
            return
        self._lock = take_lock(self.home)
        close_to_others(self.home)
        for leftover in in_stop_order(stale_processes(self.home)):
            self._report.phase(f"Stopping {leftover.name} of an earlier run (pid {leftover.pid})")
            leftover.stop(10)
        note = {"pid": os.getpid(), "identity": identity(os.getpid()), "port_base": self.topology.port_base}
        replace_text(self.home / "run" / "stack.json", json.dumps(note))

    def start_mailbox(self) -> None:
        """Start the local mailbox."""
        port = self.topology.port
        env = {
            "MAILBOX_SMTP_PORT": str(port("mailbox_smtp")),
            "MAILBOX_HTTP_PORT": str(port("mailbox_http")),
            "MAILBOX_FILE": str(self.home / "mailbox" / "mails"),
        }
        self._start("mailbox", [sys.executable, "-m", "desk.mailbox"], env)

    def start_service(self, name: str, role: str = "all") -> None:
        """Start one service; does not wait."""
        self._start(name, [sys.executable, "-m", self._service(name).package, role], self.env(name))

    def stop_service(self, name: str, seconds: float = 20.0) -> bool:
        """SIGTERM to one service; whether it ended within the time (else it is killed)."""
        return self._child(name).stop(seconds)

    def kill(self, name: str) -> None:
        """SIGKILL to the process group of a service (or of `mailbox`, `kafka`, `postgres`)."""
        self._child(name).kill()

    def pid(self, name: str) -> int | None:
        """The pid of a process of this stack, None if it does not run."""
        child = self._children.get(name)
        return None if child is None else child.pid

    def exit_code(self, name: str) -> int | None:
        """How a process of this stack ended; None if it runs or was not started."""
        child = self._children.get(name)
        return None if child is None else child.exit_code

    def log(self, name: str) -> Path:
        """The log of a process."""
        return self.home / "logs" / f"{name}.log"

    def running(self) -> list[str]:
        """The processes that run."""
        return [name for name, child in self._children.items() if child.running]

    def restart(self, name: str) -> None:
        """Start again whatever has ended, by its name; does not wait."""
        match name:
            case "kafka":
                self.kafka.start()
            case "postgres":
                self.postgres.start()
            case "mailbox":
                self.start_mailbox()
            case _:
                self.start_service(name)

    def migrate(self) -> None:
        """Bring every service's database to its newest schema, in parallel. Raises DeskError with the log."""
        steps = []
        for service in self.services:
            name = f"{service.name}-migrate"
            command = [sys.executable, "-m", service.package, "migrate"]
            step = Child(name, self.home, command, self.env(service.name))
            step.start()
            self._children[name] = step
            steps.append(step)
        for step in steps:
            if not step.wait_stopped(300) or step.exit_code:
                raise DeskError(f"{step.name} failed", step.log)
            del self._children[step.name]

    def wait_ready(self, timeout: float = 60.0, names: Sequence[str] | None = None) -> None:
        """Wait until the mailbox and all services (or those named) are ready. Raises DeskError with a log."""
        waiting = list(names or ["mailbox", *(service.name for service in self.services)])
        deadline = time.monotonic() + timeout
        while waiting:
            name = waiting[0]
            if self.is_ready(name):
                waiting.pop(0)
            elif not self._child(name).running:
                raise DeskError(f"{name} ended at its start", self.log(name))
            elif time.monotonic() > deadline:
                raise DeskError(f"{name} was not ready after {timeout:.0f} s", self.log(name))
            else:
                time.sleep(0.05)

    def is_ready(self, name: str) -> bool:
        """Whether a service (or `mailbox`) says that it is ready."""
        port = self.topology.port("mailbox_http" if name == "mailbox" else name)
        return answers_ready(port)

    def stop(self, grace: float = 20.0) -> None:
        """Stop everything: the services first, then mailbox, Kafka, PostgreSQL. Safe to call twice."""
        settle_spawner()
        self._remember_backends()
        last = [name for name in STOP_ORDER if name in self._children]
        first = [child for name, child in self._children.items() if name not in last]
        for child in first:
            child.ask_to_stop()
        deadline = time.monotonic() + grace
        for child in first:
            child.wait_stopped(max(0.1, deadline - time.monotonic()))
        for name in last:
            self._children[name].stop()
        self._children.clear()
        if self._lock is not None:
            (self.home / "run" / "stack.json").unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None

    def destroy(self) -> None:
        """Stop everything and delete the home with all its data, also what lies outside of it; for tests."""
        self.stop()
        self.postgres.forget()
        shutil.rmtree(self.home, ignore_errors=True)

    def kill_all(self) -> None:
        """SIGKILL to everything that runs."""
        for child in list(self._children.values()):
            if child.pid is not None:
                signal_group(child.pid, signal.SIGKILL)

    def _remember_backends(self) -> None:
        # An interrupt may have come between the start of a backend and the note of it.
        if self._kafka is not None:
            self._children["kafka"] = self._kafka.child
        if self.postgres.started:
            self._children["postgres"] = self.postgres.child

    def __enter__(self) -> Stack:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _start(self, name: str, command: list[str], env: dict[str, str]) -> None:
        known = self._children.get(name)
        if known is not None and known.running:
            raise DeskError(f"{name} runs already")
        child = Child(name, self.home, command, {**env, "PYTHONUNBUFFERED": "1"})
        self._children[name] = child
        child.start()

    def _child(self, name: str) -> Child:
        if name not in self._children:
            raise DeskError(f"{name} was not started; known are {', '.join(self.names)}")
        return self._children[name]

    def _service(self, name: str) -> Service:
        for service in self.services:
            if service.name == name:
                return service
        raise DeskError(f"there is no service {name}; known are {', '.join(s.name for s in self.services)}")
