"""
TCP wrappers: hosts.allow and hosts.deny, as far as sshd asks them (hosts_access(5)).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from slipway.contract import paths
from slipway.ssh.login import Obstacle
from slipway.ssh.patterns import an_address, in_network, matches
from slipway.system import files
from slipway.system.bounded_files import BoundedFiles

ALLOW, DENY = "/etc/hosts.allow", "/etc/hosts.deny"
LIBRARY = b"libwrap.so"  # in the program of an sshd that asks them
_DAEMON = "sshd"
_ALL = "ALL: ALL"
_BOUND = 1.0  # seconds for a file: health has few


class Rule(NamedTuple):
    """
    One line.
    """

    number: int  # of its first line, from 1
    daemons: list[str]
    clients: list[str]
    option: str  # "allow", "deny", "" or another


def obstacles(address: str) -> list[Obstacle]:
    """
    Return what TCP wrappers have against an address, where this sshd asks them.
    """
    allow, deny = files.shown(ALLOW), files.shown(DENY)
    asked = [ALLOW, *([DENY] if denied(allow, _ALL, address) else [])]
    endless = next(filter(BoundedFiles(bound=_BOUND).endless, asked), "")
    rule = "" if endless else denied(allow, deny, address)
    if not (endless or rule) or not _are_asked():
        return []
    if endless:
        what = f"TCP wrappers wait for {endless}, which is no file"
        return [Obstacle(what, is_chosen=False, closes=True)]
    return [Obstacle("TCP wrappers close the connection", rule, closes=True)]


def addresses() -> list[tuple[str, str]]:
    """
    Return what of addresses the rules for sshd name, each with an address that it describes.
    """
    named = [
        word
        for text in (files.shown(ALLOW), files.shown(DENY))
        for rule in rules(text)
        if _has(rule.daemons, _DAEMON)
        for word in rule.clients
    ]
    found = {word: an_address(_plain(word).rstrip(".")) for word in named}
    return [(word, address) for word, address in found.items() if address and _are_asked()]


def _are_asked() -> bool:
    return LIBRARY in (files.readable(Path(paths.SSHD)) or b"")


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
    plain = _plain(word)
    if word.upper() in ("ALL", "UNKNOWN"):  # a stranger's address has no name here
        return True
    if "/" in plain:
        base, _, bits = plain.partition("/")
        return in_network(f"{base}/{_prefix(bits)}", text)
    return text.startswith(plain) if plain.endswith(".") else matches(plain, text)


def _plain(word: str) -> str:
    return word.replace("[", "").replace("]", "")


def _prefix(bits: str) -> str:
    """
    Return a mask's length: 255.255.0.0 is 16.
    """
    parts = bits.split(".")
    if len(parts) != 4 or not all(part.isdigit() for part in parts):  # noqa: PLR2004 - octets
        return bits
    return str(sum(int(part).bit_count() for part in parts))
