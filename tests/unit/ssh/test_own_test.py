"""
sshd's test of its own files, which a start of the container's begins early.
"""

from __future__ import annotations

import configparser
import subprocess
from pathlib import Path

import pytest

from slipway.contract import paths
from slipway.ssh import own_test

RUNS = f"sshd -D -e -o PidFile={paths.SSHD_PID}"
SSHD = """#!/bin/sh
echo "sshd $*" >> {log}
[ "$1" != -t ] || exit {code}
"""


class Place:
    """
    A /run/slipway of the test's own, and an sshd that notes how it is called.
    """

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.log = directory / "log"
        self.sshd = directory / "sshd"
        self.run = directory / "run"
        self.run.mkdir()
        monkeypatch.setattr(paths, "SSHD", str(self.sshd))
        for name in ("SSHD_TESTED", "SSHD_FAILED", "SSHD_OPTIONS", "SSHD_LEFT_OUT"):
            monkeypatch.setattr(paths, name, self.run / getattr(paths, name).name)

    def has_sshd(self, code: int) -> None:
        """Have an sshd whose tests end so."""
        self.sshd.write_text(SSHD.format(log=self.log, code=code))
        self.sshd.chmod(0o755)

    def starts(self) -> list[str]:
        """Start it as its program's file says, and return what was called."""
        self.log.write_text("")
        program = configparser.RawConfigParser(inline_comment_prefixes=(";",))
        program.read("files/etc/supervisor/conf.d/sshd.conf")
        words = program["program:sshd"]["command"].partition(" -c ")[2].strip("'")
        for real, ours in (
            ("/run/slipway", str(self.run)),
            ("/usr/sbin/sshd", str(self.sshd)),
            ("/opt/slipway/venv/bin/python3", f"echo looked-closer >> {self.log}; : "),
        ):
            assert real in words
            words = words.replace(f"exec {real}", real if "echo" in ours else f"exec {real}")
            words = words.replace(real, ours)
        subprocess.run(["sh", "-c", words], check=False)
        return self.log.read_text().splitlines()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(tmp_path, monkeypatch)


def test_a_test_that_was_passed_is_good_for_one_start(place: Place) -> None:
    """
    The next may find other files.
    """
    place.has_sshd(0)
    own_test.begin()
    own_test.mark()

    assert place.log.read_text() == "sshd -t\n"
    assert place.starts() == [RUNS]
    assert place.starts() == ["sshd -t", RUNS]


@pytest.mark.parametrize("code", [0, 1, 255])
def test_a_start_without_a_mark_tests(place: Place, code: int) -> None:
    """
    Nobody has begun a test, its mark is taken away again, or nothing is in it.
    """
    place.has_sshd(code)
    after = ["looked-closer"] if code else [RUNS]
    own_test.mark()
    without = place.starts()
    paths.SSHD_TESTED.touch()
    empty = place.starts()
    paths.SSHD_TESTED.write_text("1\n")
    own_test.unmark()
    own_test.unmark()

    assert [without, empty, place.starts()] == [["sshd -t", *after]] * 3


@pytest.mark.parametrize("code", [1, 255])
def test_files_that_sshd_can_not_use_are_looked_at_closer(place: Place, code: int) -> None:
    """
    Without another test.
    """
    place.has_sshd(code)
    own_test.begin()
    own_test.mark()

    assert not paths.SSHD_TESTED.exists()
    assert place.starts() == ["looked-closer"]


def test_a_test_that_hangs_is_given_up(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A drop-in that is a FIFO, say.
    """
    monkeypatch.setattr(own_test, "_PATIENCE", "0.1")
    place.sshd.write_text("#!/bin/sh\nexec sleep 60\n")
    place.sshd.chmod(0o755)
    own_test.begin()
    own_test.mark()

    assert place.starts() == ["looked-closer"]


def test_a_sshd_that_has_ended_at_once_is_looked_at_closer(place: Place) -> None:
    """
    Though it was tested: `sshd -t` does not find all.
    """
    place.has_sshd(0)
    own_test.begin()
    own_test.mark()
    paths.SSHD_FAILED.touch()

    assert place.starts() == ["looked-closer"]


def test_the_files_that_it_is_given_are_tested(place: Place) -> None:
    """
    Where it is served from elsewhere.
    """
    place.has_sshd(0)
    paths.SSHD_OPTIONS.write_text("-f /else/where\n")
    own_test.begin()
    own_test.mark()

    assert place.log.read_text() == "sshd -t -f /else/where\n"
    assert place.starts() == [f"{RUNS} -f /else/where"]
