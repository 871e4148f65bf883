"""Applications of the services as they are published, for what looks at their documents."""

import importlib
import json
from pathlib import Path

from fastapi import FastAPI
from joserfc.jwk import OKPKey


def application(package: str, folder: Path) -> FastAPI:
    """A service's application, which connects to nothing."""
    settings = importlib.import_module(f"{package}.settings").Settings
    build = importlib.import_module(f"{package}.wiring").build
    key = json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True))
    public = json.dumps(OKPKey.import_key(json.loads(key)).as_dict(private=False))
    own = {
        "database_url": "postgresql+asyncpg://localhost/none",
        "kafka": "localhost:1",
        "internal_public_key": public,
        "internal_private_key": key,
        "domain": "desk.example",
        "reply_secret": "secret",
        "files_secret": "secret",
        "token_secret": "a secret that is long enough for it",
        "journal": folder / "journal",
        **{f"{name}_url": f"http://{name}" for name in ("ingest", "customer", "ticket", "routing", "sla", "notify")},
    }
    app: FastAPI = build(settings(**own), "all").app
    return app
