"""
Several commands as one, by a real sh.
"""

from __future__ import annotations

import subprocess

from slipway.connectors.batch import Batch
from slipway.connectors.shell import Result


def run(batch: Batch) -> dict[str, Result]:
    """
    Run a batch where the tests run.
    """
    done = subprocess.run(["sh", "-c", batch.script], check=False, capture_output=True)
    return batch.results(Result(done.returncode, done.stdout, done.stderr))


def test_each_command_has_its_own_result() -> None:
    """
    As if it had been run alone: codes, both streams, no newline added, no variable passed on.
    """
    commands = {
        "printf a; printf b >&2; exit 3": Result(3, b"a", b"b"),
        "x=1; cd /; exec echo c": Result(0, b"c\n", b""),
        "cat; printf '%s' \"$x\"; true # a comment": Result(0, b"", b""),
        "printf '\\0\\n\\n\\377'": Result(0, b"\0\n\n\xff", b""),
        "false": Result(1, b"", b""),
    }

    assert run(Batch(list(commands))) == commands


def test_what_a_syntax_error_keeps_from_running_has_no_result() -> None:
    """
    Those before it have theirs.
    """
    assert run(Batch(["echo a", "(", "echo b"])) == {"echo a": Result(0, b"a\n", b"")}


def test_no_more_than_a_shell_takes() -> None:
    """
    The kernel limits an argument to 128 KiB; what does not fit is left out from there on.
    """
    batch = Batch([f": {'x' * 50_000}{number}" for number in range(4)] + ["echo small"])

    assert len(run(batch)) == len(batch.commands) == 2


def test_output_like_a_mark_is_output() -> None:
    """
    Another batch's mark, say: each has its own.
    """
    text = f"{'0' * 32} 0\n"
    command = f"printf %s '{text}'"

    assert run(Batch([command]))[command].stdout == text.encode()
