"""
Public keys as sshd reads them: sshd(8), AUTHORIZED_KEYS FILE FORMAT; RFC 4253 section 6.6.

Pure: text in, valid lines and refusals out. A refused line is named by its number, never shown: it
may be somebody's private key.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator
from typing import NamedTuple

_CURVES = {"nistp256": 65, "nistp384": 97, "nistp521": 133}  # bytes of an uncompressed point
_ED25519_BYTES = 32
_RSA_BITS = 1024  # OpenSSH's RequiredRSASize

# Options of sshd(8); a line with another one is ignored by sshd as a whole.
_FLAGS = {
    "agent-forwarding",
    "cert-authority",
    "no-agent-forwarding",
    "no-port-forwarding",
    "no-pty",
    "no-touch-required",
    "no-user-rc",
    "no-x11-forwarding",
    "port-forwarding",
    "pty",
    "restrict",
    "user-rc",
    "verify-required",
    "x11-forwarding",
}
_WITH_VALUE = {
    "command",
    "environment",
    "expiry-time",
    "from",
    "permitlisten",
    "permitopen",
    "principals",
    "tunnel",
}
_OPTION = re.compile(r'([A-Za-z0-9-]+)(?:=("(?:[^"\\]|\\.)*"))?')
_BEGIN = re.compile(r"-{4,5} ?BEGIN ")
_END = re.compile(r"-{4,5} ?END ")
_CERTIFICATE = "-cert-v01@openssh.com"
_NO_KEY = {"", "null", "none", "undefined", "nil"}  # what clouds' consoles send for "no key"


class Refused(NamedTuple):
    """
    A line that is no public key, by its number, counted from 1.
    """

    line: int
    rule: str


class PublicKey(NamedTuple):
    """
    A line that sshd accepts.
    """

    line: str
    blob: str  # the key itself, in base64: what makes two lines the same key


def parse(text: str) -> tuple[list[PublicKey], list[Refused]]:
    r"""
    Return the keys of a variable or file, and what in it is none.

    CRLF, a byte order mark, a missing last newline, and a literal \n between keys are understood.
    """
    keys, refused = [], []
    in_block = False
    for number, line in enumerate(_lines(text), start=1):
        if in_block or _BEGIN.search(line):
            if not in_block:
                kind = "a private key" if "PRIVATE" in line else "no OpenSSH public key"
                refused.append(Refused(number, f"is {kind}; give the .pub file's line"))
            in_block = not _END.search(line)
            continue
        if line.lower() in _NO_KEY or line.startswith("#"):
            continue
        key = read(line)
        if isinstance(key, str):
            refused.append(Refused(number, key))
        else:
            keys.append(key)
    return keys, refused


def read(line: str) -> PublicKey | str:
    """
    Return the key on a line, or why there is none.
    """
    fields = line.split(None, 2)
    if fields and _is_kind(fields[0]):
        return _read(line, *fields)
    end = _end_of_options(line)
    if end is None:
        return "is no public key"
    options, rest = line[:end], line[end:].strip()
    if unknown := _unknown_option(options):
        return unknown
    fields = rest.split(None, 2)
    if not fields or not _is_kind(fields[0]):
        return _unfit(fields[0] if fields else "")
    return _read(line, *fields)


def identity(line: str) -> str:
    """
    Return what makes two lines the same key; "" for a line that is no key.
    """
    key = read(line.strip())
    return "" if isinstance(key, str) else key.blob


def any_valid(content: bytes) -> bool:
    """
    Tell whether a file has a key that opens a session.
    """
    return any(identity(line) for line in content.decode(errors="surrogateescape").splitlines())


def _lines(text: str) -> Iterator[str]:
    text = text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").removeprefix("ï»¿")
    if "\n" not in text.strip():
        text = text.replace("\\r\\n", "\n").replace("\\n", "\n")
    for line in text.split("\n"):
        yield line.strip(" \t\r\0\f\v")


def _end_of_options(line: str) -> int | None:
    """
    Return where the options end: at the first blank outside of quotes, as sshd skips them.
    """
    quoted = False
    position = 0
    while position < len(line) and (quoted or line[position] not in " \t"):
        if line[position] == "\\" and line[position + 1 : position + 2] == '"':
            position += 1
        elif line[position] == '"':
            quoted = not quoted
        position += 1
    return None if quoted or position == len(line) else position


def _unknown_option(options: str) -> str:
    position = 0
    while position < len(options):
        match = _OPTION.match(options, position)
        if match is None:
            return "is no public key"
        name, value = match[1].lower(), match[2]
        known = name in _WITH_VALUE if value is not None else name in _FLAGS
        if not known:
            return "has an option that sshd does not know, so it would ignore the line"
        position = match.end()
        if position < len(options):
            rest = options[position:].lstrip(",")  # sshd accepts more than one, also at the end
            if len(rest) == len(options) - position:
                return "is no public key"
            position = len(options) - len(rest)
    return ""


def _is_kind(word: str) -> bool:
    return word.removesuffix(_CERTIFICATE) in _CERTIFIED or word in _KINDS


def _unfit(word: str) -> str:
    if word in ("ssh-dss", "ssh-dss-cert-v01@openssh.com"):
        return "is a DSA key, which OpenSSH no longer accepts"
    return "is no public key"


def _read(  # noqa: PLR0911 - a reason each
    line: str, kind: str, body: str = "", comment: str = ""
) -> PublicKey | str:
    if any(ord(character) < ord(" ") and character != "\t" for character in line):
        return "has a control character in it"
    if "AAAA" in comment and any(f" {other} AAAA" in f" {comment}" for other in _KINDS):
        return "has two keys on it; put each on a line of its own"
    if kind.endswith(_CERTIFICATE):
        return "is a certificate; give the key itself, or its CA's with cert-authority"
    try:
        blob = b64decode(body, validate=True)
    except (Base64Error, ValueError):
        return "is cut off or changed: its key is no base64"
    fields = _fields(blob)
    if not fields or fields[0] != kind.encode():
        return "is cut off or changed: its key is not of the type it says"
    if complaint := _KINDS[kind](fields[1:]):
        return complaint
    return PublicKey(line, body)


def _fields(blob: bytes) -> list[bytes]:
    """
    Split a blob into its strings (RFC 4251 section 5); nothing for one that does not add up.
    """
    fields = []
    position = 0
    while position < len(blob):
        length = int.from_bytes(blob[position : position + 4], "big")
        position += 4
        if position + length > len(blob):
            return []
        fields.append(blob[position : position + length])
        position += length
    return fields


_CUT = "is cut off or changed: its key is incomplete"


def _ed25519(fields: list[bytes]) -> str:
    return "" if [len(field) for field in fields] == [_ED25519_BYTES] else _CUT


def _sk_ed25519(fields: list[bytes]) -> str:
    has_application = len(fields) == 2 and bool(fields[1])  # noqa: PLR2004 - key, application
    return _ed25519(fields[:1]) if has_application else _CUT


def _ecdsa(fields: list[bytes]) -> str:
    if len(fields) != 2:  # noqa: PLR2004 - curve, point
        return _CUT
    curve, point = fields
    return "" if len(point) == _CURVES.get(curve.decode("latin-1")) and point[:1] == b"\4" else _CUT


def _sk_ecdsa(fields: list[bytes]) -> str:
    has_application = len(fields) == 3 and bool(fields[2])  # noqa: PLR2004 - and application
    return _ecdsa(fields[:2]) if has_application else _CUT


def _rsa(fields: list[bytes]) -> str:
    if len(fields) != 2:  # noqa: PLR2004 - exponent, modulus
        return _CUT
    bits = int.from_bytes(fields[1], "big").bit_length()
    return "" if bits >= _RSA_BITS else f"is an RSA key of less than {_RSA_BITS} bits"


_KINDS = {
    "ssh-ed25519": _ed25519,
    "sk-ssh-ed25519@openssh.com": _sk_ed25519,
    "ecdsa-sha2-nistp256": _ecdsa,
    "ecdsa-sha2-nistp384": _ecdsa,
    "ecdsa-sha2-nistp521": _ecdsa,
    "sk-ecdsa-sha2-nistp256@openssh.com": _sk_ecdsa,
    "ssh-rsa": _rsa,
}

_CERTIFIED = {kind.removesuffix("@openssh.com") for kind in _KINDS}
