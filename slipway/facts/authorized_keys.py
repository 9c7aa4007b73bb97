"""
authorized_keys, byte for byte: other people's lines are kept as they are.
"""

from __future__ import annotations

from base64 import b64decode
from typing import NamedTuple

from pyinfra.api import FactBase, QuoteString, StringCommand


class KeyFile(NamedTuple):
    """
    A file of public keys: what it holds, and how it is protected.
    """

    content: bytes
    mode: str  # octal: "600"; "" where no file is
    user: str


class KeyFiles(FactBase[dict[str, KeyFile]]):
    """
    Returns content, mode and owner of several files; paths that are no regular file are left out.
    """

    default = dict

    def command(self, paths: list[str]) -> StringCommand:
        """Print each file that is there in base64, so that no byte is lost on the way."""
        words = map(QuoteString, paths)
        script = (
            '; do [ -f "$path" ] && stat -L -c "%a %U %n" -- "$path" '
            '&& base64 -w0 -- "$path" && echo; done; true'
        )
        return StringCommand("for path in", *words, script)

    def process(self, output: list[str]) -> dict[str, KeyFile]:
        """Take the lines in pairs."""
        files = {}
        for head, body in zip(output[::2], output[1::2], strict=True):
            mode, user, path = head.split(" ", 2)
            files[path] = KeyFile(b64decode(body), mode, user)
        return files
