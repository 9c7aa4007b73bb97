"""
The directories of a start: made, cleared of what is in their places, and named together.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slipway.contract import paths
from slipway.environment import places


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """
    Have the contract's places below a directory.
    """
    for name, place in {
        "RUN": "run/slipway",
        "SSHD_CHROOT": "run/sshd",
        "LOGS": "log/supervisor",
        "LOCK": "run/slipway/lock",
        "START_LOCK": "run/slipway/start.lock",
        "SSHD_LOCK": "run/slipway/sshd.lock",
        "HOST_KEY_LOCK": "run/slipway/host-key.lock",
        "REPORT": "run/slipway/report.json",
        "UNFINISHED": "run/slipway/unfinished",
    }.items():
        monkeypatch.setattr(paths, name, tmp_path / place)
    return tmp_path


def test_what_is_missing_is_made(house: Path) -> None:
    """
    With its parents: an emptyDir at /var/log, say. A second time changes nothing.
    """
    places.prepare_start("docker")
    (paths.RUN / "report.json").write_text("{}")
    places.prepare()

    assert paths.RUN.is_dir()
    assert paths.LOGS.is_dir()
    assert paths.REPORT.read_text() == "{}"
    assert sorted(each.name for each in (house / "run").iterdir()) == ["slipway", "sshd"]


@pytest.mark.parametrize("name", ["RUN", "LOGS"])
def test_what_is_in_a_directorys_place_is_kept(house: Path, name: str) -> None:
    """
    A file, a dangling link and a looping one; each under a name of its own.
    """
    place: Path = getattr(paths, name)
    place.parent.mkdir(parents=True)
    for number in range(3):
        if place.is_dir():
            place.rmdir()
        if number:
            place.symlink_to(["", "nowhere", place.name][number])
        else:
            place.write_text("mine")
        places.prepare()

        assert place.is_dir()
        assert not place.is_symlink()
    kept = Path(f"{place}.replaced")

    assert kept.read_text() == "mine"
    assert Path(f"{kept}2").is_symlink()
    assert house.is_dir()


@pytest.mark.parametrize(
    "name", ["LOCK", "START_LOCK", "SSHD_LOCK", "HOST_KEY_LOCK", "REPORT", "UNFINISHED"]
)
def test_what_is_no_file_makes_room(house: Path, name: str) -> None:
    """
    A directory with something in it, and a link that leads nowhere.
    """
    file: Path = getattr(paths, name)
    file.mkdir(parents=True)
    (file / "inside").touch()
    places.prepare()
    file.symlink_to(house / "nowhere/else")
    places.prepare()

    assert not os.path.lexists(file)
    assert Path(f"{file}.replaced/inside").exists()


@pytest.mark.parametrize(
    ("provider", "each", "kept"),
    [
        ("docker", "--tmpfs {}", "to `docker run`, and `-v /etc/ssh -v /workspace`"),
        ("podman", "--tmpfs {}", "to `podman run`, and `-v /etc/ssh -v /workspace`"),
        ("Kubernetes", " {}", "and a volume at /etc/ssh and /workspace"),
    ],
)
def test_all_that_is_missing_is_named_at_once(
    house: Path, monkeypatch: pytest.MonkeyPatch, provider: str, each: str, kept: str
) -> None:
    """
    In the words of who runs the container, in one line.
    """
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(SystemExit) as ended:
        places.prepare(provider)
    line = str(ended.value)

    assert line.startswith(f"slipway: {house}/run/slipway: Read-only file system. ")
    for place in ("/tmp", paths.LOGS, paths.STATE):
        assert each.format(place) in line
    assert kept in line
    assert "\n" not in line


def test_a_fifo_that_names_would_be_waited_for_at_is_kept(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Nobody could be asked for by name: the C library opens it.
    """
    monkeypatch.setattr(places, "NAMES", house / "nsswitch.conf")
    os.mkfifo(places.NAMES)
    places.prepare()

    assert [each.name for each in house.glob("nsswitch*")] == ["nsswitch.conf.replaced"]
