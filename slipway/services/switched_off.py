"""
Programs that SLIPWAY_SERVICES_OFF names: they start by hand alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from slipway.settings.rules import programs
from slipway.settings.variable import Refused

VARIABLE = "SLIPWAY_SERVICES_OFF"


def names(expansions: Mapping[str, str]) -> tuple[str, ...]:
    """
    Return what the variable names; of a value that is refused, what can be used of it.

    + expansions: supervisor's, by ENV_ and the variable's name
    """
    try:
        return programs(expansions.get(f"ENV_{VARIABLE}", ""))
    except Refused as refused:
        return tuple(refused.instead or ())


def is_named(off: Collection[str], group: str, name: str) -> bool:
    """
    Tell whether a process is switched off: by its name, its group's, or both as GROUP:NAME.
    """
    return bool({name, group, f"{group}:{name}", f"{group}:*"} & set(off))
