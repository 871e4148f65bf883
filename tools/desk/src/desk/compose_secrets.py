"""`python -m desk.compose_secrets`: the keys and passwords of a Compose stack, as a tar archive on standard output.

Standard input is the `secrets.json` that the stack has, or empty; what is missing in it is generated. Beside the complete
`secrets.json` (of the form of a local stack's) the archive holds `forms.json` and one env file a service with its own secrets only.
"""

from __future__ import annotations

import io
import json
import sys
import tarfile
from collections.abc import Mapping

from desk.stack_secrets import completed
from desk.topology import COMMON, FORMS, SERVICES, SPECIFIC, Service, forms_file


def environment(service: Service, secrets: Mapping[str, str]) -> dict[str, str]:
    """The variables of a service whose values are secret; docker-compose.yml has the others."""
    templates = {service.prefix + key: value for key, value in COMMON.items()} | SPECIFIC.get(service.name, {})
    values = {key: value.format(secret=secrets) for key, value in templates.items() if value.startswith("{secret[")}
    password = secrets[f"database_{service.name}"]
    return values | {
        f"{service.prefix}DATABASE_URL": f"postgresql+asyncpg://{service.name}:{password}@postgres:5432/{service.name}"
    }


def files(secrets: Mapping[str, str]) -> dict[str, str]:
    """Every file of the archive by its name."""
    postgres = {f"DATABASE_PASSWORD_{service.name.upper()}": secrets[f"database_{service.name}"] for service in SERVICES}
    environments = {service.name: environment(service, secrets) for service in SERVICES}
    environments["postgres"] = postgres | {"POSTGRES_PASSWORD": secrets["postgres_admin"]}
    login = f'org.apache.kafka.common.security.plain.PlainLoginModule required user_subscriber="{secrets["subscriber"]}";'
    environments["kafka"] = {"KAFKA_LISTENER_NAME_SUBSCRIBERS_PLAIN_SASL_JAAS_CONFIG": login}
    return {
        **{f"{name}.env": "".join(f"{key}='{value}'\n" for key, value in values.items()) for name, values in environments.items()},
        "forms.json": forms_file(secrets),
        "secrets.json": json.dumps(secrets, indent=2, sort_keys=True) + "\n",
    }


def main() -> None:
    """Write the archive."""
    known: dict[str, str] = json.loads(sys.stdin.read() or "{}")
    secrets = completed(known, tuple(service.name for service in SERVICES), tuple(FORMS))
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as archive:
        for name, text in files(secrets).items():
            entry = tarfile.TarInfo(name)
            # The container reads the forms as another user; the folder around them is closed.
            entry.mode = 0o644 if name == "forms.json" else 0o600
            content = text.encode()
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


if __name__ == "__main__":
    main()
