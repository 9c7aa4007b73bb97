"""
Patterns of sshd_config(5): names with `*` and `?`, lists with `!`, addresses with a mask.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from typing import NamedTuple

_V4_IN_V6 = "::ffff:"


class Connection(NamedTuple):
    """
    Who logs in, from where: what sshd looks at before it lets him try.
    """

    user: str
    groups: tuple[str, ...]
    address: str  # the client's; also its name, as sshd asks no DNS
    port: int  # of ours


def matches(pattern: str, text: str) -> bool:
    """
    Tell whether a text is what a pattern describes.
    """
    wild = "".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern)
    return re.fullmatch(wild, text, re.DOTALL) is not None


def listed(patterns: str, texts: Iterable[str]) -> bool:
    """
    Tell whether one of several texts is in a list with commas; one with `!` excludes all.
    """
    texts = list(texts)
    found = False
    for pattern in filter(None, patterns.split(",")):
        if any(_is_meant(pattern.removeprefix("!"), text) for text in texts):
            if pattern.startswith("!"):
                return False
            found = True
    return found


def names_user(pattern: str, connection: Connection) -> bool:
    """
    Tell whether an entry of AllowUsers or DenyUsers is about a connection.
    """
    user, at, place = pattern.partition("@")
    if not matches(user, connection.user):
        return False
    return not at or listed(place, [connection.address])


def in_network(network: str, address: str) -> bool:
    """
    Tell whether an address is in a network; False for what is no network.
    """
    base, _, bits = network.partition("/")
    wide, own = _packed(base), _packed(address.removeprefix(_V4_IN_V6))
    if wide is None or own is None or len(wide) != len(own) or not bits.isdigit():
        return False
    rest = len(wide) * 8 - int(bits)
    return rest >= 0 and int.from_bytes(wide, "big") >> rest == int.from_bytes(own, "big") >> rest


def an_address(pattern: str) -> str:
    """
    Return some address that a pattern describes; "" where none comes to mind.
    """
    base = pattern.partition("/")[0].replace("*", "1").replace("?", "1")
    for missing in range(4):
        if _packed(base + ".1" * missing) is not None:
            return base + ".1" * missing
    return ""


def _is_meant(pattern: str, text: str) -> bool:
    return in_network(pattern, text) if "/" in pattern else matches(pattern, text)


def _packed(address: str) -> bytes | None:
    try:
        return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    except OSError:
        return None
