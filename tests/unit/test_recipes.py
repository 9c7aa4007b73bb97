"""
What CONTRIBUTING's recipes have somebody write in a second place: a failure names the file to edit.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from slipway.contract.paths import PROJECT, own_program_names
from slipway.remotes.mounted.rclone import command
from slipway.settings.rclone_variables import is_refused_for_mounts
from slipway.settings.variable import Variable
from slipway.settings.variables import Settings
from tasks.packages import PACKAGES
from tasks.services import RUNNING

SPECS = PROJECT / "tests/image"
MUTATIONS = PROJECT / "tests/live/test_specs.py"
PROGRAMS = "files/etc/supervisor/conf.d"
# The variables that Compose passes, with comments between
COMPOSE = re.findall(
    r"^      (\w+): ",
    (PROJECT / "docker-compose.yaml")
    .read_text()
    .partition("    environment:\n")[2]
    .partition("    env_file:\n")[0],
    re.MULTILINE,
)
DECLARED = [each for each in vars(Settings).values() if isinstance(each, Variable)]
KEYS = {"ssh_pubkey", "public_key", "ssh_public_key"}  # three names of one thing: Settings.keys


def source(*folders: str) -> str:
    """
    Return all the code of some folders, but for the declarations of the variables.
    """
    files = (file for folder in folders for file in sorted((PROJECT / folder).rglob("*.py")))
    return "\n".join(file.read_text() for file in files if file.name != "variables.py")


def declared(folder: str, mark: str) -> Iterator[tuple[Path, str]]:
    """
    Go through the classes and functions of a package that have a base or a decorator.
    """
    for file in sorted((PROJECT / folder).glob("*.py")):
        for node in ast.parse(file.read_text()).body:
            marks = getattr(node, "bases", []) + getattr(node, "decorator_list", [])
            if any(ast.unparse(each).startswith(mark) for each in marks):
                yield file, node.name  # type: ignore[attr-defined]  # it has bases or decorators


def called(*folders: str) -> set[tuple[str, str]]:
    """
    Return what the code of some folders calls: the module's name as imported, and the function's.
    """
    found = set()
    for file in (file for folder in folders for file in (PROJECT / folder).rglob("*.py")):
        nodes = list(ast.walk(ast.parse(file.read_text())))
        imports = [
            each for node in nodes if isinstance(node, ast.ImportFrom) for each in node.names
        ]
        modules = {each.asname or each.name: each.name for each in imports}
        found |= {
            (modules.get(node.func.value.id, ""), node.func.attr)
            for node in nodes
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
        }
    return found


def constants(file: Path, name: str = "") -> set[str]:
    """
    Return the texts that stand in a Python file, or in what one of its names is.
    """
    top = ast.parse(file.read_text()).body
    nodes = [node for node in top if not name or name in map(ast.unparse, targets(node))]
    assert nodes, f"{file.relative_to(PROJECT)} has no {name}"
    return {
        node.value
        for above in nodes
        for node in ast.walk(above)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def targets(node: ast.stmt) -> list[ast.expr]:
    """
    Return what a statement gives a value, with an annotation or without.
    """
    if isinstance(node, ast.AnnAssign):
        return [node.target]
    return node.targets if isinstance(node, ast.Assign) else []


def test_each_package_has_its_spec() -> None:
    """
    A spec says what has to be true by itself, so it has a list of its own.
    """
    specified = constants(SPECS / "test_packages.py", "PACKAGES")

    lacking = set(PACKAGES) - specified
    assert not lacking, f"tests/image/test_packages.py: PACKAGES lacks {sorted(lacking)}"
    lacking = specified - set(PACKAGES)
    assert not lacking, f"tasks/packages.py: PACKAGES lacks {sorted(lacking)}"


def test_each_spec_is_broken_once() -> None:
    """
    A spec that nobody has seen fail may hold for everything.
    """
    broken = constants(MUTATIONS, "MUTATIONS") | constants(MUTATIONS, "IMAGE_MUTATIONS")
    specs = {
        name
        for file in SPECS.glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)
    }
    unbroken = {
        spec
        for spec in specs
        if not any(word.startswith("test_") and spec.startswith(word) for word in broken)
    }

    assert not unbroken, f"tests/live/test_specs.py: MUTATIONS breaks nothing for {unbroken}"


def test_what_is_broken_is_a_spec() -> None:
    """
    A mutation without its spec waits for one that nobody has written.
    """
    for table in ("MUTATIONS", "IMAGE_MUTATIONS"):
        for word in constants(MUTATIONS, table):
            if re.fullmatch(r"test_\w+", word):
                is_there = any(f"def {word}" in file.read_text() for file in SPECS.glob("*.py"))
                assert is_there, f"tests/image/: no module has the spec {word}, which {table} names"


def test_each_service_has_its_spec_and_is_kept_running() -> None:
    """
    The spec names it, a convergence starts it where it does not run, and a mutation stops it.
    """
    specified = constants(SPECS / "test_services.py", "RUNNING")
    starting = {
        name
        for name in own_program_names()
        if "autostart=true" in (PROJECT / PROGRAMS / f"{name}.conf").read_text()
    }
    mutations = constants(MUTATIONS, "MUTATIONS")
    stopped = {
        found[1]
        for text in mutations
        if (found := re.fullmatch(r"supervisorctl stop (\S+)", text)) and found[1] != "sshd"
    }

    for program in starting | specified | set(RUNNING) | stopped:
        assert program in starting, (
            f"{PROGRAMS}/{program}.conf is to have {program}, autostart=true"
        )
        assert program in specified, f"tests/image/test_services.py: RUNNING lacks {program}"
        assert program in RUNNING, f"tasks/services.py: RUNNING lacks {program}"
        stop = f"supervisorctl stop {program}"
        assert stop in mutations, f"tests/live/test_specs.py: MUTATIONS lacks {stop!r}"


def test_each_variable_that_compose_passes_is_declared() -> None:
    """
    What nobody declares is read by nobody.
    """
    names = {each.name for each in DECLARED}

    for name in COMPOSE:
        assert name in names, f"slipway/settings/variables.py: no declaration of {name}"


@pytest.mark.parametrize("variable", DECLARED, ids=lambda each: each.name)
def test_each_variable_is_passed_used_and_tried(variable: Variable[object]) -> None:
    """
    Compose passes it, something reads it, and a spec asks for it or a test gives it.
    """
    name, field = variable.name, "keys" if variable.field in KEYS else variable.field
    example = re.findall(r"^#(\w+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE)
    used = re.compile(rf'[sS]ettings\.{field}\b|"{name}"')

    assert name in COMPOSE, f"docker-compose.yaml: its environment lacks {name}"
    assert name in {*example, "SLIPWAY_SSH_ADDRESS"}, f".env.example lacks #{name}="
    assert used.search(source("tasks", "slipway")), f"tasks/: nothing reads settings.{field}"
    assert used.search(source("tests")), f"tests/image/: no spec asks for settings.{field}"


def test_each_fact_is_tried() -> None:
    """
    What it prints elsewhere goes through its `process`.
    """
    tests = source("tests/unit/facts")

    for file, name in declared("slipway/facts", "FactBase"):
        module = f"tests/unit/facts/test_{file.name}"
        assert re.search(rf"\b{name}\b", tests), f"{module}: nothing tries {name}"


def test_each_operation_is_tried_and_used() -> None:
    """
    A unit test feeds it, and a task or an image of ours calls it.
    """
    tests = source("tests/unit/operations")
    calls = called("tasks", "images")

    for file, name in declared("slipway/operations", "operation("):
        module = f"tests/unit/operations/test_{file.name}"
        assert f"{file.stem}.{name}" in tests, f"{module}: nothing tries {file.stem}.{name}"
        assert (file.stem, name) in calls, f"tasks/: nothing calls {file.stem}.{name}"


def test_each_rule_is_expected_somewhere() -> None:
    """
    Its words are those that a user reads.
    """
    tests = "\n".join(
        str(node.value)
        for file in sorted((PROJECT / "tests/unit").rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant)
    )

    for file in sorted((PROJECT / "slipway/settings").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Refused":
                rule = pattern(node.args[0])
                module = f"tests/unit/settings/test_{file.name}"
                assert re.search(rule, tests), f"{module}: no test expects {ast.unparse(node)}"


def test_each_rule_is_of_a_variable() -> None:
    """
    Of one of ours, or extended images may name it.
    """
    rules = PROJECT / "slipway/settings/rules.py"
    users = [file for file in rules.parent.glob("*.py") if file != rules]
    nodes = [
        node
        for file in [*users, PROJECT / "slipway/extension.py"]
        for node in ast.walk(ast.parse(file.read_text()))
    ]
    named = {
        getattr(node, key)
        for node, key in product(nodes, ("name", "attr", "id"))
        if hasattr(node, key)
    }

    for node in ast.parse(rules.read_text()).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            message = f"slipway/settings/variables.py: no declaration has rules.{node.name}"
            assert node.name in named, message


def pattern(text: ast.expr) -> str:
    """
    Return what matches a text of the code, whatever is put in; everything for a name's text.
    """
    if isinstance(text, ast.JoinedStr):
        return "".join(map(pattern, text.values))
    return re.escape(str(text.value)) if isinstance(text, ast.Constant) else ".*"


def test_each_option_of_a_mount_is_refused_as_a_variable() -> None:
    """
    What our command sets, a variable of the user's must not set otherwise.
    """
    words = command("x", Path("/x"), cache=Path("/cache"), mode="full", socket=Path("/socket"))
    options = [word for word in words[words.index("mount") :] if word.startswith("--")]
    variables = [f"RCLONE_{word[2:].upper().replace('-', '_')}" for word in options]
    lacking = [name for name in variables if not is_refused_for_mounts(name)]

    assert len(options) > 2
    assert not lacking, f"slipway/settings/rclone_variables.py: _MOUNT_OPTIONS lacks {lacking}"

    tried = constants(PROJECT / "tests/unit/settings/test_rclone_variables.py")
    told = (PROJECT / "docs/remotes.md").read_text().partition("## Options")[2]
    for name in tried:
        if is_refused_for_mounts(name) and not name.startswith("RCLONE_DAEMON"):  # which it is not
            assert name in variables, f"slipway/remotes/mounted/rclone.py: command lacks {name}"
    for name in variables:
        if not name.startswith("RCLONE_RC_"):  # all of these
            assert name in tried, f"tests/unit/settings/test_rclone_variables.py lacks {name}"
            assert f"`{name}`" in told, f"docs/remotes.md: its section Options lacks `{name}`"
