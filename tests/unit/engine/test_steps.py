"""
What the user sees while something takes its time, and when it fails.
"""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest

from engine import processes, steps
from engine.commands import Failure, ask, run
from engine.steps import Steps, duration


class Terminal(io.StringIO):
    """
    A stream that says it is a terminal.
    """

    def isatty(self) -> bool:
        """
        Return True.
        """
        return True


def test_a_plain_stream_gets_one_line_a_step() -> None:
    """
    No colours, no redrawing: it may be a log.
    """
    stream = io.StringIO()
    display = Steps(2, stream)
    with display.step("base image") as step:
        step.doing("pulling")
        step.did("it is there", timed=False)
    with display.step("image") as step:
        step.did("built")

    first, second = stream.getvalue().splitlines()
    assert first == "[1/2] base image … it is there"
    assert second.startswith("[2/2] image … built in 0.")


def test_a_steps_notes_follow_it() -> None:
    """
    The user reads what was done, and then what he should know of it.
    """
    stream = io.StringIO()
    with Steps(1, stream).step("image") as step:
        step.note("one CA is missing")

    assert stream.getvalue() == "[1/1] image … done\n      one CA is missing\n"


def test_a_plain_stream_hears_of_a_long_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A quiet log would look like a hang.
    """
    monkeypatch.setattr(steps, "QUIET", 0.05)
    stream = io.StringIO()
    with Steps(1, stream).step("image") as step:
        step.doing("3/20 RUN x")
        time.sleep(0.12)

    assert "s  3/20 RUN x\n" in stream.getvalue()


def test_a_terminal_is_redrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The live line is erased before the lasting one.
    """
    monkeypatch.setattr(steps, "REDRAW", 0.02)
    stream = Terminal()
    with Steps(1, stream).step("image") as step:
        step.doing("3/20 RUN x")
        time.sleep(0.1)

    assert "3/20 RUN x" in stream.getvalue()
    assert stream.getvalue().split("\r\033[K")[-1].count("\n") == 1


def test_a_failure_is_the_end_of_its_log_and_one_sentence(tmp_path: Path) -> None:
    """
    The step is marked, the log's last lines come without colours, the sentence comes last.
    """
    log = tmp_path / "build.log"
    log.write_text("".join(f"line {n}\n" for n in range(100)) + "\033[91mno space left\033[0m\n")
    stream = io.StringIO()
    display = Steps(1, stream)
    with pytest.raises(Failure) as caught, display.step("image"):
        raise Failure("free some space", log)
    display.fail(caught.value, " (log: build.log)")

    lines = stream.getvalue().splitlines()
    assert lines[0] == "[1/1] image … failed"
    assert lines[-2:] == ["      no space left", "slipway: free some space (log: build.log)"]
    assert len(lines) < 20


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (42.4, "42 s"), (125, "2 min 5 s")]
)
def test_times_read_well(seconds: float, text: str) -> None:
    """
    Tenths while they matter, minutes when there are any to speak of.
    """
    assert text == duration(seconds)


def test_output_goes_to_the_log_and_line_by_line_to_the_display(tmp_path: Path) -> None:
    """
    Both outputs, an unfinished last line included in the log.
    """
    log = tmp_path / "log"
    seen: list[str] = []
    code = run(["sh", "-c", "echo a; echo b >&2; printf c; exit 7"], log=log, on_line=seen.append)

    assert (code, seen) == (7, ["a", "b"])
    assert log.read_text().endswith("a\nb\nc")


def test_a_silent_command_is_given_up_early(tmp_path: Path) -> None:
    """
    A registry that never answers costs the first line's patience, not the whole time.
    """
    began = time.monotonic()
    words = ["sh", "-c", "sleep 30"]

    assert run(words, log=tmp_path / "log", seconds=60, first_line=0.2) == 124
    assert time.monotonic() - began < 10


def test_one_that_has_begun_gets_its_time(tmp_path: Path) -> None:
    """
    After its first line only the whole time counts.
    """
    words = ["sh", "-c", "echo pulling; sleep 0.5; echo done"]

    assert run(words, log=tmp_path / "log", seconds=30, first_line=0.3) == 0


def test_a_command_that_is_given_up_leaves_no_child(tmp_path: Path) -> None:
    """
    Its whole group is ended.
    """
    pid = tmp_path / "pid"
    words = ["sh", "-c", f"sleep 30 & echo $! > {pid}; wait"]
    run(words, log=tmp_path / "log", seconds=0.5)

    child = int(pid.read_text())
    deadline = time.monotonic() + 5
    while processes.is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not processes.is_alive(child)


def test_a_missing_program_is_an_answer() -> None:
    """
    Not an exception: what to do about it is decided where it is asked.
    """
    assert ask(["no-such-program-here"]).code == 127
    assert ask(["sleep", "5"], seconds=0.1).code == 124
