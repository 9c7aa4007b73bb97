"""
Facts answered by one process without pyinfra: the same commands, and the same answers.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
import textwrap
from typing import Any

import pytest
from pyinfra.api import FactBase

from slipway import facts
from slipway.connectors.native import Inside
from slipway.contract.paths import PROJECT
from slipway.facts import answers
from slipway.facts.git import GitVersion
from tests.unit.conftest import isolated
from tests.unit.facts.conftest import ODD

# Arguments by their annotation
GIVEN = {
    "str": "/a 'b'",
    "list[str]": ODD,
    "Sequence[str]": ("/tmp", "/x \udcff"),
    "int": 2222,
    "bool": False,
}


def every_fact() -> list[type[FactBase[Any]]]:
    """
    Return all facts of ours.
    """
    names = [each.name for each in pkgutil.iter_modules(facts.__path__)]
    modules = [importlib.import_module(f"{facts.__name__}.{name}") for name in names]
    return [
        each
        for module in modules
        for each in vars(module).values()
        if isinstance(each, type)
        and issubclass(each, FactBase)
        and each.__module__ == module.__name__
    ]


def command(fact: type[FactBase[Any]]) -> tuple[Any, dict[str, Any]]:
    """
    Return a fact's command, and the arguments that it is for.

    The source has the annotations; an image's byte-code has none.
    """
    source = ast.parse(textwrap.dedent(inspect.getsource(fact.command)))
    of_source = next(each for each in ast.walk(source) if isinstance(each, ast.FunctionDef)).args
    given = {
        each.arg: GIVEN[ast.unparse(each.annotation)]
        for each in (*of_source.args, *of_source.kwonlyargs)
        if each.annotation
    }
    return fact().command(**given), given


def question(fact: type[FactBase[Any]], **changed: Any) -> list[Any]:
    """
    Return what a process is asked for a fact.
    """
    said, given = command(fact)
    module = fact.__module__.removeprefix(answers.PACKAGE)
    asked = {"module": module, "name": fact.__name__, "arguments": given}
    return [*(asked | {"digest": answers.digest(said.get_raw_value())} | changed).values()]


def answered(*questions: list[Any]) -> bytes:
    """
    Return what a process answers.
    """
    code = f"import sys; sys.path.append({str(PROJECT)!r}); from slipway.facts import answers; "
    words = [sys.executable, "-I", "-S", "-c", code + "answers.main(sys.argv[1])"]
    done = subprocess.run([*words, json.dumps(questions)], check=True, capture_output=True)
    assert done.stderr == b""
    return done.stdout


INSIDE = [fact for fact in every_fact() if isinstance(command(fact)[0], Inside)]


def test_there_are_facts_that_a_process_answers() -> None:
    """
    Else the tables below hold nothing.
    """
    assert len(INSIDE) > 20


@pytest.mark.parametrize("fact", INSIDE, ids=lambda fact: str(fact.__name__))
def test_a_fact_is_answered_as_it_is_within(fact: type[FactBase[Any]]) -> None:
    """
    Its command reads the same without pyinfra, whatever is in its arguments.
    """
    said, _ = command(fact)
    done = said.act()
    head, _, rest = answered(question(fact)).partition(b"\n")

    assert head != b"-"
    assert rest.endswith(answers.END)
    if fact.__name__ not in ("ContainerLimits", "Mounts"):  # other programs change these
        assert list(map(int, head.split())) == [done.code, len(done.stdout), len(done.stderr)]
        assert rest == done.stdout + done.stderr + answers.END


def test_what_is_asked_otherwise_stays_unanswered() -> None:
    """
    Another version's command, a fact that is not there, one that only a shell answers, and
    arguments that it does not take. The others are answered.
    """
    (mounts,) = (fact for fact in INSIDE if fact.__name__ == "Mounts")
    questions = [
        question(mounts, digest=answers.digest("cat /proc/mounts")),
        question(mounts, digest=None),
        question(mounts, name="Nothing"),
        question(mounts, name="Mount"),
        question(mounts, name="functools"),
        question(mounts, module="nothing"),
        question(mounts, module="../mounts"),
        question(mounts, module="mounts", arguments={"path": "/"}),
        question(mounts, arguments=[]),
        ["git", "GitVersion", {}, answers.digest(GitVersion().command())],
    ]

    assert answered(*questions) == answers.NONE * len(questions) + answers.END
    assert answered() == answers.END
    both = answered(*questions[:1], question(mounts))
    assert both.startswith(answers.NONE + b"0 ")
    assert b" / / " in both


def test_little_is_imported() -> None:
    """
    It is started in each container of a fleet. Who has no key needs more: sshd's configuration.
    """
    rare = {"SshdPorts", "HasOtherKeys"}
    questions = json.dumps([question(fact) for fact in INSIDE if fact.__name__ not in rare])
    code = f"""
import os, sys
from slipway.facts import answers
os._exit = lambda code: None
answers.main({questions!r})
print()
print(*(name for name in sys.modules if sys.modules[name]))
"""
    loaded = set(isolated(code).splitlines()[-1].split())

    assert {"slipway.facts.files", "slipway.facts.supervisor"} <= loaded
    heavy = {"gevent", "argparse", "http.client", "xmlrpc.client", "pyinfra.api.host"}
    assert heavy & loaded == set()
