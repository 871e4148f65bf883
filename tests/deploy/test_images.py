"""The images, as an engine runs them."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.deploy.programs import ROOT, SERVICES, program, run

pytestmark = pytest.mark.timeout(1200)  # the first build fetches every package


def test_an_image_runs_as_nobody_in_particular_and_has_no_shell_in_its_way(images: tuple[str, ...]) -> None:
    for found in json.loads(run("docker", "image", "inspect", *images)):
        config = found["Config"]
        assert config["User"] == "10001:10001"
        assert config["Entrypoint"][:2] == ["python", "-m"]
        assert config["Healthcheck"]["Test"][:2] == ["CMD", "python"]
        assert config["Labels"]["org.opencontainers.image.title"].startswith("deskstream-")


def test_all_images_share_their_layers_but_the_last_few(images: tuple[str, ...]) -> None:
    layers = [found["RootFS"]["Layers"] for found in json.loads(run("docker", "image", "inspect", *images))]
    shared = set(layers[0]).intersection(*layers[1:])
    assert all(len(set(own) - shared) <= 4 for own in layers)


def test_an_image_says_what_is_in_it(images: tuple[str, ...]) -> None:
    path = "/usr/share/doc/deskstream/sbom.cdx.json"
    bom = json.loads(run("docker", "run", "--rm", "--network=none", "--entrypoint=cat", images[0], path))
    locked = [line.split("==")[0] for line in (ROOT / "requirements/services.lock").read_text().splitlines() if "==" in line]
    named = {component["name"] for component in bom["components"]}
    assert {"fastapi", "aiokafka"} <= named
    assert len(named) >= 0.9 * len(locked), "packages are missing in it (markers leave out a few of the lock)"
    assert all(component["properties"] for component in bom["components"])


def test_a_role_that_does_not_exist_is_refused_in_a_read_only_container(images: tuple[str, ...]) -> None:
    for name, image in zip(SERVICES, images, strict=False):
        command = [program("docker"), "run", "--rm", "--read-only", "--network=none", "--cap-drop=ALL", image, "nonsense"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 1
        assert done.stderr.strip() == f"usage: {name} {{all|api|worker|migrate}}"


def test_calendars_find_their_time_zones_without_those_of_the_base_image(images: tuple[str, ...]) -> None:
    line = "from zoneinfo import ZoneInfo; print(ZoneInfo('Europe/Oslo'))"
    words = ("docker", "run", "--rm", "--network=none", "--env=PYTHONTZPATH=", "--entrypoint=python", images[4], "-c", line)
    assert run(*words).strip() == "Europe/Oslo"
