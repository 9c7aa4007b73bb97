"""
What a program said last, without waiting for anything.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slipway.contract import paths
from slipway.services import last_line


@pytest.mark.parametrize(
    ("out", "err", "said"),
    [
        (b"begun\nboom\n", b"", "boom"),
        (b"begun\n", b"Traceback\nValueError: x\n\n  \n", "ValueError: x"),
        (b"half", b"", "half"),
        (b"\033[31mred\xff\n", b"", "\\x1b[31mred\N{REPLACEMENT CHARACTER}"),
        (b"a" * 10_000 + b"\n", b"", "a" * 47 + "..."),
        (b"", b"", ""),
    ],
)
def test_the_last_line_of_its_errors_or_its_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: bytes, err: bytes, said: str
) -> None:
    monkeypatch.setattr(paths, "LOGS", tmp_path)
    (tmp_path / "web.log").write_bytes(out)
    (tmp_path / "web-stderr.log").write_bytes(err)
    program = {
        "stdout_logfile": f"{tmp_path}/web.log",
        "stderr_logfile": f"{tmp_path}/web-stderr.log",
    }

    assert last_line.of(program) == said


def test_what_may_hang_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A FIFO without a writer, a terminal, a file elsewhere, none.
    """
    monkeypatch.setattr(paths, "LOGS", tmp_path / "logs")
    (tmp_path / "logs").mkdir()
    os.mkfifo(tmp_path / "logs/fifo.log")
    (tmp_path / "else.log").write_text("hidden\n")

    for path in ("logs/fifo.log", "logs/none.log", "else.log"):
        assert last_line.of({"stdout_logfile": str(tmp_path / path)}) == ""
    assert last_line.of({"stdout_logfile": "/dev/stdout", "stderr_logfile": None}) == ""
