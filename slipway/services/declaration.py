"""
The file of a program that `service.program` has declared: what supervisor reads, and what we add.

It is a file like any other of conf.d. Options that begin with `slipway_` are ours, each a JSON
value, and a supervisord that does not know them passes over them.

supervisor ends a value at ` ;` and ` #`, expands `%` and has no way to say a newline. A command, a
variable or a directory that holds any of that stands in an option of ours instead, where JSON says
it; a byte that is no UTF-8 is a lone surrogate there, as in Python.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from slipway.contract import paths

TCP = "tcp"
HTTP = "http://"
_PREFIX = "slipway_"
TITLE = f"{_PREFIX}title"  # the option that each declared program has
_PLAIN = r"[A-Za-z0-9_@+=:,./~-]+"  # what supervisor, its lists and a shell take as is
_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
_UNSAFE = r"(?<=\s)[;#]|%"  # in JSON: where supervisor's parser or ours sees more in it
_FORM = """\
; {title}
; Declared by `service.program`: what is changed here lasts until the next convergence.
[program:{name}]
{command}
autostart={autostart}
autorestart=true
startsecs=3
startretries=10
stopwaitsecs={stop_seconds}
stopasgroup=true
priority=100
redirect_stderr=true
stdout_logfile={logs}/%(program_name)s.log
stdout_logfile_maxbytes=5MB
stdout_logfile_backups=1
"""


class Declared(NamedTuple):
    """
    What supervisor does not know: when a program is ready, and whom it waits for.
    """

    after: tuple[str, ...] = ()
    port: int = 0  # 0 for none
    ready: str | tuple[str, ...] = ""  # "tcp", a URL, or a command's words; "" for RUNNING
    status: tuple[int, ...] = ()  # of HTTP; none for any of 200 to 399
    within: int = 60  # seconds
    link: str = ""  # the path of its page, for who may log in there; may hold a secret


class Program(NamedTuple):
    """
    All that its file says.
    """

    name: str
    command: tuple[str, ...]
    declared: Declared = Declared()
    title: str = ""
    user: str = ""
    directory: str = ""
    environment: Mapping[str, str] = {}
    autostart: bool = True
    stop_seconds: int = 2

    def text(self) -> str:
        """Return the file's content."""
        own = self.declared
        command = " ".join(self.command)
        is_plain = all(re.fullmatch(_PLAIN, word) for word in self.command)
        lines = [f"user={self.user}"] if self.user else []
        lines += [] if is_plain else [_option("command", self.command)]
        if re.fullmatch(_PLAIN, self.directory):
            lines.append(f"directory={self.directory}")
        elif self.directory:
            lines.append(_option("directory", self.directory))
        if all(re.fullmatch(_VARIABLE, name) for name in self.environment) and all(
            re.fullmatch(_PLAIN, value) for value in self.environment.values()
        ):
            pairs = ",".join(f'{name}="{value}"' for name, value in self.environment.items())
            lines += [f"environment={pairs}"] if pairs else []
        else:
            lines.append(_option("environment", self.environment))
        lines.append(_option("title", self.title or self.name))  # see TITLE
        lines += [_option("port", own.port)] if own.port else []
        lines += [_option("after", own.after)] if own.after else []
        lines += [_option("link", own.link)] if own.link else []
        if own.ready:
            lines.append(_option("ready", own.ready))
            lines += [_option("ready_status", own.status)] if own.status else []
            lines.append(_option("ready_within", own.within))
        form = _FORM.format(
            title=self.title or self.name,
            name=self.name,
            # supervisord says of this word that there is no such program, if it ever runs it
            command=f"command={command if is_plain else 'slipway_command'}",
            autostart=str(self.autostart).lower(),
            stop_seconds=self.stop_seconds,
            logs=paths.LOGS,
        )
        return form + "".join(f"{line}\n" for line in lines)


def relocated(text: str, logs: Path) -> str:
    """
    Return the text of a declared program's file with the place where logs go in this container.
    """
    if logs == paths.LOGS or f"\n{TITLE}=" not in text:
        return text
    return text.replace(f"\nstdout_logfile={paths.LOGS}/", f"\nstdout_logfile={logs}/")


def _option(name: str, value: Any) -> str:
    return f"{_PREFIX}{name}=" + re.sub(_UNSAFE, _escaped, json.dumps(value))


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


class Reader:
    """
    What a section of supervisor's parser has of ours. Raises ValueError for what we don't write.
    """

    def __init__(self, parser: Any, section: str) -> None:
        self.parser, self.section = parser, section
        self.is_declared = parser.has_option(section, TITLE)

    def declared(self) -> Declared | None:
        """
        Return when it is ready and whom it waits for; None for a program that is not declared.
        """
        if not self.is_declared:
            return None
        ready = self._get("ready", (str, list), "")
        return Declared(
            after=tuple(map(str, self._get("after", (list,), []))),
            port=self._get("port", (int,), 0),
            ready=tuple(map(_said, ready)) if isinstance(ready, list) else ready,
            status=tuple(map(int, self._get("ready_status", (list,), []))),
            within=self._get("ready_within", (int,), Declared().within),
            link=self._get("link", (str,), ""),
        )

    def apply(self, config: Any) -> None:
        """
        Give a process's configuration what supervisor could not read.
        """
        if not self.is_declared:
            return
        if words := self._get("command", (list,), []):
            config.command = shlex.join(map(_said, words))
        if directory := self._get("directory", (str,), ""):
            config.directory = _said(directory)
        if variables := self._get("environment", (dict,), {}):
            config.environment = {_said(name): _said(value) for name, value in variables.items()}
        if config.uid is not None:  # as a login of that user has them
            user = pwd.getpwuid(config.uid)
            known = {"HOME": user.pw_dir, "USER": user.pw_name, "LOGNAME": user.pw_name}
            config.environment = {**known, **(config.environment or {})}

    def _get(self, option: str, types: tuple[type, ...], default: Any) -> Any:
        text = self.parser.saneget(self.section, f"{_PREFIX}{option}", None, do_expand=False)
        if text is None:
            return default
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if not isinstance(value, types):
            raise ValueError("is nothing that `service.program` writes")  # noqa: TRY004 - as above
        return value


def _said(text: Any) -> str:
    """
    Return a text as this process has to say it, so that the bytes are those of UTF-8 in any locale.
    """
    return os.fsdecode(str(text).encode("utf-8", "surrogateescape"))
