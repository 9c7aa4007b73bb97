"""
sshd by itself: when it is needed, and with what it starts.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from slipway.contract import paths
from slipway.environment import host_data
from slipway.ssh import configuration, host_key, last_resort, usable

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBzsPvOLKhHhZCzNLzK4UHm1yMNH3k5kZBbYOvRzQRb8 me"


class Became(Exception):  # noqa: N818 - no error
    """
    The process would be another program now.
    """


@pytest.fixture
def port() -> int:
    """
    A port that nobody listens on.
    """
    with socket.socket() as one:
        one.bind(("", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int) -> SimpleNamespace:
    """
    A container whose variables give a key, and in which nothing runs.
    """
    settings = SimpleNamespace(keys=[KEY], services_off=())
    monkeypatch.setattr(host_data, "loaded", lambda: SimpleNamespace(settings=settings))
    monkeypatch.setattr(configuration, "read", lambda: SimpleNamespace(ports=[port]))
    monkeypatch.setattr(configuration, "given_options", list)
    files = [tmp_path / name for name in ("home/keys", "state/keys", "run")]
    monkeypatch.setattr(paths, "KEY_FILES", tuple(files))
    monkeypatch.setattr(paths, "SSH", tmp_path)
    monkeypatch.setattr(paths, "SSHD_CHROOT", tmp_path / "chroot")
    monkeypatch.setattr(paths, "UNSUPERVISED", tmp_path / "unsupervised")
    return settings


def test_it_is_needed_where_nobody_serves(given: SimpleNamespace, port: int) -> None:
    """
    Not where no key opens a session, where sshd is switched off, or somebody has the port.
    """
    assert last_resort.is_needed(patience=0)
    given.keys = []
    assert not last_resort.is_needed(patience=0)
    paths.KEY_FILES[-1].write_text(f"{KEY}\n")
    assert last_resort.is_needed(patience=0)
    given.services_off = ("sshd",)
    assert not last_resort.is_needed(patience=0)
    given.services_off = ()
    with socket.create_server(("", port)):
        assert not last_resort.is_needed(patience=0)


def _become(words: list[object]) -> Callable[..., None]:
    def become(*given: object) -> None:
        words.append(given)
        raise Became

    return become


@pytest.mark.parametrize("usable_fails", [False, True])
@pytest.mark.usefixtures("given")
def test_it_has_what_sshd_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, usable_fails: bool
) -> None:
    """
    A key where sshd reads it, root's alone, a host key and its chroot; and it says so.
    """
    words: list[object] = []
    monkeypatch.setattr(os, "execv", _become(words))

    def serve() -> None:
        if usable_fails:
            raise OSError
        os.execv("", [""])  # noqa: S606 - it is another here

    monkeypatch.setattr(usable, "serve", serve)
    with pytest.raises(Became):
        last_resort.serve("no socket")
    (place,) = [path for path in paths.KEY_FILES if path.exists()]

    assert place.read_text() == f"{KEY}\n"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert host_key.path("ed25519").exists()
    assert paths.SSHD_CHROOT.is_dir()
    assert "sshd runs by itself, without supervisord: no socket" in capsys.readouterr().out
    assert words == [(paths.SSHD, [paths.SSHD, "-D", "-e"]) if usable_fails else ("", [""])]


@pytest.mark.usefixtures("given")
def test_keys_that_are_there_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    What a convergence has done is not done again.
    """
    monkeypatch.setattr(usable, "serve", _become([]))
    paths.KEY_FILES[0].parent.mkdir()
    paths.KEY_FILES[0].write_text(f"{KEY} other\n")
    host_key.path("rsa").write_text("a key")
    with pytest.raises(Became):
        last_resort.serve("")

    assert [path.exists() for path in paths.KEY_FILES] == [True, False, False]
    assert not host_key.path("ed25519").exists()


@pytest.mark.usefixtures("given")
def test_why_is_kept_for_who_asks_later() -> None:
    """
    Health, say.
    """
    assert last_resort.why_alone() == ""
    last_resort.note("no socket")

    assert last_resort.why_alone() == "no socket"
