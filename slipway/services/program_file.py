"""
One file of programs, read by itself: what is wrong in it is told with its line and costs no other.

Whatever the path is (a FIFO, a directory, a gigabyte), reading it ends at once. Values are never
told: `environment` may hold a secret.
"""

from __future__ import annotations

import configparser
import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from supervisor.datatypes import process_or_group_name
from supervisor.options import UnhosedConfigParser

from slipway.contract import paths

_NULL = os.makedev(1, 3)  # /dev/null: linux/major.h
LARGEST = 1 << 20  # bytes: ten thousand programs
MOST_PROCESSES = 1000  # of one program: each is made before any is started
RUN = ("program", "fcgi-program", "eventlistener")  # kinds of sections that are run
GROUP = "group"
_SETTINGS = ("supervisord", "unix_http_server", "inet_http_server", "rpcinterface", "include")
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_HUGE = r"%(?:\(\w*\))?[-#0 +]*\d{5}"  # a width of 10,000: it could fill the memory
_KINDS = {
    stat.S_ISDIR: "is a directory",
    stat.S_ISFIFO: "is a FIFO",
    stat.S_ISSOCK: "is a socket",
    stat.S_ISCHR: "is a device",
    stat.S_ISBLK: "is a device",
}


class Problem(NamedTuple):
    """
    Why a file is left out.
    """

    file: str
    line: int  # 0 where no line is at fault
    reason: str

    def __str__(self) -> str:
        line = f" line {self.line}" if self.line else ""
        return plain(f"{self.file}{line}: {self.reason}")


