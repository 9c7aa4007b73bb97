"""
Extensions are found, read and ordered; what is wrong with one costs it and who requires it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.environment import extensions
from slipway.settings.variables import VARIABLES

IMPORTS = "from slipway.extension import *\n"


def extension(place: Path, name: str, declaration: str | bytes | None = None) -> Path:
    directory = place / name
    directory.mkdir()
    if declaration is not None:
        content = (
            declaration
            if isinstance(declaration, bytes)
            else f"{IMPORTS}EXTENSION = Extension({declaration})\n".encode()
        )
        (directory / "extension.py").write_bytes(content)
    return directory


def order(place: Path) -> list[str]:
    return [each.name for each in extensions.read(place).found]


def test_no_directory_is_no_extension(tmp_path: Path) -> None:
    """
    An image without extensions has our variables and nothing else.
    """
    read = extensions.read(tmp_path / "none")

    assert (read.found, read.problems) == ((), ())
    assert read.variables == VARIABLES


def test_everything_in_an_extension_is_optional(tmp_path: Path) -> None:
    """
    An empty directory is one; its name is its title.
    """
    extension(tmp_path, "demo")
    (found,) = extensions.read(tmp_path).found

    assert (found.title, found.declared.variables) == ("demo", ())


def test_files_and_hidden_directories_are_none(tmp_path: Path) -> None:
    """
    What an editor or a version control leaves is left alone.
    """
    (tmp_path / "notes.txt").touch()
    (tmp_path / ".git").mkdir()

    assert extensions.read(tmp_path) == extensions.Extensions()


@pytest.mark.parametrize(
    ("requires", "expected"),
    [
        ({"a": [], "b": [], "c": []}, ["a", "b", "c"]),
        ({"a": ["c"], "b": [], "c": []}, ["b", "c", "a"]),
        ({"a": ["b"], "b": ["c"], "c": []}, ["c", "b", "a"]),
        ({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}, ["d", "b", "c", "a"]),
        ({"a": ["z", "z"], "z": []}, ["z", "a"]),
    ],
)
def test_what_is_required_comes_first(
    tmp_path: Path, requires: dict[str, list[str]], expected: list[str]
) -> None:
    """
    Else the order is that of the names.
    """
    for name, needed in requires.items():
        extension(tmp_path, name, f"requires={needed!r}")

    assert order(tmp_path) == expected


@pytest.mark.parametrize(
    ("requires", "left", "said"),
    [
        ({"a": ["a"], "b": []}, ["b"], {"a": "requires itself: a -> a"}),
        (
            {"a": ["b"], "b": ["a"], "c": []},
            ["c"],
            {"a": "requires itself: a -> b -> a", "b": "requires itself: b -> a -> b"},
        ),
        (
            {"a": ["b"], "b": ["c"], "c": ["b"], "d": []},
            ["d"],
            {
                "a": "requires b, which is left out",
                "b": "requires itself: b -> c -> b",
                "c": "requires itself: c -> b -> c",
            },
        ),
        (
            {"a": ["nope"], "b": ["a"], "c": []},
            ["c"],
            {
                "a": "requires nope, which this image does not have or can't read",
                "b": "requires a, which is left out",
            },
        ),
    ],
)
def test_a_circle_or_something_missing_is_refused_by_name(
    tmp_path: Path, requires: dict[str, list[str]], left: list[str], said: dict[str, str]
) -> None:
    """
    The others are there.
    """
    for name, needed in requires.items():
        extension(tmp_path, name, f"requires={needed!r}")
    read = extensions.read(tmp_path)

    assert [each.name for each in read.found] == left
    assert {each.extension: each.why for each in read.problems} == said


# A declaration that is wrong, and what is said of it besides the file
WRONG: dict[str, tuple[str | bytes, str]] = {
    "syntax": (b"EXTENSION = (\n", "line 1: '(' was never closed"),
    "indent": (b"x = 1\n  y = 2\n", "line 2: unexpected indent"),
    "name": (b"\n\nboom\n", "line 3: NameError: name 'boom' is not defined"),
    "import": (b"import nowhere\n", "line 1: ModuleNotFoundError: No module named 'nowhere'"),
    "ends": (b"import sys\nsys.exit(3)\n", "line 2: SystemExit: 3"),
    "asserts": (b"assert False\n", "line 1: AssertionError: no reason was given"),
    "deep": (b"def f(): f()\nf()\n", "RecursionError"),
    "for ever": (b"while True: pass\n", "TimeoutError: takes more than"),
    "sleeps": (b"import time\ntime.sleep(99)\n", "TimeoutError: takes more than"),
    "bytes": (b"x = '\xff\xfe'\n", "extension.py"),
    "zeros": (b"\0\0", "extension.py"),
    "nothing in it": (b"", "has no EXTENSION = Extension(...)"),
    "another thing": (b"EXTENSION = 'Demo'\n", "has no EXTENSION = Extension(...)"),
    "the class": (
        b"from slipway.extension import Extension\nEXTENSION = Extension\n",
        "has no EXTENSION = Extension(...)",
    ),
    "an unknown option": ("ttle='Demo'", "line 2: TypeError"),
    "title": ("title=3", "line 2: title must be a text"),
    "requires": ("requires='python'", "line 2: requires must be a list of names"),
    "variables": ("variables=['PORT']", "line 2: variables must be a list of Variable"),
    "no meaning": ("variables=[Variable('D', port)]", "meaning"),
    "twice": (
        "variables=[Variable('D', text, meaning='m'), Variable('D', text, meaning='m')]",
        "line 2: variable D: is declared twice",
    ),
    "bad name": (
        "variables=[Variable('1D', text, meaning='m')]",
        "variable 1D: must have a name of letters, digits and _",
    ),
    "dash": ("variables=[Variable('A-B', text, meaning='m')]", "variable A-B: must have a name"),
    "taken": ("variables=[Variable('SLIPWAY_X', text, meaning='m')]", "these are taken"),
    "rclone's": ("variables=[Variable('RCLONE_X', text, meaning='m')]", "these are taken"),
    "a default of another type": (
        "variables=[Variable('D', port, default=80, meaning='m')]",
        "variable D: its default must be a text, as the environment has it, not 80",
    ),
    "a default that breaks the rule": (
        "variables=[Variable('D', port, default='0', meaning='m')]",
        "variable D: its default must be a port, 1 to 65535",
    ),
    "no default": (
        "variables=[Variable('D', port, meaning='m')]",
        "variable D: its default must be a port, 1 to 65535",
    ),
    "no rule": ("variables=[Variable('D', 'port', meaning='m')]", "must have a rule, port or text"),
    "a rule that breaks": (
        "variables=[Variable('D', lambda given: 1 / 0, meaning='m')]",
        "variable D: its default breaks its rule <lambda> (ZeroDivisionError)",
    ),
    "ours": (
        "variables=[Variable('WORKSPACE', path, default='/x', meaning='m')]",
        "variable WORKSPACE: is Slipway's already",
    ),
    "defaults of nobody's": ("defaults={'NOPE': '1'}", "defaults: NOPE is no variable of"),
    "defaults that break the rule": (
        "defaults={'SKIP_ACL': 'perhaps'}",
        "defaults: SKIP_ACL: its default must be true or false",
    ),
    "defaults of another type": ("defaults={'SKIP_ACL': True}", "defaults must map names to texts"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_costs_only_itself(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    It is named with file and line where it has one; the extension beside it is there.
    """
    monkeypatch.setattr(extensions, "PATIENCE", 0.2)
    declaration, said = WRONG[kind]
    extension(tmp_path, "wrong", declaration)
    extension(tmp_path, "sound", "variables=[Variable('SOUND', text, meaning='m')]")
    read = extensions.read(tmp_path)
    (problem,) = read.problems

    assert order(tmp_path) == ["sound"]
    assert problem.extension == "wrong"
    assert said in problem.why
    if problem.what == "read extension.py":
        assert problem.why.startswith(f"{tmp_path}/wrong/extension.py")
    assert [each.name for each in read.variables if each not in VARIABLES] == ["SOUND"]


