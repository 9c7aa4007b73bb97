"""
The extensions of this container's image: found, read, and put in their order.

An extension that is wrong costs itself and those that require it, nothing else. Its extension.py
runs in this container alone.
"""

from __future__ import annotations

import functools
import re
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from slipway.contract import paths
from slipway.settings.extension import NAME, Extension, default_complaint
from slipway.settings.variable import Variable
from slipway.settings.variables import VARIABLES
from slipway.system import files
from slipway.system.alarm import ring_after

PATIENCE = 2.0  # seconds for one extension.py: it declares, and the container's start waits for it
_DECLARATION = "extension.py"


class Problem(NamedTuple):
    """
    Why an extension, or a part of it, is left out.
    """

    extension: str
    what: str  # as an operation's name: "read extension.py"
    why: str


class Found(NamedTuple):
    """
    An extension in its place.
    """

    name: str
    path: Path
    declared: Extension

    @property
    def title(self) -> str:
        """Return what people call it."""
        return self.declared.title or self.name


class Extensions(NamedTuple):
    """
    All that are usable, those that others require first.
    """

    found: tuple[Found, ...] = ()
    problems: tuple[Problem, ...] = ()
    variables: tuple[Variable[Any], ...] = VARIABLES  # ours and theirs, with the defaults that hold

    def requires(self, one: str, other: str) -> bool:
        """
        Tell whether an extension requires another, however indirectly.
        """
        by_name = {each.name: each.declared.requires for each in self.found}
        ahead, seen = [one], {one}
        while ahead:
            for name in by_name.get(ahead.pop(), ()):
                if name == other:
                    return True
                if name not in seen:
                    seen.add(name)
                    ahead.append(name)
        return False


@functools.cache
def here() -> Extensions:
    """
    Return this container's extensions. Their code runs once in a process, however often it asks.
    """
    return read()


def read(place: Path = paths.EXTENSIONS) -> Extensions:
    """
    Return the extensions of a directory. Raises nothing for what is in it.
    """
    try:
        found = {each.name: each for each in place.iterdir() if each.is_dir()}
    except OSError:
        return Extensions()  # an image without extensions
    return read_from({name: at for name, at in found.items() if not name.startswith(".")})


def read_from(directories: Mapping[str, Path]) -> Extensions:
    """
    Return extensions from wherever they are. Raises nothing for what is in them.

    + directories: of each, by the name that it has in its image
    """
    problems: list[Problem] = []
    found = {}
    for name, directory in sorted(directories.items()):
        if not re.fullmatch(NAME, name):
            rule = "must be named with small letters, digits, `.`, `_` and `-`"
            problems.append(Problem(name, "be found", f"{directory} {rule}"))
            continue
        try:
            found[name] = Found(name, directory, _declaration(directory))
        except _WrongError as wrong:
            problems.append(Problem(name, f"read {_DECLARATION}", str(wrong)))
    ordered, out_of_order = _ordered(found)
    problems += out_of_order
    kept, variables, disputed = _variables(ordered)
    return Extensions(tuple(kept), (*problems, *disputed), tuple(variables))


class _WrongError(Exception):
    """
    What is wrong with an extension.py, and where.
    """


def _declaration(directory: Path) -> Extension:
    file = directory / _DECLARATION
    try:
        source = files.read(file)
    except FileNotFoundError:
        return Extension()
    except OSError as error:
        raise _WrongError(f"{file}: {error.strerror}") from None
    names: dict[str, Any] = {"__name__": f"extension_{directory.name}", "__file__": str(file)}
    try:
        late = TimeoutError(f"takes more than {PATIENCE:.0f} s, and only declares")
        with ring_after(PATIENCE, late):
            exec(compile(source, str(file), "exec"), names)  # noqa: S102 - the image's author wrote it
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - SystemExit, too: nothing of it ends a start
        raise _WrongError(located(error, file)) from None
    declared = names.get("EXTENSION")
    if not isinstance(declared, Extension):
        raise _WrongError(f"{file}: has no EXTENSION = Extension(...)")
    return declared