class Unusable(ValueError):  # noqa: N818 - what the file is
    """
    A file that can't be used, where its own words are good enough.
    """

    def __init__(self, reason: str, *, line: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.line = reason, line


class Parser(UnhosedConfigParser):  # type: ignore[misc]  # it has no annotations
    """
    supervisor's parser, which remembers what was asked of it last: an error is about that.
    """

    asked: tuple[str, str] = ("", "")

    def saneget(self, section: str, option: str, *words: Any, **named: Any) -> Any:
        """Get an option."""
        self.asked = (section, option)
        return super().saneget(section, option, *words, **named)


class ProgramFile:
    """
    A file's sections, and where they stand.

    + is_main: it has settings, too
    """

    def __init__(self, path: str, text: str, *, is_main: bool = False) -> None:
        self.path, self.text, self.is_main = path, text, is_main
        self.parser = Parser()
        try:
            self.parser.read_string(text, path)
        except configparser.Error as error:
            raise _unparsable(error) from None
        self.parser.expand_here(str(Path(path).absolute().parent))

    def sections(self, *kinds: str) -> Iterator[tuple[str, str]]:
        """
        Go through the sections of some kinds, each with the name that it gives.
        """
        for section in self.parser.sections():
            kind, colon, _ = section.partition(":")
            if colon and kind in kinds:
                yield section, name_of(section)

    def members(self, section: str) -> list[str]:
        """
        Return the programs that a group's section names.
        """
        words: str = self.parser.saneget(section, "programs", "")
        return [word for word in map(str.strip, words.split(",")) if word]

    def line(self, section: str, option: str = "") -> int:
        """
        Return the line of an option, or of its section where it has none; 0 for neither.
        """
        found, inside = 0, False
        for number, line in enumerate(self.text.split("\n"), 1):
            if header := re.match(r"\[(.+)\]", line):
                inside = header[1] == section
                found = number if inside and not found else found
            elif inside and option and re.match(rf"{re.escape(option)}\s*[=:]", line.lower()):
                return number
        return found

    def problem(self, error: BaseException) -> Problem:
        """
        Say what is wrong of an error that its sections gave.
        """
        if isinstance(error, Unusable):
            return Problem(self.path, error.line, error.reason)
        section, option = self.parser.asked
        text = str(error)
        if named := re.search(r" for '(?:[^']*\.)?(\w+)' ", text):
            option = named[1]
        elif "key/value pairs" in text or "No closing quotation" in text:
            option = "environment"
        is_there = self.parser.has_option(section, option) or option == "command"
        where = f"[{section}] {option}" if is_there else f"[{section}]"
        return Problem(
            self.path, self.line(section, option), f"{where}: {_words(text, error, option)}"
        )

    def check(self) -> None:
        """
        Find what supervisor would take and nobody can mean. Raises ValueError.
        """
        if wide := re.search(_HUGE, self.text):
            line = self.text.count("\n", 0, wide.start()) + 1
            raise Unusable("an expansion is wider than 9999 characters", line=line)
        for section in self.parser.sections():
            self.parser.asked = (section, "")
            kind = section.partition(":")[0]
            if kind in _SETTINGS and not self.is_main:
                raise Unusable(
                    f"[{section}] belongs in supervisord.conf, not beside programs",
                    line=self.line(section),
                )
            if kind not in RUN and self.parser.has_option(section, "command"):
                raise Unusable(
                    f"[{section}] is no section that supervisord runs: [program:NAME] is",
                    line=self.line(section),
                )
        for section, name in self.sections(*RUN, GROUP):
            if not name:
                raise Unusable(f"[{section}] has no name", line=self.line(section))
            if not name.isprintable():  # supervisord's answers are XML, which has no such letters
                raise Unusable(f"[{section}] is no printable name", line=self.line(section))
        self._check_values()

    def _check_values(self) -> None:
        for section, _ in self.sections(GROUP):
            int(self.parser.saneget(section, "priority", "999"))
            self.members(section)
        for section, _ in self.sections(*RUN):
            number = int(self.parser.saneget(section, "numprocs", "1"))
            if not 1 <= number <= MOST_PROCESSES:
                raise Unusable(
                    f"[{section}] numprocs: {number} is not between 1 and {MOST_PROCESSES}",
                    line=self.line(section, "numprocs"),
                )
        for section, name in self.sections("fcgi-program"):
            socket = self.parser.saneget(
                section, "socket", "", expansions={"program_name": name, "here": ""}
            )
            if os.path.realpath(socket.removeprefix("unix://")) == str(paths.SUPERVISOR_SOCKET):
                raise Unusable(
                    f"[{section}] socket: {paths.SUPERVISOR_SOCKET} is Slipway's own",
                    line=self.line(section, "socket"),
                )


def plain(text: str) -> str:
    """
    Return a text that every log, XML and terminal takes: what is not printable is spelt out.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def name_of(section: str) -> str:
    """
    Return the name that a section gives. Raises ValueError for one that supervisor refuses.
    """
    name: str = process_or_group_name(section.partition(":")[2])
    return name


def read(path: str) -> str:
    """
    Return a file's text. Raises Unusable for what is none, and FileNotFoundError for what is gone.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise Unusable("is a socket") from None
        if error.errno == errno.ENOENT:
            if not os.path.islink(path):  # noqa: PTH114 - removed since it was listed
                raise
            raise Unusable("is a link to what is not there") from None
        raise Unusable(f"can't be read: {error.strerror}") from None
    try:
        status = os.fstat(descriptor)
        if status.st_rdev != _NULL:  # who mounts or links that wants nothing there
            _check_kind(status.st_mode)
        content = b""
        while len(content) <= LARGEST and (part := os.read(descriptor, LARGEST + 1)):
            content += part
    except OSError as error:
        raise Unusable(f"can't be read: {error.strerror}") from None
    finally:
        os.close(descriptor)
    if len(content) > LARGEST:
        raise Unusable(f"is larger than {LARGEST >> 20} MB")
    return decoded(content)


def _check_kind(mode: int) -> None:
    for is_kind, words in _KINDS.items():
        if is_kind(mode):
            raise Unusable(words)


def decoded(content: bytes) -> str:
    """
    Return the text of bytes: UTF-8, or what a byte order mark says. Raises Unusable.
    """
    encoding = next((known for mark, known in _MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unusable("is not UTF-8", line=line) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise Unusable("has a NUL byte", line=line)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _unparsable(error: configparser.Error) -> Unusable:
    """
    Return parse errors in words, without the line's text.
    """
    if isinstance(error, configparser.MissingSectionHeaderError):
        return Unusable("stands before any section: [program:NAME] comes first", line=error.lineno)
    if isinstance(error, configparser.ParsingError):
        return Unusable("is neither NAME=VALUE nor a [section]", line=error.errors[0][0])
    return Unusable(str(error).partition("\n")[0])


_WORDS = {
    "is badly formatted": "a % that begins no expansion: %% is a % that is meant",
    "key/value pairs": 'is no list of NAME="value", separated by commas',
    "No closing quotation": "a quote is not closed",
    "does not specify a command": "is missing",
}


def _words(text: str, error: BaseException, option: str) -> str:
    """
    Return what supervisor says of an option, without its value.
    """
    if missing := re.search(r"contains names \(\"?'([^']*)'", text):
        return f"%({missing[1]})s is not set here"
    for part, words in _WORDS.items():
        if part in text:
            return words
    kind = type(error).__name__
    if option == "environment":
        return f"can't be used ({kind})"
    text = text.partition(" in section '")[0].strip()
    return text if isinstance(error, ValueError) else f"{kind}: {text}"
