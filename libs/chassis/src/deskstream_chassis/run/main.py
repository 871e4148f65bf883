"""The entry point of every service: `python -m <package> {all|api|worker|migrate}`."""

import importlib
import sys
from pathlib import Path
from typing import NoReturn

from pydantic import ValidationError

from deskstream_chassis.run import failpoints
from deskstream_chassis.run.misconfigured import Misconfigured, sentences
from deskstream_chassis.watch import logs

ROLES = ("all", "api", "worker", "migrate")


def main(name: str, root: Path, package: str) -> None:
    """Runs `package` in the role that the command line names. `root` holds its `migrations/`.

    Imports only what the role needs: a migration starts in a third of the time that the whole service takes. Where settings cannot
    or must not be run with it says so, a line each, and ends with 2.
    """
    role = sys.argv[1] if len(sys.argv) == 2 else ""
    if role not in ROLES:
        sys.exit(f"usage: {name} {{{'|'.join(ROLES)}}}")
    kind = importlib.import_module(f"{package}.settings").Settings
    prefix = kind.model_config["env_prefix"]
    try:
        settings = kind()
    except ValidationError as error:
        _refuse(name, error, prefix)
    logs.configure(name, settings.log_level)
    if role == "migrate":
        url = settings.database_url.get_secret_value()
        importlib.import_module("deskstream_chassis.store.migrations").upgrade(root, url)
        return
    failpoints.arm(settings.failpoints)
    wiring = importlib.import_module(f"{package}.wiring")
    try:
        service = wiring.build(settings, role)
    except (ValidationError, Misconfigured) as error:
        _refuse(name, error, f"{prefix}… ")
    importlib.import_module("deskstream_chassis.run.service").run(service)


def _refuse(name: str, error: ValueError, prefix: str) -> NoReturn:
    for sentence in sentences(error, prefix):
        print(f"{name}: {sentence}", file=sys.stderr)
    sys.exit(2)