def located(error: BaseException, within: Path) -> str:
    """
    Return an error in words, with the file and line of an extension's where it came from.

    + within: that file, or the directory of all of the extension's files
    """
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}: {error.msg}"
    told = str(error) or "no reason was given"
    said = told if isinstance(error, ValueError) else f"{type(error).__name__}: {told}"
    return f"{line(error, within) or within}: {said}"


def line(error: BaseException, within: Path) -> str:
    """
    Return "FILE, line N": the last line of an extension's files that an error passed; "" for none.
    """
    frames = traceback.extract_tb(error.__traceback__)
    own = [
        each
        for each in frames
        if Path(each.filename) == within or within in Path(each.filename).parents
    ]
    return f"{own[-1].filename}, line {own[-1].lineno}" if own else ""


def _ordered(found: Mapping[str, Found]) -> tuple[list[Found], list[Problem]]:
    """
    Return extensions so that each comes after what it requires, else by name; and who can't.
    """
    waiting = dict(found)
    ordered: list[Found] = []
    problems: list[Problem] = []
    done: set[str] = set()
    while waiting:
        ready = next((name for name in sorted(waiting) if _needs(waiting[name]) <= done), None)
        if ready is None:
            break
        ordered.append(waiting.pop(ready))
        done.add(ready)
    for name, each in sorted(waiting.items()):
        missing = sorted(_needs(each) - found.keys())
        circle = _circle(name, waiting)
        left_out = ", ".join(sorted(_needs(each) & waiting.keys()))
        if missing:
            why = f"requires {', '.join(missing)}, which this image does not have or can't read"
        elif circle:
            why = f"requires itself: {' -> '.join(circle)}"
        else:
            why = f"requires {left_out}, which is left out"
        problems.append(Problem(name, "have what it requires", why))
    return ordered, problems


def _needs(each: Found) -> set[str]:
    return set(each.declared.requires)


def _circle(name: str, waiting: Mapping[str, Found]) -> list[str]:
    """
    Return the way from an extension back to itself; nothing where there is none.
    """
    ways = [[name]]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        for following in waiting[way[-1]].declared.requires:
            if following == name:
                return [*way, name]
            if following in waiting and following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return []


def _variables(
    ordered: Sequence[Found],
) -> tuple[list[Found], list[Variable[Any]], list[Problem]]:
    """
    Return who may stay, all variables with the defaults that hold, and why others may not.
    """
    known = {each.name: each for each in VARIABLES}
    owners: dict[str, str] = dict.fromkeys(known, "Slipway")
    kept: list[Found] = []
    problems: list[Problem] = []
    out: set[str] = set()
    below: dict[str, set[str]] = {}  # what each requires, however indirectly
    for each in ordered:
        below[each.name] = _needs(each).union(*(below[name] for name in _needs(each)))
        if lost := sorted(_needs(each) & out):
            why = f"requires {', '.join(lost)}, which is left out"
            problems.append(Problem(each.name, "have what it requires", why))
            out.add(each.name)
            continue
        complaints = [
            f"variable {variable.name}: is {owners[variable.name]}'s already; give it another "
            f"name, or another default by defaults={{{variable.name!r}: ...}}"
            for variable in each.declared.variables
            if variable.name in owners and owners[variable.name] not in below[each.name]
        ]
        theirs = {variable.name: variable for variable in each.declared.variables}
        for name, default in each.declared.defaults.items():
            variable = theirs.get(name) or known.get(name)
            owner = owners.get(name, each.name)
            if variable is None or owner not in {"Slipway", each.name, *below[each.name]}:
                complaints.append(
                    f"defaults: {name} is no variable of Slipway's or of what it requires"
                )
            elif complaint := default_complaint(variable, default):
                complaints.append(f"defaults: {name}: {complaint}")
            else:
                theirs[name] = variable.with_default(default)
        if complaints:
            why = "; ".join(complaints)
            problems.append(Problem(each.name, "declare its variables", why))
            out.add(each.name)
            continue
        kept.append(each)
        for name, variable in theirs.items():
            owners.setdefault(name, each.name)
            known[name] = variable  # the last one's holds
    return kept, list(known.values()), problems
