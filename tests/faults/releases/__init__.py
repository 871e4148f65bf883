"""Other releases of our services: folders that change the code of a process when they are on its PYTHONPATH."""

from pathlib import Path

from tests.faults.conftest import Broken


def release(broken: Broken, service: str, name: str) -> None:
    """Replaces a service by another release of it."""
    broken.stack.stop_service(service)
    broken.changed.add(service)
    broken.stack.extra_env[service] = {"PYTHONPATH": str(Path(__file__).parent / name)}
    broken.stack.start_service(service)
    broken.stack.wait_ready(60, [service])
