r"""
What people and tools wrap around a key by mistake, where only one reading makes it a key.

`docker run --env-file` takes quotes as they stand, `export NAME=` is copied from a shell, a list
from YAML or JSON. Only a text that is no key as it is gets here: public_keys.py is strict.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

# Opening and closing
_PAIRS = {
    '"': '"',
    "'": "'",
    "`": "`",
    "“": "”",
    "„": "“",
    "‘": "’",  # noqa: RUF001
    "«": "»",
    "<": ">",
    "(": ")",
    "*": "*",
    "|": "|",
}
_TYPE = r"(?:sk-|webauthn-sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+"
# A name in capitals: options of a key are written in small letters
_ASSIGNMENT = (
    r"(?:\$\s+)?(?:export\s+|set\s+|setx\s+|declare\s+-x\s+|ENV\s+|-e\s+|--env[= ]\s*|\$env:)?"
    r"[A-Z][A-Z0-9_]{2,40}\s*[=:]\s*(?=\S)"
)
# A shell's or a file's whose names need no capitals: the type of a key comes next
_NAMED = (
    r"(?:setx\s+\w+\s+|set\s+-\w+\s+\w+\s+|[A-Za-z][A-Za-z0-9_ ]{0,40}:\s+"
    r"|[A-Za-z]\w{0,40}\s*=\s*(?=[\"']))"
    rf"(?=[\"']?{_TYPE}\s)"
)
_ECHO = r"(?:\$\s+)?echo\s+(.*?)\s*>>?\s*\S*authorized_keys\s*"
_BULLET = r"(?:-|\*|>|•|\+|\d{1,2}[.)])\s+(?=\S)"
_TWICE = rf"({_TYPE})[ \t]+\1[ \t]+(?=AAAA)"
_ESCAPED = rf"({_TYPE})(?:\\[ ]|%20|&nbsp;|&#32;|\+)(?=AAAA)"
_SPACES = r"[\u00a0\u2000-\u200a\u202f\u205f\u3000]"
_INVISIBLE = r"[\u200b-\u200f\u202a-\u202e\u2060\ufeff]"

Step = Callable[[str], "tuple[str, str]"]

_LONGEST = 1 << 16  # characters of a text that is looked at as a whole


def unwrapped(text: str) -> tuple[str, list[str]]:
    """
    Return a value without what is wrapped around all of it, and the names of what was.
    """
    steps: list[Step] = [_listed, _assigned, _echoed, _separated, _quoted]
    return _peeled(text, steps) if len(text) < _LONGEST else (text, [])


def unwrapped_line(line: str) -> tuple[str, list[str]]:
    """
    Return a line without what is wrapped around it, and the names of what was.
    """
    plain = _spaced(line)
    steps: list[Step] = [_assigned, _echoed, _quoted, _half_quoted, _bulleted, _ended, _doubled]
    peeled, told = _peeled(plain, steps)
    return peeled, told if plain == line else [*told, "odd spaces"]


def _peeled(text: str, steps: list[Step]) -> tuple[str, list[str]]:
    """
    Apply each step as often as it finds something; every one shortens the text.
    """
    told: list[str] = []
    text = text.strip()
    while True:
        for step in steps:
            shorter, what = step(text)
            if what and len(shorter) < len(text):
                text = shorter.strip()
                told.append(what)
                break
        else:
            return text, list(dict.fromkeys(told))


def _quoted(text: str) -> tuple[str, str]:
    text = text.removeprefix("$") if text.startswith("$'") else text
    end = _PAIRS.get(text[:1])
    if end is None or len(text) < 2 or not text.endswith(end):  # noqa: PLR2004 - a pair
        return text, ""
    return text[1:-1], "quotes"


def _separated(text: str) -> tuple[str, str]:
    r"""
    Take the quotes of each key away where a literal \n is between them.
    """
    shorter = re.sub(r"""(["'])\\n\1""", "\n", text)
    return (shorter, "quotes") if shorter != text else (text, "")


def _half_quoted(text: str) -> tuple[str, str]:
    """
    Take a quote off one end: its other half is on another line.
    """
    if text[:1] in _PAIRS and re.match(_TYPE, text[1:]):
        return text[1:], "quotes"
    if text[-1:] in set(_PAIRS.values()) and " " not in text.partition("AAAA")[2]:
        return text[:-1], "quotes"
    return text, ""


def _assigned(text: str) -> tuple[str, str]:
    match = re.match(_ASSIGNMENT, text) or re.match(_NAMED, text)
    return (text[match.end() :], "NAME=") if match else (text, "")


def _echoed(text: str) -> tuple[str, str]:
    match = re.fullmatch(_ECHO, text)
    return (match[1], "echo") if match else (text, "")


def _listed(text: str) -> tuple[str, str]:
    if not (text.startswith("[") and text.endswith("]")):
        return text, ""
    try:
        words = json.loads(text)
    except ValueError:
        return text[1:-1], "brackets"
    if not all(isinstance(word, str) for word in words):
        return text, ""
    return "\n".join(words), "a JSON list"


def _bulleted(text: str) -> tuple[str, str]:
    match = re.match(_BULLET, text)
    return (text[match.end() :], "a list's mark") if match else (text, "")


def _ended(text: str) -> tuple[str, str]:
    shorter = text.rstrip("\\,;. \t")
    return (shorter, "an end of line") if len(shorter) < len(text) else (text, "")


def _doubled(text: str) -> tuple[str, str]:
    shorter = re.sub(_TWICE, r"\1 ", text)
    return (shorter, "the type twice") if shorter != text else (text, "")


def _spaced(text: str) -> str:
    """
    Return a line with plain spaces, and without what nobody sees.
    """
    plain = re.sub(_SPACES, " ", re.sub(_INVISIBLE, "", text))
    return re.sub(_ESCAPED, r"\1 ", plain)
