r"""
Public keys as strangers give them, and as sshd reads them: sshd(8), AUTHORIZED_KEYS FILE FORMAT.

Pure: text in, lines for authorized_keys and refusals out. Understood are CRLF, a lone CR, byte
order marks, a missing last newline and a literal \n between keys. A line that is no key is refused
by its number and a rule and never shown: it may be somebody's private key. Tested side by side with
sshd and ssh-keygen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from slipway.settings import key_blobs, key_options
from slipway.settings.key_blobs import KINDS


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
DSA = "is a DSA key, which OpenSSH no longer accepts"
CERTIFICATE = "is a certificate; give the key itself, or its CA's with cert-authority"
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

_PLAIN = r"(?s)([^ \t\"]+)[ \t]+([A-Za-z0-9+/]+={0,2})(?:[ \t]+(.*))?"
_OPTIONS = rf'((?:\\"|{key_options.QUOTED}|[^ \t"\\]|\\(?!"))+)[ \t]+'

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
    for number, line in enumerate(lines(text), start=1):
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


def expiry(line: str) -> str:
    """
    Return the value of a key's expiry-time; "" for none, and for a line that is no key.
    """
    found = _accepted(line.strip(" \t\r"))
    return "" if isinstance(found, str) else key_options.expiry(found[0])


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


def lines(text: str) -> list[str]:
    r"""
    Return the lines of a text, without blanks and marks around them; a literal \n ends one, too.
    """
    found = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        for part in _unfolded(line):
            stripped = part.strip(_BLANK)
            for mark in _MARKS:
                stripped = stripped.removeprefix(mark)
            found.append(stripped.lstrip(_BLANK))
    return found


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
    match = re.fullmatch(_PLAIN, line)
    if match is None or match[1] not in KINDS:
        prefix = re.match(_OPTIONS, line)
        if prefix is None:
            return _no_kind(line.partition(" ")[0])
        options = prefix[1]
        match = re.compile(_PLAIN).fullmatch(line, prefix.end())
        complaint = key_options.complaint(options)
        if complaint == key_options.NO_OPTION and (match is None or match[1] not in KINDS):
            return _no_kind(options)  # no key follows, so those are hardly options
        if complaint:
            return complaint
        if match is None or match[1] not in KINDS:
            return _no_kind("" if match is None else match[1])
    kind, blob, comment = match[1], match[2], match[3] or ""
    return key_blobs.complaint(kind, blob) or (options, blob, comment)


def _no_kind(word: str) -> str:
    """
    Say why a word names no type of key.
    """
    if word.startswith("ssh-dss"):
        return DSA
    if "-cert-v" in word:
        return CERTIFICATE
    return key_blobs.CUT if word in KINDS else NO_KEY
