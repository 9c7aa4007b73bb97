"""
The arguments of `service.program`: put into one form, and every rule that they break in one error.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pyinfra.api import OperationError

from slipway.contract.paths import own_program_names
from slipway.services.declaration import HTTP, TCP, Declared, Program

Text = str | bytes

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_AFTER = r"[^\s:/,]+(?::[^\s:/,]+)?"
_USER = r"[A-Za-z0-9_][A-Za-z0-9_.-]*\$?"
_URL = r"http://(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::([0-9]{1,5}))?(?:[/?][!-~]*)?"
_LINK = r"/[!-~]*"
_RESERVED = {"all", "slipway", "supervisor", "supervisord"}  # supervisorctl's word, and our own
_LONGEST = 86400  # seconds


def program(  # noqa: PLR0913 - the operation's own
    *,
    program: str,
    command: Text | Sequence[Text],
    user: str,
    directory: Text,
    environment: Mapping[str, Text] | None,
    port: int,
    ready: str | Sequence[Text],
    ready_status: int | Sequence[int],
    ready_within: int,
    after: str | Sequence[str],
    autostart: bool,
    stop_seconds: int,
    title: str,
    link: str,
) -> Program:
    """
    Return what was declared. Raises OperationError with all that is wrong of it.
    """
    wrong = Wrong(program)
    wrong.name()
    words = wrong.words("command", command)
    wrong.unless(user == "" or re.fullmatch(_USER, user), f"user: {user!r} is no account's name")
    place = wrong.text("directory", directory)
    wrong.unless(not place or place.startswith("/"), "directory: must be an absolute path")
    variables = wrong.variables(environment or {}, port)
    wrong.number("port", port, 0, 65535)
    names = (after,) if isinstance(after, str) and after else tuple(after)
    for each in names:
        wrong.unless(
            isinstance(each, str) and re.fullmatch(_AFTER, each) and each.isprintable(),
            f"after: {each!r} is no program's name",
        )
    statuses = (ready_status,) if isinstance(ready_status, int) else tuple(ready_status)
    declared = Declared(
        after=tuple(dict.fromkeys(names)),
        port=port,
        ready=wrong.ready(ready, port),
        status=statuses,
        within=ready_within,
        link=wrong.link(link, port),
    )
    for status in statuses:
        wrong.number("ready_status", status, 100, 599)
    wrong.unless(
        not statuses or str(declared.ready).startswith(HTTP),
        "ready_status: is for a URL in `ready`",
    )
    wrong.number("ready_within", ready_within, 1, _LONGEST)
    wrong.number("stop_seconds", stop_seconds, 0, _LONGEST)
    wrong.unless(title.isprintable(), "title: must be one printable line")
    wrong.raise_all()
    return Program(
        program,
        words,
        declared,
        title.strip(),
        user,
        place,
        variables,
        autostart=autostart,
        stop_seconds=stop_seconds,
    )


def circle(program: str, after: Iterable[str], known: Mapping[str, Sequence[str]]) -> list[str]:
    """
    Return the programs of a circle that a declaration closes, the first at the end again.

    + known: the programs that are declared already, and what each of them waits for
    """
    ways = [[program, name] for name in after]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        if way[-1] == program:
            return way
        if way[-1] not in seen:
            seen.add(way[-1])
            ways += [[*way, name] for name in known.get(way[-1], ())]
    return []


class Wrong:
    """
    What is wrong of one declaration.
    """

    def __init__(self, program: str) -> None:
        self.program = program
        self.found: list[str] = []

    def unless(self, holds: object, words: str) -> None:
        """Note words about what does not hold."""
        if not holds:
            self.found.append(words)

    def raise_all(self) -> None:
        """Raise what was noted."""
        if self.found:
            raise OperationError(f"program {self.program!r}: {'; '.join(self.found)}")

    def name(self) -> None:
        """Have a name that supervisor and a file can have, and nobody else has."""
        name = self.program
        self.unless(
            re.fullmatch(_NAME, name),
            "program: must be letters, digits, `.`, `_` and `-`, 64 at most",
        )
        is_ours = name.lower() in own_program_names() | _RESERVED or name.startswith("remote-")
        self.unless(not is_ours, "program: the name is Slipway's own")

    def text(self, argument: str, value: Any) -> str:
        """Return a text, of bytes or not, as Python has what is no UTF-8."""
        if isinstance(value, bytes):
            value = value.decode("utf-8", "surrogateescape")
        if not isinstance(value, str):
            self.found.append(f"{argument}: {value!r} is no text")
            return ""
        self.unless("\0" not in value, f"{argument}: has a NUL byte")
        try:
            value.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            self.found.append(f"{argument}: has a surrogate, which no bytes are")
        return value

    def words(self, argument: str, value: Any) -> tuple[str, ...]:
        """Return a command's words; a text is split at blanks outside of quotes."""
        if isinstance(value, (str, bytes)):
            try:
                words = shlex.split(self.text(argument, value))
            except ValueError:
                self.found.append(f"{argument}: a quote is not closed")
                return ()
        else:
            words = [self.text(argument, word) for word in value]
        self.unless(words and words[0], f"{argument}: is empty")
        return tuple(words)

    def variables(self, given: Mapping[str, Any], port: int) -> dict[str, str]:
        """Return a program's own variables, PORT among them."""
        variables = {
            self.text("environment", name): self.text(f"environment {name}", value)
            for name, value in given.items()
        }
        for name in variables:
            self.unless(name and "=" not in name, f"environment: {name!r} is no variable's name")
        if not port:
            return variables
        own = variables.get("PORT", str(port))
        self.unless(own == str(port), f"environment: PORT is {own!r}, and port is {port}")
        return {"PORT": str(port), **variables}

    def number(self, argument: str, value: Any, least: int, most: int) -> None:
        """Have a whole number within bounds."""
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        self.unless(
            is_whole and least <= value <= most,
            f"{argument}: must be a whole number, {least} to {most}",
        )

    def ready(self, value: Any, port: int) -> str | tuple[str, ...]:
        """Return what is looked at."""
        if not isinstance(value, str):
            return self.words("ready", value) if value else ""
        if value == TCP:
            self.unless(port, "ready: tcp is the port, and none is given")
        elif value:
            found = re.fullmatch(_URL, value)
            self.unless(
                found and 0 < int(found[1] or 80) <= 65535,  # noqa: PLR2004 - the last port
                f"ready: {value!r} is neither tcp nor an http:// URL; a command is a list of words",
            )
        return value

    def link(self, value: str, port: int) -> str:
        """Return the path of a page, as a URL has it."""
        self.unless(not value or port, "link: is a page on the port, and none is given")
        # not the value itself, which may hold a secret
        self.unless(
            not value or re.fullmatch(_LINK, value), "link: must begin with / and be quoted"
        )
        return value
