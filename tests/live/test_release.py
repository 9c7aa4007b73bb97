"""
An image for others: Debian's own registry, on loopback, has what was pushed and what it says.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import socket
import subprocess
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from engine import release
from engine.commands import Failure
from engine.project import Project
from engine.registry import Registry
from engine.steps import Steps

from .conftest import PREFIX, wait_until

pytestmark = pytest.mark.live

REVISION = "0123456789abcdef0123456789abcdef01234567"
LABELS = {
    "org.opencontainers.image.version": "0.3.1",
    "org.opencontainers.image.revision": REVISION,
    "org.opencontainers.image.source": "https://git.example/me/slipway",
}
REGISTRY, CONFIGURATION = "docker-registry", "/etc/docker/registry/config.yml"


def _build(engine: docker.DockerClient, folder: Path, dockerfile: str) -> str:
    name = f"{PREFIX}{uuid.uuid4().hex[:12]}"
    folder.mkdir()
    (folder / "Dockerfile").write_text(dockerfile)
    engine.images.build(path=str(folder), tag=name, rm=True, forcerm=True, network_mode="host")
    return name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    Where `docker login` leaves what it knows.
    """
    return tmp_path_factory.mktemp("docker")


@pytest.fixture(scope="module")
def registry(engine: docker.DockerClient, image: str, folder: Path) -> Iterator[str]:
    """
    Debian's registry on a port of its own, which lets nobody in without a password.
    """
    steps = [
        "apt-get -q update",
        f"apt-get -q -y --no-install-recommends install {REGISTRY}",
        f"sed -i 's,path: .*,path: /tmp/htpasswd,' {CONFIGURATION}",
    ]
    made = _build(engine, folder / "registry", f"FROM {image}\nRUN {' && '.join(steps)}\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    container = engine.containers.run(
        made,
        ["serve", CONFIGURATION],
        entrypoint=REGISTRY,
        name=f"{PREFIX}{uuid.uuid4().hex[:12]}",
        ports={"5000/tcp": ("127.0.0.1", port)},
        detach=True,
    )
    try:
        wait_until(lambda: _answers(port), "a registry that answers")
        # the first request had it make a user, and say the password
        found = re.search(r"password=(\S+).* user=(\S+)", container.logs().decode())
        assert found, container.logs().decode()
        login = base64.b64encode(f"{found[2]}:{found[1]}".encode()).decode()
        kept = {"auths": {f"127.0.0.1:{port}": {"auth": login}}}
        (folder / "config.json").write_text(json.dumps(kept))
        yield f"127.0.0.1:{port}"
    finally:
        container.remove(force=True, v=True)
        engine.images.remove(made, force=True)


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/", timeout=5)
    except urllib.error.HTTPError as error:
        return error.code == 401
    except OSError:
        return False
    return False


@pytest.fixture
def project(
    engine: docker.DockerClient, registry: str, folder: Path, tmp_path: Path
) -> Iterator[Project]:
    """
    A clone whose image is a small one of version 0.3.1.
    """
    labels = " ".join(f"{name}={value}" for name, value in LABELS.items())
    made = _build(engine, tmp_path / "image", f"FROM scratch\nCOPY Dockerfile /\nLABEL {labels}\n")
    given = {**os.environ, "IMAGE": made, "TAG": "latest", "REGISTRY": f"{registry}/you"}
    given["DOCKER_CONFIG"] = str(folder)
    yield Project.at(tmp_path / "clone", given)
    for left in engine.images.list():
        for tag in left.tags:
            if tag.startswith((made, f"{registry}/")):
                engine.images.remove(tag, force=True)


def test_what_is_pushed_has_its_versions_and_says_what_it_is(
    engine: docker.DockerClient, registry: str, project: Project
) -> None:
    """
    As an OCI manifest that the engine pulls again, by each of its tags and by its digest.
    """
    release.push(project, Steps(1, io.StringIO()))

    repository = f"you/{project.settings['IMAGE']}"
    there = Registry(registry, repository, project.environment)
    for tag in ("0.3.1", "0.3", "latest"):
        manifest = there.manifest(tag)
        assert manifest["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
        assert manifest["annotations"] == LABELS
        engine.images.remove(f"{registry}/{repository}:{tag}", force=True)
    pushed = (project.root / "build/pushed").read_text().strip()
    assert pushed.startswith(f"{registry}/{repository}@sha256:")
    subprocess.run(["docker", "pull", "-q", pushed], check=True, env=project.environment)
    pulled = engine.images.get(pushed)
    assert pulled.id == engine.images.get(f"{project.settings['IMAGE']}:latest").id
    engine.images.remove(pushed)


def test_without_its_password_nothing_is_annotated(registry: str) -> None:
    """
    One sentence, with what the registry has answered.
    """
    with pytest.raises(Failure, match="answers 401 to GET manifests/latest"):
        Registry(registry, "you/x", {"DOCKER_CONFIG": "/nonexistent"}).manifest("latest")
