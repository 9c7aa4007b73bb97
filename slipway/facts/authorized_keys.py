"""
authorized_keys, byte for byte: other people's lines are kept as they are.
"""

from __future__ import annotations

import os
import pwd
import stat
from base64 import b64decode, b64encode
from pathlib import Path
from typing import NamedTuple

from pyinfra.api import FactBase, QuoteString, StringCommand

from slipway.connectors.native import Inside, Result


class KeyFile(NamedTuple):
    """
    A file of public keys: what it holds, and how it is protected.
    """

    content: bytes
    mode: str  # octal: "600"; "" where no file is
    user: str
    real: str  # where it is, links followed


class KeyFiles(FactBase[dict[str, KeyFile]]):
    """
    Returns content, mode and owner of several files; paths that are no regular file are left out.
    """

    default = dict

    def command(self, paths: list[str]) -> StringCommand:
        """Print each file that is there in base64, so that no byte is lost on the way."""
        words = map(QuoteString, paths)
        script = (
            '; do [ -f "$path" ] || [ -L "$path" ] || continue; '
            'stat -L -c "%a %U %n" -- "$path" 2>/dev/null || echo "- - $path"; '
            'readlink -f -- "$path" || echo "$path"; '
            '{ [ ! -f "$path" ] || base64 -w0 -- "$path"; } && echo; done; true'
        )
        return Inside(StringCommand("for path in", *words, script), lambda: _listed(paths))

    def process(self, output: list[str]) -> dict[str, KeyFile]:
        """Take the lines in threes."""
        files = {}
        for head, real, body in zip(output[::3], output[1::3], output[2::3], strict=True):
            mode, user, path = head.split(" ", 2)
            files[path] = KeyFile(b64decode(body), mode.strip("-"), user.strip("-"), real)
        return files


def _listed(paths: list[str]) -> Result:
    """
    Do what the command of KeyFiles does.
    """
    lines = []
    for name in paths:
        path = Path(name)
        if not path.is_file() and not path.is_symlink():
            continue
        try:
            status = path.stat()
        except OSError:
            head = f"- - {name}"
        else:
            head = f"{stat.S_IMODE(status.st_mode):o} {_user(status.st_uid)} {name}"
        body = b64encode(path.read_bytes()).decode() if path.is_file() else ""
        lines.append(f"{head}\n{os.path.realpath(name)}\n{body}\n")
    return Result("".join(lines).encode(errors="surrogateescape"))


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return "UNKNOWN"  # as stat(1) prints it


class UnsafePlace(FactBase[str]):
    """
    Returns which directory above a file lets others than root in; "" for none.

    sshd's StrictModes looks at each directory above the file that a link leads to, and ignores the
    file where one is somebody else's or writable for a group (sshd_config(5)).
    """

    default = str

    def command(self, path: str) -> StringCommand:
        """Walk up from where the path leads."""
        return StringCommand(
            "place=$(readlink -f --",
            QuoteString(path),
            ') && while place=$(dirname -- "$place"); do '
            'stat -c "%u %a %n" -- "$place"; [ "$place" != / ] || break; done',
        )

    def process(self, output: list[str]) -> str:
        """Take the first that is not root's alone."""
        for line in output:
            uid, mode, path = line.split(" ", 2)
            if uid != "0" or int(mode, 8) & 0o022:
                return path
        return ""
