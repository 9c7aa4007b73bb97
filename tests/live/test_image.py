"""
The image itself: what is in its layers, and what it declares.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterator

import docker
import pytest

FORBIDDEN = re.compile(
    r"ssh_host_|^var/lib/apt/lists/|^var/cache/apt/archives/|\.cache/pip|\.slipway$"
)


@pytest.fixture(scope="module")
def own_layers(engine: docker.DockerClient, image: str) -> list[tarfile.TarFile]:
    """
    The layers as they are stored, the base's own left out: what it holds is not ours.
    """
    archive = tarfile.open(  # noqa: SIM115 - its members are read by the tests
        fileobj=io.BytesIO(b"".join(engine.images.get(image).save()))
    )
    member = archive.extractfile("manifest.json")
    assert member is not None
    (manifest,) = json.load(member)
    layers = []
    for name in manifest["Layers"][1:]:
        stream = archive.extractfile(name)
        assert stream is not None
        layers.append(tarfile.open(fileobj=stream))  # noqa: SIM115 - likewise
    return layers


def test_no_layer_holds_what_must_not_be_shipped(own_layers: list[tarfile.TarFile]) -> None:
    """
    No host key, package list, download or draft, not even in a layer below one that deletes it.
    """

    def names() -> Iterator[str]:
        for layer in own_layers:
            yield from (member.name for member in layer if member.isfile() and member.size)

    found = [name for name in names() if FORBIDDEN.search(name)]

    assert len(own_layers) >= 3
    assert found == []


def test_the_image_says_what_it_is(engine: docker.DockerClient, image: str) -> None:
    """
    Ports, labels and health check for whoever inspects it.
    """
    config = engine.images.get(image).attrs["Config"]

    assert set(config["ExposedPorts"]) == {"22/tcp", "53682/tcp"}
    assert config["Labels"]["org.opencontainers.image.title"] == "Slipway"
    assert config["Labels"]["org.opencontainers.image.licenses"] == "MIT"
    for name in ("created", "revision", "version", "base.name"):
        assert config["Labels"][f"org.opencontainers.image.{name}"], name
    assert config["Healthcheck"]["Test"] == ["CMD", "/usr/local/bin/slipway", "health", "--kept"]
    assert config["Entrypoint"][0] == "/usr/bin/tini"
