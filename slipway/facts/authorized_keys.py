"""
authorized_keys, byte for byte: other people's lines are kept as they are.
"""

from __future__ import annotations

import os
import posixpath
import stat
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import NamedTuple

from pyinfra.api import FactBase, QuoteString, StringCommand

from slipway.connectors.native import Inside, Result
from slipway.facts.files import Names
from slipway.system.bounded_files import BoundedFiles

_ABSENT = ("No such file or directory", "Not a directory", "Too many levels of ")


class KeyFile(NamedTuple):
    """
    A file of public keys: what it holds, and how it is protected.
    """

    content: bytes
    mode: str  # octal: "600"; "" where no file is
    user: str
    real: str  # where it is, links followed
    trouble: str = ""  # why it can't be read


class KeyFiles(FactBase[dict[str, KeyFile]]):
    """
    Returns content, mode and owner of several files; paths that are no regular file are left out.
    """

    default = dict

    def command(self, paths: list[str]) -> StringCommand:
        """Print each file that is there in base64, so that no byte is lost on the way."""
        words = map(QuoteString, paths)
        script = (
            '; do why=$(LC_ALL=C stat -L -- "$path" 2>&1 >/dev/null); why=${why##*: }; '
            'case $why in "No such file or directory" | "Not a directory" | "Too many levels of "*)'
            " why= ;; esac; "
            '[ -f "$path" ] || [ -L "$path" ] || [ "$why" ] || continue; '
            'stat -L -c "%a %U %n" -- "$path" 2>/dev/null || echo "- - $path"; '
            'readlink -m -- "$path" || echo "$path"; body=; '
            '[ ! -f "$path" ] || body=$(LC_ALL=C base64 -w0 -- "$path" 2>&1) || '
            '{ why=${body##*: }; body=; }; printf "%s\\n" "$body" "$why"; done; true'
        )
        return Inside(StringCommand("for path in", *words, script), lambda: _listed(paths))

    def process(self, output: list[str]) -> dict[str, KeyFile]:
        """Take the lines in fours."""
        files = {}
        for head, real, body, why in zip(
            output[::4], output[1::4], output[2::4], output[3::4], strict=True
        ):
            mode, user, path = head.split(" ", 2)
            files[path] = KeyFile(b64decode(body), mode.strip("-"), user.strip("-"), real, why)
        return files


def _listed(paths: list[str]) -> Result:
    """
    Do what the command of KeyFiles does.
    """
    files, names = BoundedFiles(), Names()
    lines = "".join(_four_lines(files, path, names) for path in paths)
    return Result(lines.encode(errors="surrogateescape"))


def _four_lines(files: BoundedFiles, path: str, names: Names) -> str:
    head, body, why, is_link = f"- - {path}", b"", "", False
    try:
        is_link = stat.S_ISLNK(files.lstat(path).mode)
        status = files.stat(path)
        if not stat.S_ISREG(status.mode):
            return ""
        head = f"{stat.S_IMODE(status.mode):o} {names.user(status.uid)} {path}"
        body = files.read(path)
    except OSError as error:
        if not os.strerror(error.errno or 0).startswith(_ABSENT):
            why = error.strerror or "can't be read"
        elif not is_link:
            return ""
    try:
        real = files.realpath(path)
    except OSError:
        real = path
    return f"{head}\n{real}\n{b64encode(body).decode()}\n{why}\n"


class UnsafePlace(FactBase[str]):
    """
    Returns which directory above a file lets others than root in; "" for none.

    sshd's StrictModes looks at each directory above the file that a link leads to, and ignores the
    file where one is somebody else's or writable for a group (sshd_config(5)). A directory that is
    not there lets nobody in.
    """

    default = str

    def command(self, path: str, besides: Sequence[str] = ()) -> StringCommand:
        """Walk up from where the path leads; directories besides these are asked."""
        known = [bit for each in besides for bit in ('[ "$place" =', QuoteString(each), "] ||")]
        command = StringCommand(
            "place=$(readlink -m --",
            QuoteString(path),
            ') && while place=$(dirname -- "$place"); do',
            *known,
            'stat -c "%u %a %n" -- "$place" 2>/dev/null; [ "$place" != / ] || break; done; true',
        )
        return Inside(command, lambda: _above(path, besides))

    def process(self, output: list[str]) -> str:
        """Take the first that is not root's alone."""
        for line in output:
            uid, mode, path = line.split(" ", 2)
            if uid != "0" or int(mode, 8) & 0o022:
                return path
        return ""


def _above(path: str, besides: Sequence[str]) -> Result:
    """
    Do what the command of UnsafePlace does; a directory that does not answer is nobody's.
    """
    files, lines = BoundedFiles(), []
    try:
        place = files.realpath(path)
    except OSError:
        place = path
    while True:
        place = posixpath.dirname(place)
        if place not in besides:
            try:
                status = files.stat(place)
                lines.append(f"{status.uid} {stat.S_IMODE(status.mode):o} {place}\n")
            except TimeoutError:
                lines.append(f"- 0 {place}\n")
            except OSError:
                pass  # nothing there
        if place in ("/", ""):
            return Result("".join(lines).encode(errors="surrogateescape"))
