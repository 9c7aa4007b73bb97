"""
Rules for values: each takes a text and returns what it means, or raises Refused.

They are for our own variables and for those of extended images alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from slipway.contract.paths import own_program_names
from slipway.settings import providers
from slipway.settings.variable import Refused

T = TypeVar("T")

_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}
# Patterns are texts: compiling costs milliseconds of every start, and few starts need them all.
_INTEGER = r"-?[0-9]{1,6}"
# A remote's name as rclone has it, and a path without anything that a list or a line ends at
_REMOTE = r"[\w.+@](?:[\w.+@ -]*[\w.+@-])?(?::[^,\x00-\x1f\x7f\ud800-\udfff]*)?"
_PROGRAM = r"[^\s:/,]+(?::[^\s:/,]+)?"
_CONTROL = r"[\x00-\x1f\x7f]"
_PORTS = range(1, 1 << 16)


def word(given: str) -> str:
    """
    Return a text with ___ as a space (vast.ai's workaround), without blanks around it.
    """
    return given.replace("___", " ").strip(" \t\r\n")


def text(given: str) -> str:
    """
    Accept any text; a last newline is the file's that it came from.
    """
    return given.replace("___", " ").rstrip("\r\n")


def boolean(given: str) -> bool:
    """
    Accept 1/0, true/false, yes/no, on/off in any case; empty is false.
    """
    asked = word(given).lower()
    if asked not in _TRUE | _FALSE:
        raise Refused("must be true or false")
    return asked in _TRUE


def integer(given: str) -> int:
    """
    Accept a whole number of up to six digits.
    """
    if not re.fullmatch(_INTEGER, word(given)):
        raise Refused("must be a whole number")
    return int(word(given))


def at_least(least: int) -> Callable[[str], int]:
    """
    Return the rule for whole numbers that are not smaller.
    """

    def rule(given: str) -> int:
        if not re.fullmatch(_INTEGER, word(given)) or int(word(given)) < least:
            raise Refused(f"must be a whole number, {least} or more")
        return int(word(given))

    return rule


def port(given: str) -> int:
    """
    Accept the number of a TCP port.
    """
    if not re.fullmatch(_INTEGER, word(given)) or int(word(given)) not in _PORTS:
        raise Refused("must be a port, 1 to 65535")
    return int(word(given))


def path(given: str) -> str:
    """
    Accept an absolute path on one line.
    """
    asked = text(given)
    if not asked.startswith("/") or re.search(_CONTROL, asked):
        raise Refused("must be an absolute path on one line")
    return asked


def choice(*words: str) -> Callable[[str], str]:
    """
    Return the rule for one of these words, in any case.
    """

    def rule(given: str) -> str:
        asked = word(given).lower()
        found = next((each for each in words if each.lower() == asked), None)
        if found is None:
            raise Refused(f"must be one of {', '.join(words)}")
        return found

    return rule


def optional(rule: Callable[[str], T]) -> Callable[[str], T | None]:
    """
    Return the rule that takes an empty text for no value.
    """

    def either(given: str) -> T | None:
        return rule(given) if word(given) else None

    return either


def address(given: str) -> str:
    """
    Accept host:port, with IPv6 in brackets, or nothing.
    """
    asked = word(given)
    if asked and not providers.address(asked):
        raise Refused("must be host:port")
    return asked


def remotes(given: str) -> tuple[str, ...]:
    """
    Accept rclone remotes, each with a path or without; of a list with errors the rest is used.
    """
    asked = [each.strip() for each in word(given).split(",") if each.strip()]
    plain = tuple(dict.fromkeys(each for each in asked if re.fullmatch(_REMOTE, each)))
    if len(plain) < len(set(asked)):
        rule = "must be NAME or NAME:path, with commas between"
        raise Refused(rule, effect="others are left out", instead=plain)
    return plain


def programs(given: str) -> tuple[str, ...]:
    """
    Accept supervised programs, `NAME` or `GROUP:NAME`; of a list with errors the rest is used.

    Slipway's own go on: without sshd nobody gets in, and remotes are chosen where they are made.
    """
    asked = tuple(dict.fromkeys(each.strip() for each in word(given).split(",") if each.strip()))
    plain = tuple(each for each in asked if re.fullmatch(_PROGRAM, each) and each.isprintable())
    own = own_program_names() if plain else set()
    names = {each: each.partition(":")[0] for each in plain}
    good = tuple(
        each for each in plain if names[each] not in own and not names[each].startswith("remote-")
    )
    if len(plain) < len(asked):
        rule = "must be NAME or GROUP:NAME, with commas between"
        raise Refused(rule, effect="others are switched off", instead=good)
    if ours := [each for each in plain if each not in good]:
        rule = f"must not name {', '.join(ours)}, which is Slipway's own"
        raise Refused(rule, effect="others are switched off", instead=good)
    return good
