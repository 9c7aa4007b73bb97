"""
What is pushed where, and what stands against it.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from engine import release
from engine.commands import Failure
from engine.project import Project
from engine.registry import OCI, annotated
from engine.steps import Steps

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("version", "revision", "tags"),
    [
        ("1.2.3", COMMIT, ["1.2.3", "1.2", "1", "latest"]),
        ("0.2.3", COMMIT, ["0.2.3", "0.2", "latest"]),
        ("1.2.3", f"{COMMIT}-dirty", ["dev"]),
        ("1.2.3", "", ["dev"]),
        ("1.2.3", "unknown", ["dev"]),
        ("1.2.3rc1", COMMIT, ["dev"]),
        ("", COMMIT, ["dev"]),
    ],
)
def test_only_a_commit_is_a_version(version: str, revision: str, tags: list[str]) -> None:
    """
    Its tags are what others pin; sources that nobody else has are no release.
    """
    labels = {
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.revision": revision,
    }

    assert tags == release.tags(labels, "dev")


@pytest.mark.parametrize(
    ("registry", "place"),
    [
        ("127.0.0.1:5000", ("127.0.0.1:5000", "slipway-base")),
        ("registry.example/you/", ("registry.example", "you/slipway-base")),
        ("registry.example:443/a/b", ("registry.example:443", "a/b/slipway-base")),
        ("[::1]:5000/you", ("[::1]:5000", "you/slipway-base")),
    ],
)
def test_where_an_image_goes(tmp_path: Path, registry: str, place: tuple[str, str]) -> None:
    """
    One name below what was given: some registries take no deeper ones.
    """
    assert place == release._place(Project.at(tmp_path, {"REGISTRY": registry}))  # noqa: SLF001


@pytest.mark.parametrize("registry", ["", "/", "https://registry.example", "a b/c"])
def test_without_a_registry_nothing_is_pushed(tmp_path: Path, registry: str) -> None:
    """
    What has to be said is, with its form.
    """
    with pytest.raises(Failure, match="make push REGISTRY="):
        release._place(Project.at(tmp_path, {"REGISTRY": registry}))  # noqa: SLF001


def test_a_manifest_of_dockers_becomes_the_ocis() -> None:
    """
    The same blobs under other names, with annotations; one of the OCI's keeps what it has.
    """
    docker, oci = list(OCI), list(OCI.values())
    blob = {"size": 1, "digest": "sha256:0"}
    pushed = {
        "schemaVersion": 2,
        "mediaType": docker[0],
        "config": {**blob, "mediaType": docker[1]},
        "layers": [{**blob, "mediaType": docker[2]}],
    }

    made = annotated(pushed, {"a": "1"})

    assert made == {
        "schemaVersion": 2,
        "mediaType": oci[0],
        "config": {**blob, "mediaType": oci[1]},
        "layers": [{**blob, "mediaType": oci[2]}],
        "annotations": {"a": "1"},
    }
    assert annotated(made, {"b": "2"}) == {**made, "annotations": {"a": "1", "b": "2"}}
    with pytest.raises(Failure, match="index of several images"):
        annotated({"manifests": []}, {})


def _sign(project: Project) -> None:
    release.sign(project, Steps(1, io.StringIO()))


def test_signing_says_what_it_lacks_and_signs_by_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    cosign, then something that was pushed; a tag could be another image by then.
    """
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    project = Project.at(tmp_path / "clone", {**os.environ, "COSIGN_KEY": "k"})
    with pytest.raises(Failure, match="cosign is not installed"):
        _sign(project)

    (tmp_path / "cosign").write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n')
    (tmp_path / "cosign").chmod(0o755)
    with pytest.raises(Failure, match="nothing was pushed"):
        _sign(project)

    (project.root / "build").mkdir(parents=True)
    (project.root / "build/pushed").write_text("registry.example/you@sha256:0\n")
    _sign(project)
    assert (tmp_path / "asked").read_text() == "sign --yes --key k registry.example/you@sha256:0\n"
