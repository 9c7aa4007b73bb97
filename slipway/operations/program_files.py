"""
What supervisord would find in its files, and be, when a check's operations had run.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Sequence

from pyinfra import host

from slipway.contract.paths import SUPERVISOR_PROGRAMS, own_program_names
from slipway.facts.files import FileText
from slipway.facts.supervisor import Program, Supervisord
from slipway.operations.foresight import Plan
from slipway.services.declaration import TITLE

Groups = dict[str, dict[str, str]]  # by name, with their options

_KINDS = ("program", "group", "eventlistener", "fcgi-program")
_STARTED = Program("STARTING", 0)


def foreseen(state: Supervisord, plan: Plan) -> Supervisord:
    """
    Return what supervisord would say with the files that earlier operations would leave.

    A group whose file differs from what supervisord has, and would be written anew, is taken to be
    then as supervisord has it: it was changed behind its back.

    Programs that every container has are read from where Slipway is installed.
    """
    programs = str(SUPERVISOR_PROGRAMS)
    own = own_program_names()
    added, changed, removed = (
        dict.fromkeys(names) for names in (state.added, state.changed, state.removed)
    )
    active = {name.partition(":")[0] for name in state.programs}
    for path, content in plan.left.items():
        if posixpath.dirname(path) != programs or path in plan.applied:
            continue
        before = groups(host.get_fact(FileText, path=path), without=own)
        after = groups((content or b"").decode(errors="replace"), without=own)
        for name in before.keys() - after.keys():
            added.pop(name, None)
            changed.pop(name, None)
            removed |= {name: None} if name in active else {}
        for name, options in after.items():
            if name not in active:
                added[name] = None
            elif name in removed or name in changed:
                removed.pop(name, None)
                changed.pop(name, None)
            elif before.get(name) != options:
                changed[name] = None
    left_out = tuple(why for why in state.left_out if _file(why) not in plan.left)
    return state._replace(added=[*added], changed=[*changed], removed=[*removed], left_out=left_out)


def applied(state: Supervisord, starts: Sequence[str]) -> Supervisord:
    """
    Return supervisord when it has its files, and has started programs.
    """
    gone = {*state.removed}
    programs = {
        name: program
        for name, program in state.programs.items()
        if name.partition(":")[0] not in gone
    }
    programs |= dict.fromkeys([*state.added, *starts], _STARTED)
    down = tuple(name for name in state.down if name not in starts and name in programs)
    return state._replace(programs=programs, added=[], changed=[], removed=[], down=down)


def groups(text: str, *, without: Collection[str] = ()) -> Groups:
    """
    Return what a file of supervisord's declares; of one that can't be read, nothing.

    + without: names that do not count
    """
    from configparser import Error, RawConfigParser  # noqa: PLC0415 - only where files differ

    parser = RawConfigParser(strict=False, inline_comment_prefixes=(";", "#"))
    try:
        parser.read_string(text)
    except Error:
        return {}
    found: Groups = {}
    for section in parser.sections():
        kind, _, name = section.partition(":")
        if kind in _KINDS and name and name.strip() not in without:
            options = dict(parser[section])
            options.pop(TITLE, None)  # for people: it makes no other program
            found[name.strip()] = options
    return found


def _file(problem: str) -> str:
    """
    Return the file that a problem is about: "/a/b.conf line 3: why", or without a line.
    """
    return problem.partition(": ")[0].partition(" line ")[0]
