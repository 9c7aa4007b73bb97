r"""
Public keys as strangers give them, and as sshd reads them: sshd(8), AUTHORIZED_KEYS FILE FORMAT.

Pure: text in, lines for authorized_keys and refusals out. Understood are CRLF, a lone CR, byte
order marks, a missing last newline and a literal \n between keys. A line that is no key is refused
by its number and a rule and never shown: it may be somebody's private key. Tested side by side with
sshd and ssh-keygen.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import NamedTuple


class PublicKey(NamedTuple):
    """
    A line that sshd accepts.
    """

    line: str
    blob: str  # the key itself, in base64: what makes two lines the same key


class Refused(NamedTuple):
    """
    A line that is no public key, by its number, counted from 1, and the rule it breaks.
    """

    line: int
    rule: str


PRIVATE = "is a private key; give the .pub file's line"
GLUED = "has two keys on it; put each on a line of its own"
NO_KEY = "is no public key"
NO_OPTION = "begins with an option that sshd does not know, or is a line of known_hosts"
VALUE = "has an option with a value that sshd does not accept"
TWICE = "has an option twice that sshd takes once"
CUT = "is cut off or damaged: its base64 is no key of the type it names"
DSA = "is a DSA key, which OpenSSH no longer accepts"
CERTIFICATE = "is a certificate; give the key itself, or its CA's with cert-authority"
RSA_BITS = "is an RSA key of less than 1024 or more than 16384 bits, which sshd does not accept"
PRINCIPALS = "has principals= without cert-authority, so sshd ignores it"
CONTROL = "has a control character in it"
FORMAT = "is no key in OpenSSH's format; `ssh-keygen -i` converts others"

# What none but a private key has: PEM's and PuTTY's frames, and "openssh-key-v1" in base64.
_PRIVATE = (
    "PRIVATE KEY",
    "PRIVATE___KEY",
    "PuTTY-User-Key-File",
    "Private-Lines:",
    "Private-MAC:",
    "b3BlbnNzaC1rZXktdjE",
)

# Patterns are texts where few starts need them: compiling them takes 8 ms; `re` keeps them.

# A second key after the first: sshd would take it for a comment.
_SECOND = r"AAAA[A-Za-z0-9+/]{20}|(?:ssh|ecdsa)-[a-z0-9@.-]{3,60}(?:[ \t]|___){1,9}AAAA"

_QUOTED = r'"((?:\\"|[^"\\]|\\(?!"))*)"'
_PLAIN = re.compile(r"([^ \t\"]+)[ \t]+([A-Za-z0-9+/]+={0,2})(?:[ \t]+(.*))?", re.DOTALL)
_OPTIONS = rf'((?:\\"|{_QUOTED}|[^ \t"\\]|\\(?!"))+)[ \t]+'
_OPTION = (
    r"(?i)(?:(?:no-)?(?:agent-forwarding|port-forwarding|pty|touch-required|user-rc|verify-required"
    r"|x11-forwarding)|restrict|(cert-authority)|(command|environment|expiry-time|from"
    rf"|permitlisten|permitopen|principals|tunnel)={_QUOTED})?(?:,|$)"
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

_NO_KEY = frozenset({"", "null", "none", "undefined", "nil"})  # what consoles send for "no key"

_BLANK = " \t\v\f\0"
_MARKS = ("\N{ZERO WIDTH NO-BREAK SPACE}", "ï»¿")  # byte order marks, also misread
_TYPE = r"(?:sk-|webauthn-sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]{3,60}(?:[ \t]|___)"
_BEGIN = r"-{4,5}[ _]*BEGIN[ _]|PuTTY-User-Key-File"
_END = r"-{4,5}[ _]*END[ _]|Private-(?:MAC|Hash)"
_LITERAL = (
    # a backslash and an n, where what follows looks like the beginning of a line or an end:
    # `CORP\nora@laptop` is a comment that Windows writes
    rf"""(?ix)(?:\\r)?\\n(?=\\[rn]|\s|$|{_TYPE}|\#|-{{4,5}}[ _]*BEGIN
    |(?:no-)?(?:agent-forwarding|cert-authority|command|environment|expiry-time|from|permitlisten
    |permitopen|port-forwarding|principals|pty|restrict|touch-required|tunnel|user-rc
    |verify-required|x11-forwarding)(?:[=,\ \t]|___))"""
)
_UNQUOTED = rf"\s*(?:#|{_TYPE})"  # lines in which quotes mean nothing


def parse(text: str, *, underscores: bool = False) -> tuple[list[PublicKey], list[Refused]]:
    """
    Return the keys of a variable or a file, and what in it is none.

    + underscores: whether ___ stands for a space; a line that is a key as it is stays so
    """
    keys: list[PublicKey] = []
    refused: list[Refused] = []
    in_block = False  # between BEGIN and END whatever is there is the block's, but for a key
    for number, line in enumerate(_lines(text), start=1):
        if line.lower() in _NO_KEY or line.startswith("#"):
            continue
        begin = re.search(_BEGIN, line) if "BEGIN" in line or "PuTTY" in line else None
        if begin:
            refused.append(Refused(number, PRIVATE if holds_private_key(line) else FORMAT))
            in_block = not re.search(_END, line[begin.end() :])
            continue
        key = read(line)
        if isinstance(key, str) and underscores and "___" in line:
            key = read(line.replace("___", " ").strip())
        if not isinstance(key, str):
            keys.append(key)
            in_block = False
        elif in_block:
            in_block = not re.search(_END, line)
        else:
            refused.append(Refused(number, key))
    return keys, refused


def read(line: str) -> PublicKey | str:
    """
    Return the key on a line that may go into authorized_keys, or the rule why it may not.

    Stricter than sshd where a line is not what its giver takes it for: two keys on one line, a
    private key behind a public one, characters that a terminal obeys.
    """
    found = _accepted(line)
    if isinstance(found, str):
        return PRIVATE if holds_private_key(line) else found
    options, blob, comment = found
    if holds_private_key(comment) or holds_private_key(options):
        return PRIVATE
    if "AAAA" in comment and re.search(_SECOND, comment):
        return GLUED
    if not line.isprintable() and re.search(r"[\0-\x08\x0a-\x1f\x7f]", line):
        return CONTROL
    return PublicKey(line, blob)


def identity(line: str) -> str:
    """
    Return what makes two lines the same key to sshd; "" for a line on which it finds none.
    """
    found = _accepted(line.strip(" \t\r"))
    return "" if isinstance(found, str) else found[1]


def any_valid(content: bytes) -> bool:
    """
    Tell whether sshd finds a key in a file.
    """
    return any(identity(line.decode(errors="surrogateescape")) for line in content.split(b"\n"))


def holds_private_key(text: str) -> bool:
    """
    Tell whether a private key, or the frame of one, is in a text.
    """
    return any(trace in text for trace in _PRIVATE)


def decode(content: bytes) -> str:
    """
    Return a file's text; UTF-16 with a byte order mark is what PowerShell's `>` writes.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    return content.decode(errors="surrogateescape")


