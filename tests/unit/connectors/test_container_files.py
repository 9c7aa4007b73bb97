"""
A container's files, read by a shell: this machine's stands in for the container's.
"""

from __future__ import annotations

import errno
import subprocess
from functools import partial
from pathlib import Path

import pytest

from slipway.connectors import container_files
from slipway.connectors.shell import Result


def execute(script: str) -> Result:
    """
    Run a script where the tests run.
    """
    done = subprocess.run(
        ["/bin/sh", "-c", script], check=False, capture_output=True, env={"GPU_COUNT": "3"}
    )
    return Result(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("name", ["a b", "$(x)", "'quoted\"", "-n", "ü", "*"])
def test_a_file_is_read_byte_for_byte(tmp_path: Path, name: str) -> None:
    """
    Whatever it is called.
    """
    path = tmp_path / name
    path.write_bytes(bytes(range(256)))

    result = execute(container_files.reading(str(path)))

    assert container_files.content(result, str(path)) == bytes(range(256))


def test_what_can_not_be_read_is_the_kernels_error(tmp_path: Path) -> None:
    """
    Of its own class, with its number and the path.
    """
    gone = str(tmp_path / "a: b")
    with pytest.raises(FileNotFoundError) as missing:
        container_files.content(execute(container_files.reading(gone)), gone)
    with pytest.raises(IsADirectoryError):
        container_files.content(execute(container_files.reading(str(tmp_path))), str(tmp_path))

    assert (missing.value.errno, missing.value.filename) == (errno.ENOENT, gone)


@pytest.mark.parametrize(
    ("stderr", "reason"), [(b"", "exit code 7"), (b"cat: x: Odd\nmore", "Odd"), (b"\xff", "\ufffd")]
)
def test_an_unknown_complaint_is_an_error_too(stderr: bytes, reason: str) -> None:
    """
    In its own words, or by its exit code.
    """
    error = container_files.failure(Result(7, b"", stderr), "x")

    assert (error.errno, error.strerror) == (errno.EIO, reason)


def test_a_containers_data_is_asked_in_one_go() -> None:
    """
    But for what only its answers name.
    """
    asked: list[str] = []

    def count(script: str) -> Result:
        asked.append(script)
        return execute(script.replace("/proc/1/", "/proc/self/"))

    data = container_files.seen(count, partial(container_files.together, execute=count))

    assert len(asked) == 1
    assert data["phase"] == "start"
    assert data["settings"].gpu_count == 3
    assert data["boot"].isdigit()
