"""
What health says of a terminal, and how often it is tried.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

import pytest

from slipway.contract import paths
from slipway.ssh import terminal, terminal_session
from slipway.ssh.account import Account
from slipway.ssh.terminal_session import Asked


def of(shell: str) -> Account:
    """
    Return root with another shell.
    """
    return Account()._replace(shell=shell)


class Place:
    """
    A start-up file, and what stands in for who tries: it writes what it is told to.
    """

    def __init__(self, tmp_path: Path) -> None:
        self.file = tmp_path / ".bashrc"
        self.file.write_text("true\nexit 3\n")
        self.account = of("/bin/bash")
        self.log = tmp_path / "log"
        self.came: list[Any] = ["prompt", "", True]
        self.at = 0.0
        self.seconds = 0.0

    @property
    def tried(self) -> int:
        """Return how often."""
        return len(self.log.read_text()) if self.log.exists() else 0

    @property
    def files_read(self) -> list[list[Any]]:
        """Return it, and one that is not there."""
        return [[str(self.file), [self.file.stat().st_size]], ["/no/such", None]]

    def alone(self, asked: Asked, _writing: int) -> NoReturn:
        """Try it."""
        with self.log.open("a") as log:
            log.write("x")
        paths.TERMINAL.write_text(json.dumps([asked.stamp, *self.came, self.at or time.time()]))
        time.sleep(self.seconds)
        os._exit(0)

    def look(self, *, seconds: float = 9) -> str:
        """Return what is said of it."""
        begun = terminal.begin(self.account, self.files_read)
        deadline = time.monotonic() + seconds
        found = terminal.look(self.account, self.files_read, begun, deadline=deadline)
        assert not any(each.refuses for each in found)
        return " ".join(f"{'' if each.is_chosen else 'ill: '}{each}" for each in found)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """
    Nothing is known yet.
    """
    for name in ("KEPT", "TERMINAL", "TERMINAL_LOCK"):
        kept = tmp_path / "kept"
        monkeypatch.setattr(paths, name, kept if name == "KEPT" else kept / name)
    place = Place(tmp_path)
    monkeypatch.setattr(terminal_session, "alone", place.alone)
    return place


@pytest.mark.parametrize(
    ("came", "said", "is_settled"),
    [
        (["prompt", "", True], "", True),
        (["unknown", "", True], "", True),
        (["line", "", True], "a session with a terminal asks for a line before its prompt", True),
        (["ends", "ends", True], "ill: no session has a terminal: its shell ends; try", False),
        (["waits", "waits", False], "ill: no session has a terminal: its shell waits;", False),
        (["waits", "waits", True], "ill: no session has a terminal: its shell waits;", False),
    ],
)
def test_what_came_is_said(place: Place, came: list[Any], said: str, is_settled: bool) -> None:  # noqa: FBT001
    """
    And tried once, while nothing changes.
    """
    place.came = came
    first, second = place.look(), place.look()

    assert first == second
    assert first.startswith(said)
    assert bool(first) is bool(said)
    assert not said or str(place.file) in first
    assert terminal.is_settled(place.account, place.files_read) is is_settled
    assert place.tried == 1


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("true\nexit 3\n", " line 2)"),
        ("case $- in *i*) exit;; esac", " line 1)"),
        ("if true; then exec zsh; fi\n", " line 1)"),
        ("# exit 3\n[ x ] && kill -9 $$\n", " line 2)"),
        ("exit 3\nexit 4\n", ".bashrc)"),
        ("set -e; false\n", ".bashrc)"),
        ("echo exit\n", ".bashrc)"),
    ],
)
def test_the_line_that_ends_a_shell_is_named_where_there_is_one(
    place: Place, text: str, named: str
) -> None:
    place.came = ["ends", "ends with exit code 3", True]
    place.file.write_text(text)

    assert place.look().endswith(named)


def test_a_change_is_tried_at_once(place: Place) -> None:
    place.look()
    place.file.write_text("other\n")
    place.look()
    place.account = of("/bin/dash")
    place.look()

    assert place.tried == 3


@pytest.mark.parametrize(("how", "tried"), [("prompt", 1), ("unknown", 1), ("ends", 2)])
def test_one_that_failed_is_tried_again_in_a_while(place: Place, how: str, tried: int) -> None:
    """
    A program that was missing may be there since.
    """
    place.came, place.at = [how, "x", True], time.time() - 60
    place.look()
    place.look()

    assert place.tried == tried


def test_a_shell_of_another_kind_is_not_tried(place: Place) -> None:
    place.account = of("/usr/local/bin/menu")

    assert place.look() == ""
    assert place.tried == 0
    assert terminal.is_settled(place.account, place.files_read)


def test_one_that_takes_its_time_goes_on_alone(place: Place) -> None:
    place.seconds = 2
    began = time.monotonic()

    assert place.look(seconds=0) == ""
    assert time.monotonic() < began + 2
    os.wait()


def test_who_is_at_the_files_as_they_were_is_ended(place: Place) -> None:
    paths.KEPT.mkdir()
    holds = (
        "import fcntl, os, sys, time; file = open(sys.argv[1], 'a'); fcntl.flock(file, 2); "
        "file.write(str(os.getpid())); file.flush(); print(flush=True); time.sleep(60)"
    )
    words = [sys.executable, "-c", holds, str(paths.TERMINAL_LOCK)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as other:
        assert other.stdout
        other.stdout.readline()
        place.look()

        assert other.wait(10) == -9
    assert place.tried == 1


@pytest.mark.parametrize("content", ["", "{}", "[]", "[1, 2]", '[["x"], "ends", "x", true, "y"]'])
def test_what_is_no_record_says_nothing(place: Place, content: str) -> None:
    paths.KEPT.mkdir()
    paths.TERMINAL.write_text(content)

    assert place.look() == ""
    assert place.tried == 1
