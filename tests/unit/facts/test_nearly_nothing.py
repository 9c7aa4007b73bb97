"""
What nearly always is not there: no program is started to find that, and the answer is its own.

`ask` runs both forms of each command.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from slipway.contract import paths
from slipway.facts import rclone, ssh
from slipway.facts.extensions import ExtensionsSeen, Seen
from slipway.facts.rclone import RcloneConfiguration, RcloneRemotes, RemotePrograms
from slipway.facts.ssh import SshdIsStale
from slipway.remotes.states import PROGRAM_MARK
from tests.unit.facts.conftest import ODD, ask


def test_extensions_and_what_they_lay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    No directory, an empty one, a file in it, an extension without files, one with, one by a link.
    """
    place, files = tmp_path / "etc", ["/etc/motd", *(f"/{name}" for name in ODD)]
    monkeypatch.setattr(paths, "EXTENSIONS", place)
    found = [ask(ExtensionsSeen(), files=files)]
    place.mkdir()
    found.append(ask(ExtensionsSeen(), files=files))
    (place / "README").touch()
    found.append(ask(ExtensionsSeen(), files=files))
    (place / "one").mkdir()
    found.append(ask(ExtensionsSeen(), files=files))
    laid = tmp_path / "two/files/etc/motd"
    laid.parent.mkdir(parents=True)
    laid.touch()
    (place / "two").symlink_to(tmp_path / "two")
    found.append(ask(ExtensionsSeen(), files=files))

    nothing, one = Seen(False, frozenset()), Seen(True, frozenset())
    assert found == [nothing, nothing, nothing, one, Seen(True, frozenset({"/etc/motd"}))]


def test_mount_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    No directory, other programs, somebody else's remote, ours with any name.
    """
    place = tmp_path / "conf.d"
    monkeypatch.setattr(rclone, "SUPERVISOR_PROGRAMS", place)
    found = [ask(RemotePrograms())]
    place.mkdir()
    (place / "sshd.conf").write_text(f"{PROGRAM_MARK}no\n")
    found.append(ask(RemotePrograms()))
    (place / "remote-x.conf").write_text("[program:remote-x]\n")
    (place / "remote-y.conf").mkdir()
    found.append(ask(RemotePrograms()))
    (place / "remote-z.conf").write_text(f"{PROGRAM_MARK}a b: ü\n[program:remote-z]\n")
    found.append(ask(RemotePrograms()))

    assert found == [{}, {}, {}, {"remote-z": "a b: ü"}]


def test_rclones_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Not there, a path through a file, a link to nothing, there; and the remotes with none of it.
    """
    monkeypatch.setattr(rclone, "SHELL_ENVIRONMENT", tmp_path / "environment.sh")
    monkeypatch.setattr(rclone, "RCLONE_CONF", tmp_path / "rclone.conf")
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nothing")
    names = ["nothing", "file/x", "link", "file"]
    found = [ask(RcloneConfiguration(), path=f"{tmp_path}/{name}") for name in names]

    assert [each and each.mode for each in found] == [None, None, "", f"{0o644:o}"]
    assert ask(RcloneRemotes()) == []
    (tmp_path / "environment.sh").write_text("exit 3\n")
    assert ask(RcloneRemotes()) == []


def _wait(until: float) -> None:
    while time.time() <= until:
        pass


@pytest.mark.parametrize(
    ("changed", "stale"),
    [
        ("", False),
        ("etc/sshd_config", True),
        ("etc/sshd_config.d/new.conf", True),
        ("etc/sshd_config.d/deep/new.conf", True),  # for its directory is new
        ("etc/sshd_config.d/old/new.conf", True),  # for its directory has changed
        ("etc/sshd_config.d/old/older/new.conf", False),
        ("etc/ssh_host_rsa_key", True),
        ("etc/ssh_host_rsa_key.pub", False),
        ("etc/moduli", False),
        ("run/sshd.conf", True),
        ("run/sshd-root.conf", True),
        ("run/ssh/key", True),
        ("state/ssh/key", True),
        ("beside/a b", True),
        ("beside/other", True),  # for its directory has changed
        ("elsewhere", False),
    ],
)
def test_whatever_changed_after_sshd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str, *, stale: bool
) -> None:
    """
    Both forms say the same; without a pid file, or with a link that leads nowhere, nothing is.
    """
    places = {
        "SSHD_PID": "pid", "SSHD_LEFT_OUT": "left-out", "SSH": "etc", "RUN": "run",
        "STATE": "state", "SSHD_CONFIG": "etc/sshd_config", "SSHD_DROP_INS": "etc/sshd_config.d",
    }  # fmt: skip
    for name, place in places.items():
        monkeypatch.setattr(ssh, name, tmp_path / place)
    included = (tmp_path / "run/sshd.conf", tmp_path / "run/sshd-root.conf")
    monkeypatch.setattr(ssh, "SSHD_INCLUDED", included)
    for directory in ("etc/sshd_config.d/old/older", "run/ssh", "state/ssh", "beside"):
        (tmp_path / directory).mkdir(parents=True)
    before = ask(SshdIsStale(), besides=[f"{tmp_path}/beside/a b"])
    _wait(time.time() + 0.02)  # a tick of the clock that files are dated by
    for name in ("pid", "left-out"):
        (tmp_path / name).touch()
    _wait(time.time() + 0.02)
    if changed:
        (tmp_path / changed).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / changed).touch()
    besides = [f"{tmp_path}/beside/a b"]
    after = ask(SshdIsStale(), besides=besides)
    (tmp_path / "pid").unlink()
    (tmp_path / "pid").symlink_to("nothing")

    assert (before, after, ask(SshdIsStale(), besides=besides)) == (False, stale, False)


def test_what_was_copied_while_sshd_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    It is older than the pid file and newer than the record of the copies; none, no question.
    """
    monkeypatch.setattr(ssh, "SSHD_PID", tmp_path / "pid")
    monkeypatch.setattr(ssh, "SSHD_LEFT_OUT", tmp_path / "left-out")
    copied = tmp_path / "copied/file"
    copied.parent.mkdir()
    (tmp_path / "left-out").touch()
    _wait(time.time() + 0.02)
    copied.touch()
    _wait(time.time() + 0.02)
    (tmp_path / "pid").touch()
    found = [ask(SshdIsStale(), besides=each) for each in ([str(copied)], [])]
    os.utime(tmp_path / "left-out")
    _wait(time.time() + 0.02)
    found.append(ask(SshdIsStale(), besides=[str(copied)]))
    (tmp_path / "left-out").unlink()
    found.append(ask(SshdIsStale(), besides=[str(copied)]))

    assert found == [True, False, False, False]
