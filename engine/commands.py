"""
Running other programs: quietly, with their output in a log file, and within a time.
"""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

TAIL = 15  # lines of a log that a failure shows
COLOURS = re.compile(r"\x1b\[[0-9;]*m")  # the classic builder paints what a step says


class Failure(Exception):  # noqa: N818 - it is the user's to read, and ends the command
    """
    One sentence on what to do, and the log that says more.
    """

    def __init__(self, sentence: str, log: Path | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.log = log

    def tail(self) -> list[str]:
        """
        Return the last lines of the log.
        """
        if self.log is None or not self.log.exists():
            return []
        text = COLOURS.sub("", self.log.read_text(errors="replace"))
        return text.splitlines()[-TAIL:]


class Output(NamedTuple):
    """
    What a command gave.
    """

    code: int
    text: str
    error: str


def ask(
    words: Sequence[str],
    *,
    seconds: float = 30,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Output:
    """
    Run a short command; a missing program and a timeout are answers too.
    """
    try:
        done = subprocess.run(
            words,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=seconds,
            env=None if environment is None else dict(environment),
            cwd=cwd,
            check=False,
        )
    except FileNotFoundError:
        return Output(127, "", f"{words[0]}: not found")
    except subprocess.TimeoutExpired:
        return Output(124, "", f"{words[0]}: no answer in {seconds:.0f} s")
    return Output(
        done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    )


def _silent(_line: str) -> None:
    return


def run(  # noqa: PLR0913 - what subprocess wants, and two times
    words: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    on_line: Callable[[str], None] = _silent,
    seconds: float = 3600,
    first_line: float | None = None,
) -> int:
    """
    Run a long command with both its outputs appended to a log; returns its exit code.

    + on_line: gets each line as it comes
    + seconds: after which it is ended, with code 124
    + first_line: how long it may take to say anything at all, if less
    """
    deadline = time.monotonic() + seconds
    patience = time.monotonic() + (first_line or seconds)
    with log.open("ab", buffering=0) as sink:
        sink.write(f"$ {' '.join(words)}\n".encode())
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            cwd=cwd,
            start_new_session=True,  # so that its children end with it
        )
        assert process.stdout is not None  # noqa: S101 - tells mypy what PIPE means
        os.set_blocking(process.stdout.fileno(), False)
        rest = b""
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(process.stdout, selectors.EVENT_READ)
                while True:
                    limit = min(deadline, patience) - time.monotonic()
                    if limit <= 0:
                        sink.write(b"ended: it took too long\n")
                        return 124
                    if not selector.select(limit):
                        continue
                    chunk = os.read(process.stdout.fileno(), 65536)
                    if not chunk:
                        return process.wait(timeout=max(1, deadline - time.monotonic()))
                    patience = deadline
                    sink.write(chunk)
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines:
                        on_line(COLOURS.sub("", line.decode(errors="replace")).rstrip())
        except subprocess.TimeoutExpired:
            return 124
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """
    End a process group that is still there: after a timeout, or Ctrl-C.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=5)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
