"""
The thread that prints the logs: nothing of supervisord's waits for it, and it comes back.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from slipway.services.logs import follow
from slipway.services.logs.printer import GRACE, Printer
from tests.unit.services.conftest import until


class Reader(NamedTuple):
    """
    A pipe's ends, and what has come through it.
    """

    reading: int
    writing: int
    said: bytearray

    def has(self, words: bytes) -> bool:
        """Take what there is; tells whether that was said."""
        while len(part := self._part()):
            self.said.extend(part)
        return words in self.said

    def _part(self) -> bytes:
        try:
            return os.read(self.reading, 1 << 20)
        except BlockingIOError:
            return b""


@pytest.fixture
def reader() -> Iterator[Reader]:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    yield Reader(reading, writing, bytearray())
    for end in (reading, writing):
        with contextlib.suppress(OSError):  # the test has
            os.close(end)


def test_lines_are_printed_until_the_end(tmp_path: Path, reader: Reader) -> None:
    """
    Those of a log that comes later, too, and what a program says last; none of them twice.
    """
    (tmp_path / "web.log").write_text("first\n")
    printer = Printer(str(tmp_path), output=reader.writing)
    until(lambda: reader.has(b"first\n"), "the first line")
    (tmp_path / "later.log").write_text("second\n")
    until(lambda: reader.has(b"second\n"), "another log")
    with (tmp_path / "web.log").open("a") as log:
        log.write("last\n")
    printer.end()
    assert reader.has(b"last\n")
    Printer(str(tmp_path), output=reader.writing).end()
    reader.has(b"")

    assert [bytes(reader.said).count(word) for word in (b"first", b"second", b"last")] == [1, 1, 1]


def test_a_reader_that_takes_nothing_holds_nobody_up(tmp_path: Path, reader: Reader) -> None:
    """
    The end comes all the same; what the reader did not take is printed by the next.
    """
    lines = "".join(f"line {number}.\n" for number in range(30_000))
    (tmp_path / "web.log").write_text(lines)
    printer = Printer(str(tmp_path), output=reader.writing)
    until(lambda: not select.select([], [reader.writing], [], 0)[1], "the pipe is full")
    began = time.monotonic()
    printer.end()
    assert time.monotonic() - began < 4 * GRACE
    until(lambda: not printer.is_running or reader.has(b"line"), "it has ended")
    again = Printer(str(tmp_path), output=reader.writing)
    until(lambda: reader.has(b"line 29999.\n"), "all of it")
    again.end()

    assert all(b"line %d.\n" % number in reader.said for number in range(0, 30_000, 1000))


def test_a_reader_that_is_gone_ends_it_for_good(tmp_path: Path, reader: Reader) -> None:
    """
    A pipe without a reader gets none any more.
    """
    printer = Printer(str(tmp_path), output=reader.writing)
    os.close(reader.reading)
    until(lambda: not printer.is_running, "it has ended")
    printer.look()
    assert not printer.is_running
    printer.end()


def test_what_fails_is_said_and_tried_again(
    tmp_path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Descriptors that are used up, say: by the next look it may be otherwise.
    """

    def fail(*_words: object, **_keywords: object) -> None:
        raise OSError(24, "too many open files")

    said: list[str] = []
    with monkeypatch.context() as scarce:
        scarce.setattr(follow, "follow", fail)
        printer = Printer(str(tmp_path), output=reader.writing, say=said.append)
        until(lambda: not printer.is_running, "it has failed")
    (tmp_path / "web.log").write_text("first\n")
    printer.look()
    until(lambda: reader.has(b"first\n"), "it prints")
    printer.end()

    assert said == ["OSError: [Errno 24] too many open files"]


def test_no_thread_to_be_had(
    tmp_path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The container's processes are used up: supervisord goes on, and tries again.
    """

    def refuse(*_words: object) -> None:
        raise RuntimeError("can't start new thread")

    (tmp_path / "web.log").write_text("first\n")
    with monkeypatch.context() as scarce:
        scarce.setattr("_thread.start_new_thread", refuse)
        printer = Printer(str(tmp_path), output=reader.writing)
        assert not printer.is_running
    printer.look()
    until(lambda: reader.has(b"first\n"), "it prints")
    printer.end()
