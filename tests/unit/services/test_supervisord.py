"""
Slipway's supervisord: signals, processes and logs.
"""

from __future__ import annotations

import errno
import os
import signal
import stat
import time
from pathlib import Path

import pytest

from slipway.services.options import Options
from slipway.services.supervisord import STRAY
from slipway.services.unlimited import ENDINGS
from tests.unit.services.conftest import SLEEP, Running, until


def test_a_fork_that_fails_leaves_no_signal_blocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    `docker stop` of a container whose pids are used up.
    """

    def fail() -> int:
        raise OSError(errno.EAGAIN, "none left")

    monkeypatch.setattr(os, "fork", fail)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    try:
        with pytest.raises(OSError, match="none left"):
            Options().fork()
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    assert not blocked & set(ENDINGS)


def test_without_processes_it_waits_and_still_ends(running: Running) -> None:
    """
    FATAL for want of a process: no hot loop meanwhile, a comeback, and TERM ends it.
    """
    running.has(web=f"[program:web]\n{SLEEP}startretries=0\n")
    (running.here / "scarce").touch()
    running.start()
    until(lambda: running.states()["web:web"] == "FATAL", "it is given up")

    def ticks() -> int:
        fields = Path(f"/proc/{running.process.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    time.sleep(1.5)
    assert ticks() - before < 0.2 * os.sysconf("SC_CLK_TCK")
    assert running.end() == 0


def test_a_log_has_its_programs_name(running: Running) -> None:
    """
    Also where its file chooses none: with the mode of those that do, and it outlives a restart.
    """
    say = "command=sh -c 'echo out; echo err >&2; exec sleep 1000'\nstartsecs=0\n"
    running.has(
        web=f"[program:web]\n{say}",
        named=f"[program:named]\n{say}stdout_logfile={running.here}/named.log\n",
    )
    for times in (1, 2):
        running.start()
        logs = {name: running.here / f"{name}.log" for name in ("web", "web-stderr", "named")}
        until(
            lambda: all(
                path.exists() and len(path.read_text().splitlines()) == times  # noqa: B023
                for path in logs.values()  # noqa: B023
            ),
            f"{times} lines in each",
        )
        assert running.end() == 0

    assert logs["web"].read_text() == "out\n" * 2
    assert logs["web-stderr"].read_text() == "err\n" * 2
    assert stat.S_IMODE(logs["web"].stat().st_mode) == stat.S_IMODE(logs["named"].stat().st_mode)


def test_processes_of_one_name_share_no_log(running: Running) -> None:
    """
    Two would rotate each other's.
    """
    options = "process_name=0\ncommand=sh -c 'echo %(group_name)s; exec sleep 1000'\n"
    running.has(**{name: f"[program:{name}]\n{options}" for name in ("one", "two")})
    running.start()
    logs = until(
        lambda: len(found := list(running.here.glob("0*.log"))) == 4 and found, "four logs"
    )

    said = until(
        lambda: sorted(text for path in logs if (text := path.read_text())) or None, "they spoke"
    )
    assert set(said) <= {"one\n", "two\n"}


def test_a_signal_without_a_meaning_ends_nothing(running: Running) -> None:
    """
    `docker kill -s USR1`, or what a monitor sends; its programs have the usual actions.
    """
    running.has(b=f"[program:b]\n{SLEEP}")
    running.start()
    until(lambda: running.states() == {"b:b": "RUNNING"}, "it runs")
    for number in STRAY:
        running.process.send_signal(number)
    assert running.answers()
    status = Path(f"/proc/{running.program('b')['pid']}/status").read_text()
    (ignored,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigIgn"))

    assert running.states() == {"b:b": "RUNNING"}
    assert not int(ignored, 16) & sum(1 << (number - 1) for number in STRAY)
    assert running.end() == 0
