"""
`@live`: commands and files where this process runs.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from pyinfra.api import Config, Inventory, State
from pyinfra.api.exceptions import InventoryError
from pyinfra.api.host import Host

from slipway.settings.variables import Settings

Run = Callable[..., tuple[bool, str, str]]


@pytest.fixture
def host() -> Host:
    """
    This machine, by its connector.
    """
    inventory = Inventory(([("@live", {"settings": Settings()})], {}))
    State(inventory, Config(SHELL=None))
    (host,) = inventory
    host.connect(raise_exceptions=True)
    return host


@pytest.fixture
def run(host: Host) -> Run:
    """
    Run a command as pyinfra does.
    """

    def run(command: str, **arguments: Any) -> tuple[bool, str, str]:
        is_done, output = host.run_shell_command(command, **arguments)
        return is_done, output.stdout, output.stderr

    return run


def test_it_has_no_name() -> None:
    """
    There is one container that one is in.
    """
    with pytest.raises(InventoryError, match="takes no name"):
        Inventory((["@live/x"], {}))


def test_without_an_inventory_the_host_has_its_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    `pyinfra @live deploy.py`: what deploy.py reads is there.
    """
    monkeypatch.setenv("WORKSPACE", "/data")
    inventory = Inventory((["@live"], {}))
    State(inventory, Config())
    (host,) = inventory
    host.connect(raise_exceptions=True)

    assert host.data.live is True
    assert host.data.phase == "start"
    assert host.data.settings.workspace == host.data.loaded.settings.workspace == "/data"


def test_codes_streams_and_input(run: Run) -> None:
    """
    Success codes, both streams, input that is there or empty, pyinfra's environment.
    """
    assert run("echo a; echo b >&2") == (True, "a", "b")
    assert run("exit 3") == (False, "", "")
    assert run("exit 3", _success_exit_codes=[3]) == (True, "", "")
    assert run("exit 0", _success_exit_codes=[3]) == (False, "", "")
    assert run("cat") == (True, "", "")
    assert run("wc -l", _stdin=["a", "b"])[1].strip() == "2"
    assert run('printf %s "$X"', _env={"X": "a'b $(c)"})[1] == "a'b $(c)"
    assert run("pwd", _chdir="/")[1] == "/"
    assert run("printf '\\377'")[1] == "\udcff"


def test_unread_input_is_no_failure(run: Run) -> None:
    """
    Nor does a large output wait for a large input.
    """
    large = "x" * 1_000_000

    assert run("true", _stdin=large)[0]
    assert run("cat", _stdin=large)[1] == large


@pytest.mark.parametrize(
    "script",
    [
        "sleep 7654 & sleep 7654",
        "setsid sh -c 'sleep 7654; :'; :",  # as su(1) has another user's command run
        "sh -c 'setsid sleep 7654 & sleep 7654'; :",
    ],
)
def test_a_timeout_kills_the_command_and_its_children(run: Run, script: str) -> None:
    """
    Within the time that was given, in whatever session they are.
    """
    began = time.monotonic()
    with pytest.raises(TimeoutError, match="no end after 1 s"):
        run(script, _timeout=1)

    assert time.monotonic() - began < 10
    _wait_for_none("^sleep 7654")
    assert run("echo next", _timeout=5) == (True, "next", "")


def test_an_interrupt_kills_the_command() -> None:
    """
    It would go on without the lock of the convergence that began it.
    """
    script = """
from pyinfra.api import Config, Inventory, State
from slipway.settings.variables import Settings
inventory = Inventory(([("@live", {"settings": Settings()})], {}))
State(inventory, Config(SHELL=None))
(host,) = inventory
host.connect(raise_exceptions=True)
host.run_shell_command("sleep 4567; :")
"""
    with subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL) as process:
        late = time.monotonic() + 20
        while not _found("^sleep 4567") and time.monotonic() < late:
            time.sleep(0.05)
        assert _found("^sleep 4567")
        process.send_signal(signal.SIGINT)
        process.wait(20)

    _wait_for_none("^sleep 4567")


def test_signals_of_the_command_are_its_own(run: Run) -> None:
    """
    It has a session of its own, and no signal is ignored in it.
    """
    assert run("kill -TERM 0") == (False, "", "")
    ignored = run("grep ^SigIgn: /proc/self/status")[1].split()[1]
    assert not int(ignored, 16) & (1 << (signal.SIGINT - 1) | 1 << (signal.SIGTERM - 1))


def test_files_are_replaced_whole(host: Host, tmp_path: Path) -> None:
    """
    At their mode; new ones for their owner alone; a link is followed; no draft stays.
    """
    old, link, new = tmp_path / "old", tmp_path / "link", tmp_path / "new"
    old.write_text("old")
    old.chmod(0o2751)
    link.symlink_to(old)
    before = old.stat().st_ino
    host.put_file(BytesIO(b"\0\xff"), str(link))
    host.put_file(StringIO("ü"), str(new))

    assert old.read_bytes() == b"\0\xff"
    assert old.stat().st_mode & 0o7777 == 0o2751
    assert old.stat().st_ino != before
    assert link.is_symlink()
    assert (new.read_text(), new.stat().st_mode & 0o777) == ("ü", 0o600)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "new", "old"]


def test_a_failed_write_leaves_the_file_as_it_was(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """
    No part of the new content, and nothing beside it; file and reason are named.
    """
    path = tmp_path / "file"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fchmod", full)

    assert not host.put_file(BytesIO(b"new"), str(path))
    assert caplog.messages == [f"{path}: No space left on device"]
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_no_temporary_file_is_made(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Neither for a command nor for a file's way out.
    """
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))  # where mkstemp would fail
    back = BytesIO()
    (tmp_path / "file").write_bytes(b"\0")
    host.run_shell_command("cat", _stdin="x")
    host.get_file(str(tmp_path / "file"), back)

    assert back.getvalue() == b"\0"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def _found(pattern: str) -> list[str]:
    words = ["pgrep", "--runstates", "DRST", "-f", pattern]  # a zombie has ended
    return subprocess.run(words, check=False, capture_output=True, text=True).stdout.split()


def _wait_for_none(pattern: str) -> None:
    late = time.monotonic() + 10
    while _found(pattern) and time.monotonic() < late:
        time.sleep(0.01)  # the kernel takes its time to end what was killed
    assert _found(pattern) == []
