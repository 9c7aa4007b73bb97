"""
Programs that are begun before their answers are needed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slipway.system import early

COUNTS = "echo x >> {}; cat {}; echo said >&2; exit 3"


def test_one_that_was_begun_is_not_run_again(tmp_path: Path) -> None:
    """
    However often it is begun. After its answer has been taken it runs anew.
    """
    count = tmp_path / "count"
    words = ["sh", "-c", COUNTS.format(count, count)]
    early.begin(words)
    early.begin(words)
    is_begun = early.is_begun(words)
    first, second = early.run(words), early.run(words)

    assert (is_begun, early.is_begun(words)) == (True, False)
    assert (first.stdout, first.stderr, first.returncode) == (b"x\n", b"said\n", 3)
    assert second.stdout == b"x\nx\n"


def test_one_that_was_not_begun_runs() -> None:
    """
    It is a matter of time alone.
    """
    assert early.run(["echo", "a"]).stdout == b"a\n"


def test_one_that_does_not_exist_can_be_begun() -> None:
    """
    Who needs it is told.
    """
    early.begin(["/nowhere/at-all"])

    assert not early.is_begun(["/nowhere/at-all"])
    with pytest.raises(FileNotFoundError):
        early.run(["/nowhere/at-all"])


def test_more_than_a_pipe_holds_is_an_answer() -> None:
    """
    In both outputs.
    """
    words = ["sh", "-c", "yes | head -c 200000; yes | head -c 200000 >&2"]
    early.begin(words)
    answer = early.run(words)

    assert (len(answer.stdout), len(answer.stderr)) == (200000, 200000)


def test_it_has_our_descriptors(tmp_path: Path) -> None:
    """
    A lock among them is its own, too, should we be killed.
    """
    with (tmp_path / "lock").open("w") as lock:
        os.set_inheritable(lock.fileno(), True)
        words = ["readlink", f"/proc/self/fd/{lock.fileno()}"]
        early.begin(words)

        assert early.run(words).stdout.decode().strip() == str(tmp_path / "lock")


def test_whose_answer_nobody_takes_is_ended() -> None:
    """
    One that has ended, one that says much, and one that would go on: none stays as a zombie.
    """
    for name in ("true", "yes", "sleep 1000"):
        early.begin(["sh", "-c", f"exec {name}"])
    began = [process.pid for process in early._begun.values()]  # noqa: SLF001 - nobody else has them
    early.end()

    assert len(began) >= 3
    for pid in began:
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
    assert not early.is_begun(["sh", "-c", "exec true"])
