"""
The progress display: one line a step, live on a terminal, plain everywhere else.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from engine.commands import Failure

QUIET = 20.0  # seconds after which a plain log says that a step is still going on
BOLD, DIM, GREEN, RED, PLAIN = "\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[0m"
REDRAW = 0.2  # seconds
INDENT = " " * 6  # as wide as "[1/5] "


def duration(seconds: float) -> str:
    """
    Return a time as a person would say it.
    """
    if seconds < 10:  # noqa: PLR2004 - below it a tenth is worth telling
        return f"{seconds:.1f} s"
    if seconds < 100:  # noqa: PLR2004 - above it minutes read better
        return f"{seconds:.0f} s"
    return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


class Step:
    """
    One step while it runs.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.detail = ""
        self.result = "done"
        self.notes: list[str] = []
        self.began = time.monotonic()

    def doing(self, detail: str) -> None:
        """
        Show what it is at.
        """
        self.detail = detail

    def note(self, text: str) -> None:
        """
        Have something said that the user should know, once the step has succeeded.
        """
        self.notes.append(text)

    def did(self, result: str, *, timed: bool = True) -> None:
        """
        Set the step's outcome, with its time where there was something to do.
        """
        spent = time.monotonic() - self.began
        self.result = f"{result} in {duration(spent)}" if timed else result


class Steps:
    """
    The display of one command.
    """

    def __init__(self, total: int, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stdout
        self.total = total
        self.number = 0
        self.live = self.stream.isatty()

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """
        Show a step from its beginning to its end.
        """
        self.number += 1
        step = Step(title)
        over = threading.Event()
        painter = threading.Thread(target=self._paint, args=(step, over), daemon=True)
        painter.start()
        try:
            yield step
        except BaseException:
            self._settle(painter, over)
            self.say(f"{self._head(step)} {self._coloured(RED, 'failed')}")
            raise
        self._settle(painter, over)
        self.say(f"{self._head(step)} {self._coloured(GREEN, step.result)}")
        for text in step.notes:
            self.note(text)

    def note(self, text: str) -> None:
        """
        Say something that the user should know.
        """
        self.say(f"{INDENT}{text}")

    def fail(self, failure: Failure, where: str) -> None:
        """
        Say what to do, after the end of the log that tells why.
        """
        for line in failure.tail():
            self.say(f"{INDENT}{self._coloured(DIM, line)}")
        self.say(f"{self._coloured(RED, 'slipway:')} {failure.sentence}{where}")

    def _head(self, step: Step) -> str:
        return f"{self._coloured(DIM, f'[{self.number}/{self.total}]')} {step.title} …"

    def _coloured(self, colour: str, text: str) -> str:
        return f"{colour}{text}{PLAIN}" if self.live else text

    def say(self, text: str) -> None:
        """
        Print a line.
        """
        erase = "\r\033[K" if self.live else ""
        self.stream.write(f"{erase}{text}\n")
        self.stream.flush()

    def _settle(self, painter: threading.Thread, over: threading.Event) -> None:
        over.set()
        painter.join()

    def _paint(self, step: Step, over: threading.Event) -> None:
        """
        Until the step is over, redraw its line, or tell a plain log now and then.
        """
        while not over.wait(REDRAW if self.live else QUIET):
            spent = duration(time.monotonic() - step.began)
            text = f"{self._head(step)} {spent}  {step.detail}"
            if self.live:
                width = shutil.get_terminal_size().columns + len(DIM + PLAIN)
                self.stream.write(f"\r\033[K{text[: width - 1]}")
                self.stream.flush()
            else:
                self.say(text)
