"""
What an extension declares of itself, in its extension.py; slipway.extension gives it to authors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from slipway.settings.variable import Refused, Variable

NAME = r"[a-z0-9][a-z0-9._-]{0,62}"  # of an extension: its directory's
_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"  # POSIX's names of environment variables
_RESERVED = ("SLIPWAY_", "RCLONE")  # beginnings of names that are Slipway's or rclone's


class Extension:
    """
    What an image adds to Slipway: `EXTENSION` of an extension.py is one.
    """

    def __init__(
        self,
        *,
        title: str = "",
        requires: Sequence[str] = (),
        variables: Sequence[Variable[Any]] = (),
        defaults: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """
        Declare it. Raises ValueError for what can't be so, in words for its author.

        + title: what people call it; its directory's name by default
        + requires: names of the extensions that come before it; it may replace files of theirs
        + variables: that users set
        + defaults: of variables of Slipway's or of what it requires: name to another default
        """
        if not isinstance(title, str):
            raise ValueError("title must be a text")  # noqa: TRY004 - one class for its author
        self.title = title
        self.requires = _names(requires)
        self.variables = _variables(variables)
        self.defaults = _defaults(defaults)


def _names(requires: Any) -> tuple[str, ...]:
    if isinstance(requires, str) or not all(isinstance(each, str) for each in requires):
        raise ValueError("requires must be a list of names of extensions")
    return tuple(dict.fromkeys(requires))


def _variables(variables: Any) -> tuple[Variable[Any], ...]:
    if not all(isinstance(each, Variable) for each in variables):
        raise ValueError("variables must be a list of Variable(NAME, rule, meaning=...)")
    declared = tuple(variables)
    names = [each.name for each in declared]
    for each in declared:
        complaint = _complaint(each)
        if names.count(each.name) > 1:
            complaint = "is declared twice"
        if complaint:
            raise ValueError(f"variable {each.name}: {complaint}")
    return declared


def _complaint(variable: Variable[Any]) -> str:
    if not isinstance(variable.name, str) or not re.fullmatch(_VARIABLE, variable.name):
        return "must have a name of letters, digits and _, with no digit first"
    if variable.name.startswith(_RESERVED):
        return f"must not begin with {' or '.join(_RESERVED)}: these are taken"
    if not callable(variable.parse):
        return "must have a rule, port or text say"
    return default_complaint(variable, variable.default)


def default_complaint(variable: Variable[Any], default: Any) -> str:
    """
    Return what is wrong with a default; "" where it keeps to the variable's rule.
    """
    if not isinstance(default, str):
        return f"its default must be a text, as the environment has it, not {default!r}"
    try:
        variable.checked(default)
    except Refused as refused:
        return f"its default {refused.rule}"
    return ""


def changed_defaults(variables: Sequence[Variable[Any]], ours: Sequence[Variable[Any]]) -> bytes:
    """
    Return the defaults of our variables that are others in an image, NUL-separated.

    Who sees a container from outside does not run what is in it, and reads them.
    """
    declared = {each.name: each.default for each in variables}
    return b"".join(
        f"{each.name}={declared[each.name]}\0".encode(errors="surrogateescape")
        for each in ours
        if declared[each.name] != each.default
    )


def with_defaults(
    ours: Sequence[Variable[Any]], defaults: Mapping[str, str]
) -> tuple[Variable[Any], ...]:
    """
    Return our variables with the defaults that an image has; those that break a rule are none.
    """
    return tuple(
        each.with_default(defaults[each.name])
        if each.name in defaults and not default_complaint(each, defaults[each.name])
        else each
        for each in ours
    )


def _defaults(defaults: Any) -> Mapping[str, str]:
    words = [*defaults, *dict(defaults).values()]
    if not all(isinstance(word, str) for word in words):
        raise ValueError('defaults must map names to texts: {"DEMO_PORT": "8080"}')
    return MappingProxyType(dict(defaults))
