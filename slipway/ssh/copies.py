"""
Copies of sshd's files without what sshd can't use: slipway.ssh.usable.

They lie below one directory at the paths of the originals, line for line, so that Match, Include
and what sshd says of a line keep their meaning.
"""

from __future__ import annotations

import re
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from slipway.contract import paths
from slipway.ssh import configuration
from slipway.system import words
from slipway.system.bounded_files import BoundedFiles
from slipway.system.counting import counted

_TRIES = 100  # of sshd, by its own complaints
_SEARCH = 100  # lines that are tried one by one where sshd names none
_MOST = 10  # bad lines in a file that is still one of sshd's: with more it is something else
_AT = r"(/.+?):? line (\d+): (.+)"
_FILE_OF_OURS = r"/0\d-slipway[^/]*\.conf$"


class LeftOut(NamedTuple):
    """
    What sshd does without.
    """

    file: str
    line: int  # 0: the whole file
    reason: str

    def __str__(self) -> str:
        return f"{self.file}{f' line {self.line}' if self.line else ''}: {self.reason}"


class Unusable(Exception):  # noqa: N818 - an answer
    """
    sshd can't be served, whatever is left out.
    """


class Copies:
    """
    Copies of all files, but for what is left out.

    + main: the file that names all others
    + judge: what sshd says of a configuration with options, "" where it can use it
    """

    def __init__(self, main: str, judge: Callable[[Sequence[str]], str]) -> None:
        self._main, self._judge = main, judge
        self._files = BoundedFiles()
        self._bad: dict[str, dict[int, str]] = {}  # line and reason, by path
        self._whole: dict[str, str] = {}  # reason, by path
        self._lines: dict[str, list[str]] = {}  # by path, of all files that are read
        self._written: set[str] = set()

    def left_out(self) -> list[LeftOut]:
        """
        Return what is left out.
        """
        whole = [LeftOut(path, 0, reason) for path, reason in self._whole.items()]
        return whole + [
            LeftOut(path, number, reason)
            for path, bad in self._bad.items()
            if path not in self._whole
            for number, reason in sorted(bad.items())
        ]

    def mend(self) -> None:
        """
        Leave out what sshd complains of, until it has no complaint. Raises Unusable and OSError.
        """
        said = ""
        for _ in range(_TRIES):
            said = self._try()
            if not said:
                return
            if not (self._leave_out(said) or self._search(said)):
                break
        if not self._without_files(said):
            raise Unusable(words.said(said, program="sshd", code=1))

    def _try(self) -> str:
        shutil.rmtree(paths.SSHD_COPIES, ignore_errors=True)
        self._written.clear()
        self._write(self._main)
        return self._judge(["-f", copy_of(self._main)])

    def _leave_out(self, said: str) -> bool:
        """
        Leave out the lines that a complaint names; tells whether there are more of them.
        """
        before = self.left_out()
        for path, number, reason in _named(said):
            bad = self._bad.setdefault(path, {})
            bad.setdefault(number, reason)
            if len(bad) > _MOST:
                self._whole[path] = (
                    f"sshd can't use {counted(len(bad), 'line')} of it: it is left out whole"
                )
        return self.left_out() != before

    def _search(self, said: str) -> bool:
        """
        Leave out the one line without which sshd has not this complaint, as it has named none.
        """
        for path, number in self._suspects()[:_SEARCH]:
            bad = self._bad.setdefault(path, {})
            bad[number] = words.said(said.replace(str(paths.SSHD_COPIES), ""), program="sshd")
            if self._try() != said:
                return True
            del bad[number]
        return False

    def _suspects(self) -> list[tuple[str, int]]:
        """
        Return the lines of others that may be left out. What they include comes last.
        """
        found: list[tuple[bool, str, int]] = []
        for path, lines in self._lines.items():
            for number, line in enumerate(lines, start=1):
                keyword, _ = configuration.parsed(line)
                is_include = keyword == "include"
                is_known = path in self._whole or number in self._bad.get(path, ())
                is_fixed = is_ours(path) or (is_include and path == self._main)
                if keyword not in ("", "match") and not is_known and not is_fixed:
                    found.append((is_include, path, number))
        return [(path, number) for _, path, number in sorted(found, key=lambda each: each[0])]

    def _without_files(self, said: str) -> bool:
        """
        Leave out all files but Slipway's, the last first; tells whether that helps.
        """
        for path in [each for each in reversed(self._lines) if not is_ours(each)]:
            self._whole.setdefault(path, words.said(said, program="sshd", code=1))
            if not self._try():
                return True
        return False

    def _write(self, path: str) -> None:
        """
        Write the copy of a file and of those that it includes.
        """
        if path in self._written:
            return
        self._written.add(path)
        place = Path(copy_of(path))
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        paths.SSHD_COPIES.chmod(0o700)
        text = "\n".join(self._copied(path))
        place.write_bytes(text.encode(errors="surrogateescape"))

    def _copied(self, path: str) -> Iterator[str]:
        bad, lines = self._bad.get(path, {}), self._read(path)
        if path in self._whole:
            lines = [f"Include {paths.SSHD_DROP_INS}/*.conf"] if path == self._main else []
            bad = {}
        is_open = True  # whether what follows is not below a Match that is left out
        for number, raw in enumerate(lines, start=1):
            keyword, values = configuration.parsed(raw)
            if keyword == "match":
                is_open = number not in bad
            if not is_open or number in bad:
                yield "# left out"
            elif keyword == "include":
                included = [each for each in configuration.included(values) if self._is_file(each)]
                for each in included:
                    self._write(each)
                yield f"Include {_quoted(map(copy_of, included))}" if included else "# nothing"
            else:
                yield raw

    def _read(self, path: str) -> list[str]:
        if path not in self._lines:
            try:
                text = self._files.read(path).decode(errors="surrogateescape")
            except OSError as error:
                self._whole[path] = error.strerror or "it can't be read"
                text = ""
            self._lines[path] = text.split("\n")
        return self._lines[path]

    def _is_file(self, path: str) -> bool:
        """
        Tell whether a path is one to read. sshd reads nothing of a directory.
        """
        try:
            mode = self._files.stat(path).mode
        except OSError as error:
            self._whole[path] = error.strerror or "it can't be read"
            return False
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            self._whole[path] = "it is no regular file"
        return stat.S_ISREG(mode)


def copy_of(path: str) -> str:
    """
    Return where a file's copy lies.
    """
    return f"{paths.SSHD_COPIES}{path}"


def is_ours(path: str) -> bool:
    """
    Tell whether a file of the configuration is Slipway's.
    """
    return bool(re.search(_FILE_OF_OURS, path)) or path in map(str, paths.SSHD_INCLUDED)


def _named(said: str) -> Iterator[tuple[str, int, str]]:
    """
    Go through the lines of copies that sshd complains of, by their originals' paths.
    """
    prefix = str(paths.SSHD_COPIES)
    for line in said.splitlines():
        match = re.fullmatch(_AT, line.strip())
        if match and match[1].startswith(f"{prefix}/"):
            reason = words.said(match[3].replace(prefix, "").rstrip("."))
            yield match[1].removeprefix(prefix), int(match[2]), reason


def _quoted(names: Iterable[str]) -> str:
    return " ".join(f'"{name}"' for name in names)
