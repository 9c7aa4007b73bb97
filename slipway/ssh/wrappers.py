"""
TCP wrappers: hosts.allow and hosts.deny, as far as sshd asks them (hosts_access(5)).
"""

from __future__ import annotations

from typing import NamedTuple

from slipway.ssh.patterns import in_network, matches

ALLOW, DENY = "/etc/hosts.allow", "/etc/hosts.deny"
LIBRARY = b"libwrap.so"  # in the program of an sshd that asks them
_DAEMON = "sshd"


class Rule(NamedTuple):
    """
    One line.
    """

    number: int  # of its first line, from 1
    daemons: list[str]
    clients: list[str]
    option: str  # "allow", "deny", "" or another


def rules(text: str) -> list[Rule]:
    """
    Return the rules of a file, lines that go on put together.
    """
    found, begun, held = [], 0, ""
    for number, raw in enumerate(text.splitlines(), start=1):
        begun = begun or number
        held += raw
        if held.endswith("\\"):
            held = held[:-1]
            continue
        line, first = held.strip(), begun
        begun, held = 0, ""
        daemons, colon, rest = line.partition(":")
        if line.startswith("#") or not colon:
            continue
        clients, _, option = _outside_brackets(rest)
        found.append(Rule(first, _listed(daemons), _listed(clients), option.strip().lower()))
    return found


def denied(allow: str, deny: str, address: str) -> str:
    """
    Return the place of the rule that refuses an address, "" for none.
    """
    for path, text in ((ALLOW, allow), (DENY, deny)):
        for rule in rules(text):
            if _has(rule.daemons, _DAEMON) and _has(rule.clients, address):
                refuses = rule.option == "deny" or (path == DENY and rule.option != "allow")
                return f"{path} line {rule.number}" if refuses else ""
    return ""


def _outside_brackets(text: str) -> tuple[str, str, str]:
    """
    Split at the first colon that is not within an IPv6 address's brackets.
    """
    depth = 0
    for position, character in enumerate(text):
        depth += {"[": 1, "]": -1}.get(character, 0)
        if character == ":" and not depth:
            return text[:position], ":", text[position + 1 :]
    return text, "", ""


def _listed(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _has(words: list[str], text: str) -> bool:
    """
    Tell whether a list with EXCEPT names something.
    """
    before, after = words, []
    for position, word in enumerate(words):
        if word.upper() == "EXCEPT":
            before, after = words[:position], words[position + 1 :]
            break
    return any(_is_meant(word, text) for word in before) and not _has_any(after, text)


def _has_any(words: list[str], text: str) -> bool:
    return bool(words) and _has(words, text)


def _is_meant(word: str, text: str) -> bool:
    plain = word.replace("[", "").replace("]", "")
    if word.upper() in ("ALL", "UNKNOWN"):  # a stranger's address has no name here
        return True
    if "/" in plain:
        base, _, bits = plain.partition("/")
        return in_network(f"{base}/{_prefix(bits)}", text)
    return text.startswith(plain) if plain.endswith(".") else matches(plain, text)


def _prefix(bits: str) -> str:
    """
    Return a mask's length: 255.255.0.0 is 16.
    """
    parts = bits.split(".")
    if len(parts) != 4 or not all(part.isdigit() for part in parts):  # noqa: PLR2004 - octets
        return bits
    return str(sum(int(part).bit_count() for part in parts))
