"""
What an image is made of, and what becomes of it at an update; a stand-in for the engine answers.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import os
from pathlib import Path

import pytest

from engine import base, lock, provenance
from engine.commands import Failure
from engine.lock import Lock
from engine.project import Project
from engine.steps import Steps

NAME = "debian:bookworm-slim"
OLD, NEW = "debian@sha256:01d", "debian@sha256:9e3"

# Images are files with their digests; pulling takes what the registry has
DOCKER = """#!/bin/sh
cd "$FOLDER"
case "$1 $2" in
    "pull "*)
        [ -e "registry" ] || exit 1
        cp registry "images/$2"; cp registry "images/$(cat registry)" ;;
    "image inspect")
        for name; do :; done
        [ -e "images/$name" ] || exit 1
        digest=$(cat "images/$name")
        [ -n "$digest" ] && echo "[\\"other@sha256:0\\", \\"$digest\\"]" || echo "[]" ;;
esac
"""


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    A host whose engine has no image, and no registry.
    """
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    (tmp_path / "images").mkdir()
    (tmp_path / "clone").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("FOLDER", str(tmp_path))
    return tmp_path


def _project(host: Path, **environment: str) -> Project:
    return Project.at(host / "clone", {**os.environ, **environment})


def _has(host: Path, *digests: str, name: str = NAME) -> None:
    for digest in digests:
        (host / "images" / name).write_text(digest)
        if digest:
            (host / "images" / digest).write_text(digest)


def _do(action: str, project: Project) -> tuple[str, list[str]]:
    with Steps(1, io.StringIO()).step("base image") as step:
        getattr(base, action)(project, step)
    return step.result, step.notes


def test_a_base_that_is_pulled_is_pinned_and_stays(host: Path) -> None:
    """
    By its digest; a later tag of the same name is not what the next build takes.
    """
    (host / "registry").write_text(OLD)
    project = _project(host)
    _do("ensure", project)
    assert lock.read(project).pinned(NAME) == OLD

    _has(host, NEW)  # somebody has pulled the tag anew
    assert _do("ensure", project)[0] == f"{NAME} is there"
    assert lock.read(project).pinned(NAME) == OLD


def test_another_machine_pulls_what_is_pinned_or_says_so(host: Path) -> None:
    """
    Never something else under the same name, one that is made here least of all.
    """
    project = _project(host)
    lock.write(project, Lock("2026-11-26", {NAME: OLD}))
    with pytest.raises(Failure, match=f"^{OLD}, which image.lock has for {NAME}, cannot be pulled"):
        _do("ensure", project)

    (host / "registry").write_text(OLD)
    assert _do("ensure", project)[0].startswith(f"{OLD} pulled")


def test_an_update_moves_the_pin(host: Path) -> None:
    """
    To what the tag means today.
    """
    _has(host, OLD)
    (host / "registry").write_text(NEW)
    project = _project(host)
    lock.write(project, Lock("2026-11-26", {NAME: OLD, "other": "other@sha256:0"}))

    _do("renew", project)

    assert lock.read(project).bases == {NAME: NEW, "other": "other@sha256:0"}


def test_without_its_registry_an_update_keeps_the_base(host: Path) -> None:
    """
    The packages are renewed all the same, and the base's lack is said.
    """
    _has(host, OLD)
    project = _project(host)
    lock.write(project, Lock("2026-11-26", {NAME: OLD}))

    result, notes = _do("renew", project)

    assert result == f"{OLD} stays as it is"
    assert notes == [f"{NAME} cannot be pulled: build/logs/base.log says why"]
    assert lock.read(project).bases == {NAME: OLD}


def test_a_base_of_ones_own_has_no_digest_and_stays(host: Path) -> None:
    """
    One that was built here is in no registry.
    """
    _has(host, "", name="mine:1")
    project = _project(host, IMAGE_BASE="mine:1")

    _do("ensure", project)
    assert _do("renew", project)[0] == "mine:1 stays as it is"
    assert lock.read(project).bases == {}


def test_a_base_made_of_packages_is_made_anew(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    It is as old as its packages; that nothing pins it is said.
    """
    made: list[str] = []
    monkeypatch.setattr(base, "make", lambda *_given, name, **_named: made.append(name))
    _has(host, "")
    project = _project(host)

    _, notes = _do("renew", project)

    assert made == [NAME]
    assert notes == [f"{NAME} has no digest, as it was not pulled: image.lock does not pin it"]
    assert lock.read(project).bases == {}


@pytest.mark.parametrize(
    ("packages", "days"),
    [("2026-11-26", 0), ("2026-10-27", 30), ("2026-10-26", 31), ("2026-10-26T13:00:00Z", 30)],
)
def test_the_age_of_packages(packages: str, days: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    In whole days since they were fetched.
    """
    noon = dt.datetime(2026, 11, 26, 12, tzinfo=dt.timezone.utc)
    monkeypatch.setattr(lock, "now", lambda: noon)

    assert days == Lock(packages).age
    assert Lock(packages).renewed().age == 0


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"packages": "soon", "bases": {}}', '{"packages": "2026-11-26"}']
)
def test_a_lock_that_is_none_is_named(host: Path, text: str) -> None:
    """
    With what to do; a build by half of it would be another one.
    """
    project = _project(host)
    (host / "clone/image.lock").write_text(text)

    with pytest.raises(Failure, match=r"^image\.lock is not what make writes there"):
        lock.read(project)


def test_a_build_is_told_all_of_it(host: Path) -> None:
    """
    The pinned base and the day as arguments, what they are as labels of the OCI's.
    """
    (host / "clone/.dockerignore").write_text("*\n!slipway\n")
    project = _project(host)
    lock.write(project, Lock("2026-11-26", {NAME: OLD}))

    words = provenance.options(project)

    given = {word.partition("=")[0]: word.partition("=")[2] for word in words if "=" in word}
    assert given == {
        "IMAGE_BASE": OLD,
        "PACKAGES_OF": "2026-11-26",
        "SOURCE_DATE_EPOCH": "1795651200",
        "org.opencontainers.image.created": "2026-11-26T00:00:00Z",
        "org.opencontainers.image.base.name": NAME,
        "org.opencontainers.image.base.digest": "sha256:01d",
        "slipway.packages": "2026-11-26",
    }
    assert json.loads((host / "clone/image.lock").read_text())["bases"] == {NAME: OLD}


@pytest.mark.parametrize(
    ("remote", "source"),
    [
        ("https://git.example/me/slipway.git", "https://git.example/me/slipway"),
        ("https://me:secret@git.example/me/slipway", "https://git.example/me/slipway"),
        ("git@git.example:me/slipway.git", "https://git.example/me/slipway"),
        ("ssh://git@git.example:2222/me/slipway.git/", "https://git.example/me/slipway"),
        ("/srv/git/slipway", ""),
        ("", ""),
    ],
)
def test_the_source_is_an_address_without_secrets(
    host: Path, monkeypatch: pytest.MonkeyPatch, remote: str, source: str
) -> None:
    """
    As a browser takes it; a path of this machine's helps nobody.
    """
    monkeypatch.setattr(provenance, "_git", lambda *_words: remote)

    assert source == provenance.source_of(_project(host))
