"""
Facts of this container, answered by one process for whoever asks from outside.

A shell starts a process or more for each of them. Here a fact is answered in its other form
(slipway.connectors.native), where the asker's own command for it is word for word the same: then
both mean the same by it, whichever version of Slipway each has. He runs the commands of all others.

pyinfra costs more to import than the shells do to run. A fact needs three nouns of it, which are
stood in for: tests/unit/facts/test_answers.py holds every fact's command against the real ones.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import shlex
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

from slipway.system import lazily

PACKAGE = "slipway.facts."
NONE, END = b"-\n", b".\n"  # in place of an answer, and after the last


class FactBase:
    """
    pyinfra's, as far as a fact is built on it.
    """

    def __class_getitem__(cls, _of: object) -> type:
        return cls


class QuoteString:
    """
    A word of a command, whatever it holds.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def get_raw_value(self) -> str:
        """Return it quoted."""
        return shlex.quote(self._text)


class StringCommand:
    """
    A command made of words.
    """

    def __init__(self, *bits: Any) -> None:
        self._bits = bits

    def get_raw_value(self) -> str:
        """Return it as a shell takes it."""
        raw = (each if isinstance(each, str) else each.get_raw_value() for each in self._bits)
        return " ".join(raw)


def main(request: str) -> None:
    """
    Print the answers to questions, and end: [MODULE, FACT, ARGUMENTS, DIGEST] each, as JSON.
    """
    gc.disable()  # there is nothing to collect in what it takes to answer
    _stand_in()
    importlib.import_module("slipway.system.bounded_files").keep_list()
    answers = [_answer(*question) for question in json.loads(request)]
    with contextlib.suppress(OSError):  # nobody reads any more
        sys.stdout.buffer.write(b"".join([*answers, END]))
        sys.stdout.buffer.flush()
    os._exit(0)  # there is nothing to take apart


def digest(command: str) -> str:
    """
    Return what stands for a command in a question.
    """
    from hashlib import sha256  # noqa: PLC0415 - once it is decided which one

    return sha256(command.encode(errors="surrogateescape")).hexdigest()[:32]


def _stand_in() -> None:
    lazily.install()
    modules: dict[str, dict[str, Any]] = {
        "urllib": {"__path__": []},
        "urllib.parse": {"quote_from_bytes": None},  # for pathlib, which hardly ever needs it
        "pyinfra": {},
        "pyinfra.api": {each.__name__: each for each in (FactBase, QuoteString, StringCommand)},
        "pyinfra.context": {"ctx_host": SimpleNamespace(isset=lambda: False)},
    }
    for name, nouns in modules.items():
        sys.modules[name] = module = ModuleType(name)
        vars(module).update(nouns)


def _answer(module: str, name: str, arguments: dict[str, Any], asked: str) -> bytes:
    """
    Return a fact's code, the lengths of both outputs, and these; NONE for who has to ask otherwise.
    """
    try:
        fact = getattr(importlib.import_module(PACKAGE + module), name)()
        command = fact.command(**arguments)
        if not hasattr(command, "act") or digest(command.get_raw_value()) != asked:
            return NONE
        done = command.act()
    except Exception:  # noqa: BLE001 - its command will say what is wrong
        return NONE
    head = f"{done.code} {len(done.stdout)} {len(done.stderr)}\n".encode()
    return b"".join([head, done.stdout, done.stderr])