def _lines(text: str) -> Iterator[str]:
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        for part in _unfolded(line):
            stripped = part.strip(_BLANK)
            for mark in _MARKS:
                stripped = stripped.removeprefix(mark)
            yield stripped.lstrip(_BLANK)


def _unfolded(line: str) -> Iterator[str]:
    r"""
    Split a line at each literal \n between keys; one within an option's quotes is the option's.
    """
    if "\\n" not in line:
        yield line
        return
    start = position = 0
    quoted = False
    unquoted = re.compile(_UNQUOTED)
    for match in re.finditer(_LITERAL, line):
        piece = line[position : match.start()]
        position = match.end()
        if piece.replace('\\"', "").count('"') % 2:
            quoted = not quoted
        if quoted and not unquoted.match(line, start):
            continue
        yield line[start : match.start()]
        start, quoted = match.end(), False
    yield line[start:]


def _accepted(line: str) -> tuple[str, str, str] | str:
    """
    Return options, key and comment as sshd finds them on a line, or why it finds no key.
    """
    if "\0" in line:
        return CONTROL  # the line's end to sshd
    options = ""
    match = _PLAIN.fullmatch(line)
    if match is None or match[1] not in _KINDS:
        prefix = re.match(_OPTIONS, line)
        if prefix is None:
            return _no_kind(line.partition(" ")[0])
        options = prefix[1]
        match = _PLAIN.fullmatch(line, prefix.end())
        complaint = _complaint(options)
        if complaint == NO_OPTION and (match is None or match[1] not in _KINDS):
            return _no_kind(options)  # no key follows, so those are hardly options
        if complaint:
            return complaint
        if match is None or match[1] not in _KINDS:
            return _no_kind("" if match is None else match[1])
    kind, blob, comment = match[1], match[2], match[3] or ""
    return _complaint_of_key(kind, blob) or (options, blob, comment)


def _no_kind(word: str) -> str:
    """
    Say why a word names no type of key.
    """
    if word.startswith("ssh-dss"):
        return DSA
    if "-cert-v" in word:
        return CERTIFICATE
    return CUT if word in _KINDS else NO_KEY


def _complaint(options: str) -> str:
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


