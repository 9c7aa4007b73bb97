"""
supervisord's main file: settings of a user's, with what Slipway can't do without.

The socket that Slipway asks at, its interface and root are as Slipway has them, whatever the file
says. A socket of the user's at another place is one more.
"""

from __future__ import annotations

import configparser
import glob
import io
import os
from collections.abc import Mapping
from pathlib import Path

from slipway.contract import paths
from slipway.services import log_places
from slipway.services.program_file import GROUP, RUN, Parser, Problem, ProgramFile, Unusable

SOCKET = "unix_http_server"
_INTERFACE = "rpcinterface:supervisor"


def own() -> ProgramFile:
    """
    Return Slipway's.
    """
    path = paths.OWN_SUPERVISORD_CONF
    return ProgramFile(str(path), path.read_text(), is_main=True)


def included(main: ProgramFile, expansions: Mapping[str, str]) -> list[str]:
    """
    Return the files that a main file includes: each once, in the order of names.
    """
    parser = main.parser
    if not parser.has_section("include"):
        return []
    base = Path(main.path).absolute().parent
    parser.expansions = dict(expansions)
    known = {"here": str(base), "host_node_name": os.uname().nodename}
    words = parser.saneget("include", "files", expansions=known).split()
    found = [sorted(glob.glob(str(base / word))) for word in words]  # noqa: PTH207 - as supervisor
    return list(dict.fromkeys(path for paths in found for path in paths))


def settings(main: ProgramFile, own: Parser) -> str:
    """
    Return what supervisor is to read of a main file. Raises Unusable.

    + own: Slipway's
    """
    if not main.parser.has_section("supervisord"):
        raise Unusable("has no section [supervisord]")
    parser = Parser()
    parser[SOCKET] = dict(own.items(SOCKET))
    for section in main.parser.sections():
        items = dict(main.parser.items(section))
        if section.partition(":")[0] in (*RUN, GROUP, "include"):
            continue
        if section != SOCKET:
            parser[section] = items
        elif _is_path(items.get("file", ""), own.get(SOCKET, "file")):
            parser[SOCKET].update({key: items[key] for key in ("chmod", "chown") if key in items})
        else:
            parser[f"{SOCKET}:main"] = items  # supervisor's way to have two
    parser[_INTERFACE] = dict(own.items(_INTERFACE))
    names = paths.own_program_names()
    for option in ("logfile", "pidfile"):
        path = main.parser.get("supervisord", option, fallback="").strip()
        is_default = path == own.get("supervisord", option, fallback="").strip()
        if path and not is_default and (why := log_places.obstacle(path, names)):
            line = main.line("supervisord", option)
            raise Unusable(f"[supervisord] {option}: {path} {why}", line=line)
    parser["supervisord"]["user"] = own.get("supervisord", "user", fallback="root")
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()


def _is_path(one: str, other: str) -> bool:
    return os.path.realpath(one.strip()) == os.path.realpath(other)


def problem(path: str, error: BaseException, former: ProgramFile | None) -> Problem:
    """
    Say why the main file can't be used, and what is used instead.
    """
    reason = str(error).partition("\n")[0]
    if not isinstance(error, (ValueError, OSError, configparser.Error)):
        reason = f"can't be used ({type(error).__name__})"
    instead = "the one of before" if former else "Slipway's own"
    return Problem(path, getattr(error, "line", 0), f"{reason}; {instead} is used instead")
