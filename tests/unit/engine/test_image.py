"""
What `docker build` gets, and that it stays the same while nothing changes.
"""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path

import pytest

from engine import client, image, provenance
from engine.project import Project
from engine.steps import Steps


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """
    A clone with one commit.
    """
    (tmp_path / ".dockerignore").write_text("*\n!build/ca-certificates\n!slipway\n")
    (tmp_path / "Dockerfile").touch()
    (tmp_path / "slipway").mkdir()
    (tmp_path / "slipway" / "cli.py").touch()
    _git(tmp_path, "init", "-q")
    _commit(tmp_path)
    return tmp_path


def _git(root: Path, *words: str) -> str:
    command = ["git", "-C", str(root), "-c", "user.name=x", "-c", "user.email=x@x.example", *words]
    return subprocess.check_output(command, text=True).strip()


def _commit(root: Path) -> str:
    _git(root, "add", ".")
    _git(root, "commit", "-q", "-m", "x")
    return _git(root, "rev-parse", "HEAD")


def _revision(root: Path) -> str:
    return provenance.revision_of(Project.at(root, {}))


def test_a_commit_that_the_image_has_nothing_of_is_none_of_its_revision(clone: Path) -> None:
    """
    Else each commit would make a new image, and `make up` a new container.
    """
    first = _revision(clone)
    (clone / "docs.md").write_text("x")
    _commit(clone)
    assert first == _revision(clone)

    (clone / "slipway" / "cli.py").write_text("x")
    assert f"{first}-dirty" == _revision(clone)
    assert _commit(clone) == _revision(clone)


def test_without_a_repository_there_is_no_revision(tmp_path: Path) -> None:
    """
    A tarball builds too.
    """
    (tmp_path / ".dockerignore").write_text("*\n")

    assert _revision(tmp_path) == ""


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("Step 3/20 : RUN apt-get update", "3/20 RUN apt-get update"),
        ("#7 [venv 3/8] RUN apt-get update", "3/8 RUN apt-get update"),
        ("#7 [stage-1 3/8] COPY a b", "3/8 COPY a b"),
        ("#7 [3/8] COPY a b", "3/8 COPY a b"),
        ("#7 0.512 Get:1 bookworm", None),
        (" ---> Using cache", None),
    ],
)
def test_both_builders_progress_is_understood(line: str, step: str | None) -> None:
    """
    The number of the step, and what it does.
    """
    match = image.STEP.match(line)

    assert step == (match and f"{match[1]} {match[2]}")


def test_proxies_are_passed_by_name(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A password in a proxy's address is in no argument that others can see.
    """
    monkeypatch.setattr(client, "bridge_mtu", lambda _project: None)
    proxy = {"https_proxy": "http://me:secret@proxy.example:3128"}
    words = image.options(Project.at(clone, proxy))

    assert words[words.index("https_proxy") - 1] == "--build-arg"
    assert "secret" not in " ".join(words)


@pytest.mark.parametrize(("bridge", "host"), [(1500, True), (1400, False), (None, False)])
def test_a_bridge_with_larger_packets_than_the_uplink_is_avoided(
    clone: Path, monkeypatch: pytest.MonkeyPatch, bridge: int | None, *, host: bool
) -> None:
    """
    An engine that others started may have it: then the build uses the host's network.
    """
    monkeypatch.setattr(client, "bridge_mtu", lambda _project: bridge)
    monkeypatch.setattr(image, "uplink_mtu", lambda: 1400)

    assert host == ("--network" in image.options(Project.at(clone, {})))


@pytest.mark.parametrize(
    ("environment", "image_", "base", "extension"),
    [
        ({}, "slipway/base:dev", "slipway/base:dev", ""),
        ({"IMAGE": "slipway/demo"}, "slipway/demo:dev", "slipway/base:dev", "demo"),
        ({"IMAGE": "slipway/demo", "TAG": "x"}, "slipway/demo:x", "slipway/base:x", "demo"),
        ({"IMAGE": "slipway/none"}, "slipway/none:dev", "slipway/none:dev", ""),
        ({"IMAGE": "me/slipway/demo"}, "me/slipway/demo:dev", "me/slipway/demo:dev", ""),
        ({"IMAGE": "demo"}, "demo:dev", "demo:dev", ""),
    ],
)
def test_an_image_of_ours_is_built_on_the_base(
    tmp_path: Path, environment: dict[str, str], image_: str, base: str, extension: str
) -> None:
    """
    Another name is the base's own.
    """
    (tmp_path / "images/demo").mkdir(parents=True)
    (tmp_path / "images/demo/Dockerfile").touch()
    (tmp_path / "images/draft").mkdir()
    project = Project.at(tmp_path, environment)

    assert (project.image, project.base_image, project.extension) == (image_, base, extension)
    assert project.extensions() == ["demo"]


def test_each_image_is_built_from_its_folder(
    clone: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """
    On the base of the same tag.
    """
    (clone / "bin").mkdir()
    (clone / "bin/docker").write_text('#!/bin/sh\n[ "$1" = image ] || echo "$@" >> "$ASKED"\n')
    (clone / "bin/docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{clone}/bin:/usr/bin:/bin")
    monkeypatch.setenv("ASKED", str(clone / "asked"))
    project = Project.at(clone, {**os.environ, "TAG": "x", "IMAGE_BASE": "debian:trixie-slim"})
    with Steps(2, io.StringIO()).step("image") as step:
        image.build(project, step)
        image.extend(project, step, "demo")
    base, extended = [
        line for line in (clone / "asked").read_text().splitlines() if line.startswith("build ")
    ]

    assert "--tag slipway/base:x --build-arg IMAGE_BASE=debian:trixie-slim" in base
    assert base.endswith(" .")
    assert extended.endswith("--tag slipway/demo:x --build-arg BASE=slipway/base:x images/demo")
