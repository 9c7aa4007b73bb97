"""
Builds: the same files twice, small layers for a new version, and a bill of what is in the image.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tarfile
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import docker
import pytest
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from engine import image as building
from engine import provenance
from engine.project import Project

from .conftest import PREFIX, Slipway

ROOT = Path(__file__).parents[2]
SBOM = "/usr/share/doc/slipway/sbom.spdx.json"
NEW_VERSION = 3_000_000  # bytes at most of the layers that a new version of slipway/ changes
MADE_AT_RUN = {".dockerenv", "etc/hostname", "etc/hosts", "etc/mtab", "etc/resolv.conf"}

pytestmark = pytest.mark.live

Build = Callable[..., str]


class Entry(NamedTuple):
    """
    A file as an image has it, but for its time.
    """

    kind: bytes
    mode: int
    owner: tuple[int, int]
    link: str
    digest: str


@pytest.fixture(scope="module")
def build(engine: docker.DockerClient) -> Iterator[Build]:
    """
    Build images with the client's own builder; they are gone when the tests end.
    """
    made = []

    def run(context: Path, *options: str) -> str:
        name = f"{PREFIX}{uuid.uuid4().hex[:12]}"
        command = ["docker", "build", *options, "--tag", name, str(context)]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=900, cwd=ROOT
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        made.append(name)
        return name

    yield run
    for name in reversed(made):
        engine.images.remove(name, force=True)


def _options() -> list[str]:
    project = Project.at(ROOT, os.environ)
    return [*building.options(project), *provenance.options(project)]


def _files(engine: docker.DockerClient, image: str) -> dict[str, Entry]:
    """
    Return all that is in an image.
    """
    container = engine.containers.create(image, name=f"{PREFIX}{uuid.uuid4().hex[:12]}")
    try:
        with tempfile.TemporaryFile() as file:
            kept: Any = file
            for chunk in container.export():
                kept.write(chunk)
            kept.seek(0)
            with tarfile.open(fileobj=kept) as archive:
                found = {member.name: _entry(archive, member) for member in archive}
    finally:
        container.remove(force=True)
    return {name: entry for name, entry in found.items() if name not in MADE_AT_RUN}


def _entry(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Entry:
    stream = archive.extractfile(member) if member.isfile() else None
    digest = hashlib.sha256(stream.read()).hexdigest() if stream else ""
    return Entry(member.type, member.mode, (member.uid, member.gid), member.linkname, digest)


def _packages(engine: docker.DockerClient, image: str) -> list[str]:
    listed: bytes = engine.containers.run(
        image, "-W", entrypoint="dpkg-query", remove=True, name=f"{PREFIX}{uuid.uuid4().hex[:12]}"
    )
    return listed.decode().splitlines()


def test_two_builds_have_the_same_files(
    engine: docker.DockerClient, image: str, build: Build, tmp_path: Path
) -> None:
    """
    Without the cache, and on a base whose USER is not root. Where the archive has moved since the
    image under test was built, two new ones are compared.
    """
    project = Project.at(ROOT, os.environ)
    (tmp_path / "Dockerfile").write_text(f"FROM {project.base}\nUSER 1000\n")
    base = build(tmp_path)
    options = [*_options(), "--build-arg", f"IMAGE_BASE={base}", "--no-cache"]

    first, second = image, build(ROOT, *options)
    if _packages(engine, first) != _packages(engine, second):
        first = build(ROOT, *options)

    expected, actual = _files(engine, first), _files(engine, second)
    differing = {
        name: (expected.get(name), actual.get(name))
        for name in expected.keys() | actual.keys()
        if expected.get(name) != actual.get(name)
    }
    assert len(actual) > 5000
    assert differing == {}
    assert engine.images.get(second).attrs["Config"]["User"] == "0"


def test_a_new_version_changes_only_the_last_layers(
    engine: docker.DockerClient, image: str, build: Build, context: Path
) -> None:
    """
    Of the code, a spec and the README: apt's layers and the venv are those of the version before.
    """
    for name in ("slipway/commands/status.py", "tests/image/test_overlay.py", "README.md"):
        with (context / name).open("a") as stream:
            stream.write("\n# another version\n")

    other = build(context, *_options())

    old, new = (engine.images.get(name).attrs["RootFS"]["Layers"] for name in (image, other))
    sizes = [step["Size"] for step in engine.images.get(other).history() if step["Size"]]
    changed = len([layer for layer in new if layer not in old])
    assert 0 < changed <= 3
    assert sum(sizes[:2]) < NEW_VERSION, sizes  # slipway/, and what it has converged


def test_the_image_names_its_software(start: Callable[..., Slipway], tmp_path: Path) -> None:
    """
    As a valid SPDX document: every package that dpkg has, every distribution of the venv.
    """
    container = start("sleep", "60")
    packages = container.check_output("dpkg-query", "-W", "-f", "${Package} ${Version}\\n")
    script = (
        "import importlib.metadata as found\n"
        "for each in found.distributions(): print(each.metadata['Name'], each.version)"
    )
    distributions = container.check_output("/opt/slipway/venv/bin/python3", "-I", "-c", script)
    document = tmp_path / "sbom.spdx.json"
    document.write_text(container.check_output("cat", SBOM))

    parsed = parse_file(str(document))

    assert validate_full_spdx_document(parsed) == []
    by_kind: dict[str, set[str]] = {"deb": set(), "pypi": set()}
    for each in parsed.packages:
        for reference in each.external_references:
            kind = reference.locator.partition(":")[2].partition("/")[0]
            by_kind[kind].add(f"{each.name} {each.version}")
    assert by_kind["deb"] == set(packages.splitlines())
    assert by_kind["pypi"] == {
        each for each in distributions.splitlines() if not each.startswith("slipway ")
    }
    assert len(by_kind["pypi"]) > 20
    assert container.check_output("slipway", "sbom") == document.read_text()
