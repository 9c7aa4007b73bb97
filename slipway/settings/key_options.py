"""
Options of a key in authorized_keys, as sshd takes them: sshd(8), AUTHORIZED_KEYS FILE FORMAT.
"""

from __future__ import annotations

import re

NO_OPTION = "begins with an option that sshd does not know, or is a line of known_hosts"
VALUE = "has an option with a value that sshd does not accept"
TWICE = "has an option twice that sshd takes once"
PRINCIPALS = "has principals= without cert-authority, so sshd ignores it"

# Patterns are texts: compiling them takes milliseconds, and few keys have options; `re` keeps them.
QUOTED = r'"((?:\\"|[^"\\]|\\(?!"))*)"'
_OPTION = (
    r"(?i)(?:(?:no-)?(?:agent-forwarding|port-forwarding|pty|touch-required|user-rc|verify-required"
    r"|x11-forwarding)|restrict|(cert-authority)|(command|environment|expiry-time|from"
    rf"|permitlisten|permitopen|principals|tunnel)={QUOTED})?(?:,|$)"
)
_ONCE = {"command", "from", "principals"}

_PORT = r"(?:\*|0*(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5]))"
_HOST = r"(?:\[[^\]]*\]|[^\[:/][^:/]*|)"
# Names of services are left out: slim images have no /etc/services to find them in.
_VALUES = {
    "environment": r"(?s)[A-Za-z0-9_]+=.*",
    "expiry-time": r"(?a)(?:19[7-9]|2\d\d)\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
    r"(?:(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?)?Z?",
    "permitopen": rf"(?a){_HOST}[:/]{_PORT}",
    "permitlisten": rf"(?a){_PORT}|{_HOST}[:/]{_PORT}",
    "tunnel": r"(?ai)any|\d{1,9}",
    "from": r"(?s).+",
}
_NETWORK = r"(?a)!?(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})/(\d{1,3})"


def complaint(options: str) -> str:
    """
    Return why sshd would not accept the options, "" if it would.
    """
    position = 0
    seen: set[str] = set()
    option = re.compile(_OPTION)
    while position < len(options):
        match = option.match(options, position)
        if match is None:
            return NO_OPTION
        position = match.end()
        if match[1]:
            seen.add("cert-authority")
        if not match[2]:
            continue
        name, value = match[2].lower(), match[3].replace('\\"', '"')
        if name in _ONCE & seen:
            return TWICE
        seen.add(name)
        rule = _VALUES.get(name)
        if rule and not re.fullmatch(rule, value):
            return VALUE
        if name == "from" and any(map(_is_no_network, value.split(","))):
            return VALUE
    return PRINCIPALS if "principals" in seen and "cert-authority" not in seen else ""


def expiry(options: str) -> str:
    """
    Return the value of expiry-time, "" for none; the earliest where there are several.
    """
    found = (match for match in re.finditer(_OPTION, options) if match[2])
    return min((each[3] for each in found if each[2].lower() == "expiry-time"), default="")


def _is_no_network(pattern: str) -> bool:
    """
    Tell whether sshd gives up at an entry of from=: a mask too long, or bits beyond it.
    """
    match = re.fullmatch(_NETWORK, pattern)
    if match is None:
        return False
    *octets, bits = map(int, match.groups())
    if max(octets) > 255:  # noqa: PLR2004 - a name to sshd then, that never matches
        return False
    address = int.from_bytes(bytes(octets), "big")
    return bits > 32 or bool(address & ((1 << (32 - bits)) - 1))  # noqa: PLR2004 - bits of IPv4
