"""The keys of the Compose stack."""

import io
import json
import subprocess
import sys
import tarfile

from desk.compose_secrets import environment
from desk.topology import FORMS, SERVICES


def made(known: str) -> dict[str, str]:
    command = [sys.executable, "-m", "desk.compose_secrets"]
    done = subprocess.run(command, input=known.encode(), capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        return {entry.name: archive.extractfile(entry).read().decode() for entry in archive}  # type: ignore[union-attr]


def test_what_is_there_stays_and_what_is_missing_is_added() -> None:
    first = made("")
    assert set(first) == {
        "secrets.json",
        "forms.json",
        "postgres.env",
        "kafka.env",
        *(f"{service.name}.env" for service in SERVICES),
    }
    older = json.loads(first["secrets.json"])
    taken = older.pop("webhook_mail")
    second = made(json.dumps(older))
    newer = json.loads(second["secrets.json"])
    assert newer["webhook_mail"] != taken
    assert {name: newer[name] for name in older} == older
    assert newer["webhook_mail"] in second["ingest.env"]


def test_each_service_gets_its_own_secrets_only() -> None:
    secrets = json.loads(made("")["secrets.json"])
    for service in SERVICES:
        given = environment(service, secrets)
        assert all(key.startswith(service.prefix) for key in given)
        assert any(secrets["internal_private_key"] in value for value in given.values()) == (service.name == "gateway")
        assert any(secrets["reply"] in value for value in given.values()) == (service.name in ("ingest", "notify"))
        assert any(secrets["files"] in value for value in given.values()) == (service.name in ("ticket", "notify"))
        others = (secrets[f"database_{other.name}"] for other in SERVICES if other != service)
        assert not any(password in value for password in others for value in given.values())


def test_the_forms_of_the_demo_are_among_them() -> None:
    files = made("")
    secrets = json.loads(files["secrets.json"])
    assert {name: form["secret"] for name, form in json.loads(files["forms.json"]).items()} == {
        name: secrets[f"form_{name}"] for name in FORMS
    }
