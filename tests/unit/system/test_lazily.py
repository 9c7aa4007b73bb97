"""
Modules that are executed when they are used, and hashes without OpenSSL.
"""

from __future__ import annotations

import json

import pytest

from slipway.system.lazily import LAZY
from tests.unit.conftest import isolated

START = """
from slipway.system import lazily
lazily.install()
import sys
def waits(name):
    return type(sys.modules.get(name)) is lazily.Module
"""


def test_each_is_executed_when_it_is_used_and_not_before() -> None:
    """
    A second import is no use; an attribute is, and the module is the ordinary one then.
    """
    code = f"""{START}
import textwrap
import textwrap as again
print(waits("textwrap"), again is textwrap, textwrap.__name__)
print(textwrap.fill("a b", width=1).split(), waits("textwrap"), type(textwrap).__name__)
print(textwrap.__spec__.loader.__class__.__name__, textwrap.__file__.endswith("textwrap.py"))
"""

    assert isolated(code).splitlines() == [
        "True True textwrap",
        "['a', 'b'] False module",
        "SourceFileLoader True",
    ]


@pytest.mark.parametrize("name", sorted(LAZY))
def test_each_is_what_it_is_without_us(name: str) -> None:
    """
    By a name that is asked for, by names that are imported, and by all of them.
    """
    one = f"import json, sys, {name} as it; it.anything if False else None"
    told = "print(json.dumps(sorted(each for each in dir(it) if not each.startswith('__'))))"
    plain = json.loads(isolated(f"{one}\n{told}"))
    assert plain
    for use in (f"getattr(it, {plain[-1]!r})", f"from {name} import {plain[-1]}"):
        assert json.loads(isolated(f"{START}{one}\n{use}\n{told}")) == plain
    assert isolated(f"{START}from {name} import *\nprint(waits({name!r}))") == "False\n"


def test_what_is_not_there_is_not_there() -> None:
    """
    An attribute that the module has not is an AttributeError of its own, a name an ImportError.
    """
    code = f"""{START}
import html
try:
    html.nothing
except AttributeError as error:
    print(error)
try:
    from glob import nothing
except ImportError as error:
    print(str(error).partition(" (")[0])
import html.entities
print(html.entities.name2codepoint["amp"])
"""

    assert isolated(code).splitlines() == [
        "module 'html' has no attribute 'nothing'",
        "cannot import name 'nothing' from 'glob'",
        "38",
    ]


def test_a_start_executes_none_of_them() -> None:
    """
    Nor what it converges, nor supervisord; xmlrpc.client's names need two.
    """
    child = """
from slipway.commands import entrypoint
import sys
entrypoint.light_pyinfra.install()
from slipway.converge import here
from slipway.system import lazily
import json
print(json.dumps([each for each in lazily.LAZY if type(sys.modules.get(each)) not in
    (lazily.Module, type(None))]))
"""
    parent = child.replace("entrypoint.light_pyinfra.install()", "").replace(
        "slipway.converge import here", "slipway.services import supervisord"
    )

    assert json.loads(isolated(child)) == []
    assert set(json.loads(isolated(parent))) <= {"datetime", "gzip", "html"}


def test_hashes_are_pythons_own_and_what_only_openssl_has_is_there() -> None:
    """
    The sums are the same.
    """
    code = f"""{START}
import hashlib
print("_hashlib" in sys.modules, hashlib.sha256(b"x").hexdigest()[:8], hashlib.sha1(b"").name)
print(hashlib.new("sha512", b"x").hexdigest()[:8], hashlib.blake2b(b"x").hexdigest()[:8])
from hashlib import pbkdf2_hmac
print(pbkdf2_hmac("sha256", b"a", b"b", 1).hex()[:8], hashlib.scrypt.__name__)
import hmac
print(hmac.new(b"k", b"m", "sha256").hexdigest()[:8])
try:
    hashlib.nothing
except AttributeError as error:
    print(error)
"""
    told = isolated(code).splitlines()
    plain = isolated(code.replace("lazily.install()", "")).splitlines()

    assert told[0] == "False 2d711642 sha1"
    assert told[1:4] == plain[1:4]
    assert "nothing" in told[4]
