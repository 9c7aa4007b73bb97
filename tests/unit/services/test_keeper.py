"""
Health's last verdict is kept while nothing that it rests on changes, for those who ask.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slipway.contract import paths
from slipway.services import keeper, kept_verdict, log_file
from slipway.services.keeper import Keeper
from slipway.services.kept_verdict import Verdict
from slipway.system.mount_list import MountList


class Asked:
    """
    A `slipway health --keep` that has begun.
    """

    pid = 4711

    def __init__(self, *_arguments: Any, **_keywords: Any) -> None:
        self.killed = False

    def kill(self) -> None:
        """Note it."""
        self.killed = True


class Bench:
    """
    A keeper with its surroundings, and a clock that is turned by hand.
    """

    def __init__(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.place = place
        self.now = 1000.0
        self.troubles: dict[str, str] = {}
        self.mounts = place / "mountinfo"
        self.mounts.write_text("one")
        self.options = SimpleNamespace(problems=[], notes=[], pidhistory={}, get_socket_map=dict)
        self.file = place / "report.json"
        self.file.write_text("{}")
        os.utime(self.file, (1, 1))
        monkeypatch.setattr(keeper, "MountList", lambda: MountList(self.mounts))
        monkeypatch.setattr(log_file, "troubles", self.troubles.copy)
        self.keeper = Keeper(
            SimpleNamespace(options=self.options, process_groups={}),
            clock=lambda: self.now,
        )
        paths.HEALTH_ASKED.touch()

    def later(self, seconds: float = keeper.ROUND) -> None:
        """Turn the clock, and have one round."""
        self.now += seconds
        self.keeper.look()

    def asked(self) -> Any:
        """Return who waits for an answer of health's."""
        return self.options.pidhistory.get(Asked.pid)

    def answer(self, **changes: Any) -> None:
        """Have health leave a verdict."""
        given: dict[str, Any] = {
            "line": "healthy", "files": [str(self.file)], "places": [], "sshd": [], "again": 300.0,
        }  # fmt: skip
        kept_verdict.write(Verdict(**{**given, **changes}))
        self.options.pidhistory.pop(Asked.pid).finish(Asked.pid, 0)

    def keep(self, **changes: Any) -> None:
        """Come to a verdict that is kept."""
        self.later(keeper.QUIET)
        self.answer(**changes)
        assert self.is_kept()

    def is_kept(self) -> bool:
        """Tell whether HEALTHCHECK would find one."""
        return paths.HEALTH.exists()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    for name in ("HEALTH", "HEALTH_ASKED", "VERDICT", "DEVICES"):
        monkeypatch.setattr(paths, name, tmp_path / name.lower())
    monkeypatch.setattr(keeper, "SETTLED", -(10**12))  # the test's own files are new
    monkeypatch.setattr("supervisor.events.callbacks", [])
    monkeypatch.setattr("subprocess.Popen", Asked)
    return Bench(tmp_path, monkeypatch)


def test_a_verdict_is_kept_for_who_asks(bench: Bench) -> None:
    """
    In one line: whose it is, until when, and the words. It is renewed.
    """
    bench.keep(line="healthy (degraded FUSE)")
    pid, since, until, line = paths.HEALTH.read_text().rstrip("\n").split(" ", 3)
    uptime = float(Path("/proc/uptime").read_text().split()[0])

    assert (int(pid), line) == (os.getpid(), "healthy (degraded FUSE)")
    assert since == Path("/proc/self/stat").read_text().rpartition(") ")[2].split()[19]
    assert 0 < int(until) - uptime <= keeper.LIFE + 1
    paths.HEALTH.write_text("old\n")
    bench.later(keeper.INTERVAL)
    assert paths.HEALTH.read_text() != "old\n"


def test_a_start_is_left_alone(bench: Bench) -> None:
    """
    Health is asked when no program has changed for some seconds.
    """
    bench.later(keeper.QUIET - 2)
    bench.keeper.doubt()
    bench.later(keeper.QUIET - 1)
    assert bench.asked() is None
    bench.later()
    assert bench.asked() is bench.keeper


def test_nobody_asks(bench: Bench) -> None:
    """
    Then nothing is looked at; a verdict is dropped when nobody has asked for a minute.
    """
    bench.keep()
    os.utime(paths.HEALTH_ASKED, (1, 1))
    bench.later()
    assert not bench.is_kept()
    bench.later(keeper.QUIET)
    assert bench.asked() is None