def _complaint_of_key(kind: str, blob: str) -> str:
    """
    Return why a blob is no key of this type, "" if it is one.
    """
    if len(blob) % 4:
        return CUT
    try:
        content = b64decode(blob)
    except ValueError:
        return CUT
    if b64encode(content).decode() != blob:  # bits left over at the end: sshd refuses those, too
        return CUT
    fields = _fields(content)
    name, shape, curve = _KINDS[kind]
    if not fields or fields.pop(0) != name:
        return CUT
    return shape(fields, curve)


def _fields(content: bytes) -> list[bytes]:
    """
    Split a blob into its strings (RFC 4251, section 5); nothing where they don't add up.
    """
    fields, position = [], 0
    while position < len(content):
        start = position + 4
        position = start + int.from_bytes(content[position:start], "big")
        fields.append(content[start:position])
    return fields if position == len(content) else []


# Curves y^2 = x^3 - 3x + b modulo p, of order n (FIPS 186-4, D.1.2): name, p, b, n
_Curve = tuple[bytes, int, int, int]
# fmt: off
_P256 = (
    b"nistp256", 2**256 - 2**224 + 2**192 + 2**96 - 1,
    0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
)
_P384 = (
    b"nistp384", 2**384 - 2**128 - 2**96 + 2**32 - 1,
    0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
)
_P521 = (
    b"nistp521", 2**521 - 1,
    0x0051953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E156193951EC7E937B1652C0BD3BB1BF073573DF883D2C34F1EF451FD46B503F00,
    0x01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409,
)
# fmt: on

_ED25519_BYTES = 32


def _ed25519(fields: list[bytes], _curve: _Curve) -> str:
    return "" if len(fields) == 1 and len(fields[0]) == _ED25519_BYTES else CUT


def _sk_ed25519(fields: list[bytes], curve: _Curve) -> str:
    return _ed25519(fields[:-1], curve) if _is_application(fields) else CUT


def _sk_ecdsa(fields: list[bytes], curve: _Curve) -> str:
    return _ecdsa(fields[:-1], curve) if _is_application(fields) else CUT


def _is_application(fields: list[bytes]) -> bool:
    """
    Tell whether the last string is a security key's application: a C string.
    """
    return bool(fields) and b"\0" not in fields[-1][:-1]


def _ecdsa(fields: list[bytes], curve: _Curve) -> str:
    """
    Check that the point is one of the curve, as sshkey_ec_validate_public of OpenSSH does.
    """
    name, p, b, n = curve
    size = (p.bit_length() + 7) // 8
    if len(fields) != 2 or fields[0] != name:  # noqa: PLR2004 - curve, point
        return CUT
    point = fields[1]
    if len(point) != 1 + 2 * size or point[0] != 4:  # noqa: PLR2004 - uncompressed
        return CUT
    x, y = int.from_bytes(point[1 : 1 + size], "big"), int.from_bytes(point[1 + size :], "big")
    half = n.bit_length() // 2
    if not (half < x.bit_length() and half < y.bit_length() and max(x, y) < n - 1):
        return CUT
    return "" if (y * y - x * (x * x - 3) - b) % p == 0 else CUT


def _rsa(fields: list[bytes], _curve: _Curve) -> str:
    if len(fields) != 2 or any(field[:1] >= b"\x80" for field in fields):  # noqa: PLR2004 - e, n
        return CUT
    bits = int.from_bytes(fields[1], "big").bit_length()
    return "" if 1024 <= bits <= 16384 else RSA_BITS  # noqa: PLR2004 - OpenSSH's own bounds


# Name on the line: name in the blob, what follows there, and the curve. The names of signature
# algorithms are taken by sshd for their key's type.
_KINDS = {
    "ssh-ed25519": (b"ssh-ed25519", _ed25519, _P256),
    "ssh-rsa": (b"ssh-rsa", _rsa, _P256),
    "rsa-sha2-256": (b"ssh-rsa", _rsa, _P256),
    "rsa-sha2-512": (b"ssh-rsa", _rsa, _P256),
    "ecdsa-sha2-nistp256": (b"ecdsa-sha2-nistp256", _ecdsa, _P256),
    "ecdsa-sha2-nistp384": (b"ecdsa-sha2-nistp384", _ecdsa, _P384),
    "ecdsa-sha2-nistp521": (b"ecdsa-sha2-nistp521", _ecdsa, _P521),
    "sk-ssh-ed25519@openssh.com": (b"sk-ssh-ed25519@openssh.com", _sk_ed25519, _P256),
    "sk-ecdsa-sha2-nistp256@openssh.com": (
        b"sk-ecdsa-sha2-nistp256@openssh.com",
        _sk_ecdsa,
        _P256,
    ),
    "webauthn-sk-ecdsa-sha2-nistp256@openssh.com": (
        b"sk-ecdsa-sha2-nistp256@openssh.com",
        _sk_ecdsa,
        _P256,
    ),
}
