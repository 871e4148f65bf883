"""Writes what is installed in this environment as CycloneDX 1.6 (JSON). Usage: sbom.py LOCK, whose hashes are taken over."""

import json
import re
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path

_ENTRY = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)[^\n\\]*((?:\s*\\\n\s+--hash=sha256:[0-9a-f]{64})+)", re.MULTILINE)
_HASH = re.compile(r"sha256:([0-9a-f]{64})")


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def accepted_hashes(lock: str) -> dict[str, list[str]]:
    """By package, the hash of each file that the lock accepts."""
    return {canonical(name): _HASH.findall(hashes) for name, _, hashes in _ENTRY.findall(lock)}


def component(found: Distribution, hashes: dict[str, list[str]]) -> dict[str, object]:
    name = canonical(found.metadata["Name"])
    licence = found.metadata.get("License-Expression") or next(
        (c.rpartition(" :: ")[2] for c in found.metadata.get_all("Classifier") or [] if c.startswith("License ::")), ""
    )
    properties = [{"name": "deskstream:lock:sha256", "value": value} for value in hashes.get(name, [])]
    return {
        "type": "library",
        "name": name,
        "version": found.version,
        "purl": f"pkg:pypi/{name}@{found.version}",
        **({"licenses": [{"license": {"name": licence}}]} if licence else {}),
        "properties": properties,
    }


def main() -> None:
    hashes = accepted_hashes(Path(sys.argv[1]).read_text())
    components = [component(found, hashes) for found in distributions()]
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1}
    print(json.dumps({**document, "components": sorted(components, key=lambda c: str(c["name"]))}, indent=1))


if __name__ == "__main__":
    main()
