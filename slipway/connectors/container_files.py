"""
A container's own files, read with its shell: one, or those that say what its host's data is.
"""

from __future__ import annotations

import errno
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from slipway.connectors.batch import Batch
from slipway.connectors.shell import Result
from slipway.contract import paths
from slipway.environment import host_data
from slipway.settings import workspace

# What nearly every one is asked
SEEN = [
    *(str(paths.ENVIRONMENT), "/proc/1/environ", "/proc/1/cmdline", "/proc/1/stat"),
    *(str(paths.AUTHORIZED_KEYS_MOUNT), str(paths.INSTALLED / "deploy.py"), str(paths.REPORT)),
    str(paths.DEFAULTS),
]
_REASONS = {os.strerror(code): code for code in errno.errorcode}  # as programs print them


def reading(path: str) -> str:
    """
    Return the script that prints a file; `content` understands what it gives.
    """
    return f"LC_ALL=C cat -- {shlex.quote(path)}"


def content(result: Result, path: str) -> bytes:
    """
    Return what a script printed. Raises OSError, as `failure` returns it.
    """
    if result.code:
        raise failure(result, path)
    return result.stdout


def failure(result: Result, path: str) -> OSError:
    """
    Return the error that a program has told on stderr, as the kernel would have.
    """
    first, *_ = result.stderr.decode(errors="replace").splitlines() or [""]
    reason = first.rpartition(": ")[2] or f"exit code {result.code}"
    return OSError(_REASONS.get(reason, errno.EIO), reason, path)


def together(scripts: Sequence[str], execute: Callable[[str], Result]) -> Mapping[str, Result]:
    """
    Return what scripts give that don't depend on each other, in one go. Raises OSError.

    + execute: runs a script in the container
    """
    batch = Batch(scripts)
    return batch.results(execute(batch.script))


def seen(
    execute: Callable[[str], Result], ask_all: Callable[[Sequence[str]], Mapping[str, Result]]
) -> dict[str, Any]:
    """
    Return the host's data, as the container says it: mostly in one go. Raises OSError.

    + execute: runs a script in the container
    + ask_all: runs several, as `together` does
    """
    known = ask_all([*map(reading, SEEN), resolving(workspace.DEFAULT)])

    def ask(script: str) -> Result:
        return known.get(script) or execute(script)

    return host_data.seen(
        read=lambda path: content(ask(reading(path)), path),
        resolve=lambda path: os.fsdecode(content(ask(resolving(path)), path).rstrip(b"\0")),
    )


def resolving(path: str) -> str:
    """
    Return the script that prints a path without links, and a zero byte.
    """
    return f"LC_ALL=C realpath -mz -- {shlex.quote(path)}"