def test_a_directory_in_the_declarations_place_is_named(tmp_path: Path) -> None:
    """
    A COPY of the wrong thing makes one.
    """
    extension(tmp_path, "demo")
    (tmp_path / "demo/extension.py").mkdir()
    (problem,) = extensions.read(tmp_path).problems

    assert problem.why == f"{tmp_path}/demo/extension.py: Is a directory"


@pytest.mark.parametrize("name", ["Demo", "de mo", "-x", "_x", "ü", "a" * 64])
def test_a_name_that_can_be_none_is_refused(tmp_path: Path, name: str) -> None:
    """
    Names are words of commands and of reports.
    """
    extension(tmp_path, name)
    read = extensions.read(tmp_path)

    assert read.found == ()
    assert "must be named with small letters" in read.problems[0].why


def test_a_later_default_holds(tmp_path: Path) -> None:
    """
    Of ours and of what it requires, without declaring the variable again.
    """
    extension(tmp_path, "base", "variables=[Variable('D', port, default='1', meaning='m')]")
    extension(tmp_path, "more", "requires=['base'], defaults={'D': '2', 'WORKSPACE': '/data'}")
    defaults = {each.name: each.default for each in extensions.read(tmp_path).variables}

    assert (defaults["D"], defaults["WORKSPACE"]) == ("2", "/data")


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("defaults={'D': '2'}", "defaults: D is no variable of Slipway's or of what it requires"),
        (
            "variables=[Variable('D', port, default='2', meaning='m')]",
            "variable D: is one's already",
        ),
    ],
)
def test_anothers_variable_is_left_alone(tmp_path: Path, second: str, said: str) -> None:
    """
    Two that know nothing of each other can't both have it; who requires the other may.
    """
    extension(tmp_path, "one", "variables=[Variable('D', port, default='1', meaning='m')]")
    extension(tmp_path, "two", second)
    read = extensions.read(tmp_path)

    assert [each.name for each in read.found] == ["one"]
    assert said in read.problems[0].why


def test_who_requires_what_has_no_variables_has_none_either(tmp_path: Path) -> None:
    """
    It would run without what it builds on.
    """
    extension(tmp_path, "one", "defaults={'NOPE': '1'}")
    extension(tmp_path, "two", "requires=['one']")
    read = extensions.read(tmp_path)

    assert read.found == ()
    assert read.problems[1].why == "requires one, which is left out"


def test_requires_counts_however_indirectly(tmp_path: Path) -> None:
    """
    Who stands on something stands on what is below it.
    """
    extension(tmp_path, "a")
    extension(tmp_path, "b", "requires=['a']")
    extension(tmp_path, "c", "requires=['b']")
    read = extensions.read(tmp_path)

    assert read.requires("c", "a")
    assert not read.requires("a", "c")