CHANGES: dict[str, Callable[[Bench], Any]] = {
    "a file": lambda bench: bench.file.write_text("more"),
    "a file's mode": lambda bench: bench.file.chmod(0o600),
    "a file that is gone": lambda bench: bench.file.unlink(),
    "a program": lambda bench: bench.keeper.doubt(),
    "a file of programs": lambda bench: bench.options.problems.append("conf.d/x"),
    "a note": lambda bench: bench.options.notes.append("minfds"),
    "a log that can't be written": lambda bench: bench.troubles.update({"/x.log": "disk full"}),
    "a mount": lambda bench: bench.mounts.write_text("another"),
    "a GPU": lambda _bench: paths.DEVICES.write_text("/dev/nowhere\n"),
    "age": lambda bench: bench.later(400),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_what_changes_is_asked_for_again(bench: Bench, kind: str) -> None:
    """
    Until then there is no verdict, and whoever asks looks himself.
    """
    bench.keep()
    CHANGES[kind](bench)
    bench.later(keeper.INTERVAL if kind == "a mount" else keeper.ROUND)  # no kernel tells here

    assert not bench.is_kept()
    bench.later(keeper.QUIET)
    assert bench.asked() is bench.keeper


def test_a_place_counts_by_owner_and_mode(bench: Bench) -> None:
    """
    A home directory's time changes with every shell.
    """
    bench.keep(places=[str(bench.place)])
    (bench.place / "history").touch()
    bench.later()
    assert bench.is_kept()
    bench.place.chmod(0o777)
    bench.later()
    assert not bench.is_kept()


def test_what_changed_meanwhile_is_not_kept(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A file that was written while health looked may have been read before.
    """
    monkeypatch.setattr(keeper, "SETTLED", 50_000_000)
    bench.later(keeper.QUIET)
    bench.file.write_text("new")
    bench.answer()

    assert not bench.is_kept()


def test_a_program_that_changes_meanwhile_ends_the_question(bench: Bench) -> None:
    """
    Its answer is about what was.
    """
    bench.later(keeper.QUIET)
    asked: Any = bench.keeper._asked  # noqa: SLF001
    bench.keeper.doubt()

    assert asked.killed
    bench.answer()  # it was quicker
    assert not bench.is_kept()


def test_no_verdict_is_none(bench: Bench) -> None:
    """
    Health leaves none while something starts; it is asked again later.
    """
    bench.later(keeper.QUIET)
    bench.options.pidhistory.pop(Asked.pid).finish(Asked.pid, 0)
    assert not bench.is_kept()
    bench.later(keeper.PAUSE)
    assert bench.asked() is bench.keeper


def test_an_sshd_that_does_not_answer(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    There is no verdict two seconds after the knock.
    """
    knock = SimpleNamespace(has_answered=False, end=lambda: None)
    monkeypatch.setattr(keeper, "Knock", lambda *_words, **_keywords: knock)
    bench.keep(sshd=[["127.0.0.1", 22]])
    bench.later(keeper.BETWEEN_KNOCKS)
    assert bench.is_kept()
    bench.later(keeper.ANSWER + keeper.ROUND)
    assert not bench.is_kept()


def test_the_end_leaves_nothing(bench: Bench) -> None:
    """
    A container that stops is not healthy by what was.
    """
    bench.keep()
    bench.keeper.end()
    assert not bench.is_kept()
    bench.later(10_000)
    assert bench.asked() is None


def test_nothing_below_a_new_mount_is_touched(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    It may be one whose server hangs, and supervisord with it.
    """
    bench.keep()
    bench.mounts.write_text("another")
    monkeypatch.setattr(os, "lstat", lambda path: pytest.fail(f"{path} is touched"))
    bench.later(keeper.INTERVAL)

    assert not bench.is_kept()


def test_a_link_is_not_followed(bench: Bench) -> None:
    """
    It may lead to such a place since health has looked.
    """
    bench.keep()
    bench.file.unlink()
    bench.file.symlink_to("/proc/self/stat")
    bench.later()

    assert not bench.is_kept()


def test_sshd_that_can_not_be_asked(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    No descriptor is left, say: then there is no verdict, and supervisord goes on.
    """

    def knock(*_words: Any, **_keywords: Any) -> None:
        raise OSError(24, "too many open files")

    monkeypatch.setattr(keeper, "Knock", knock)
    bench.keep(sshd=[["127.0.0.1", 22]])
    bench.later(keeper.BETWEEN_KNOCKS)

    assert not bench.is_kept()
