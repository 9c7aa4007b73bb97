"""
What the venv goes without, and that the lists of it stay true.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

from assembly import prune
from slipway.facts.python import normalized

ROOT = Path(__file__).parents[3]


def _names(text: str) -> set[str]:
    found = (re.match(r"[A-Za-z0-9][\w.-]*", line) for line in text.splitlines())
    return {normalized(each[0]) for each in found if each}


def test_what_is_left_out_is_locked_and_none_of_our_own_requirements() -> None:
    """
    A name that `make lock` has dropped is no longer worth a line.
    """
    left_out = _names((ROOT / "assembly/left-out.txt").read_text())

    assert left_out <= _names((ROOT / "requirements.lock").read_text())
    assert not left_out & _names((ROOT / "requirements.in").read_text())


def test_tests_of_packages_and_lexers_are_superfluous(tmp_path: Path) -> None:
    """
    Directories of that name, and whatever pytest does not colour with; a module of the name stays.
    """
    for name in (
        "zope/interface/tests/deep/tests/a.py",
        "gevent/testing/a.py",
        "jinja2/tests.py",
        "click/testing.py",
        "pygments/lexers/python.py",
        "pygments/lexers/cobol.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    for path in list(prune.superfluous(tmp_path)):
        prune.remove(path)

    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.py")}
    assert left == {"jinja2/tests.py", "click/testing.py", "pygments/lexers/python.py"}


def test_byte_code_is_the_same_whenever_it_is_made(tmp_path: Path) -> None:
    """
    It has no time in it, and is not compared with the source.
    """
    source = tmp_path / "module.py"
    source.write_text("answer = 42\n")
    made = []
    for time in (1, 2_000_000_000):
        os.utime(source, (time, time))
        prune.compile_all(tmp_path)
        (compiled,) = tmp_path.rglob("*.pyc")
        made.append(compiled.read_bytes())
        compiled.unlink()

    assert made[0] == made[1]
    assert made[0][4:8] == b"\x01\0\0\0"  # PEP 552: by hash, unchecked


def test_lean_byte_code_is_the_one_that_python_takes(tmp_path: Path) -> None:
    """
    Without docstrings, by hash, and under the name that every Python looks for.
    """
    source = tmp_path / "lean.py"
    source.write_text('"""A line."""\n\n\ndef said():\n    """Another."""\n    return 4\n')
    prune.compile_all(tmp_path, lean=True)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import lean; print(lean.said.__doc__, lean.said())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True
    )
    (compiled,) = tmp_path.rglob("*.pyc")

    assert done.stdout == "None 4\n"
    assert compiled.read_bytes()[4:8] == b"\x01\0\0\0"


def test_pyinfra_is_imported_with_the_stand_in_and_ssh_says_what_is_missing() -> None:
    """
    Its command line imports the SSH connector, whoever uses that one is told.
    """
    code = (
        f"import sys; sys.path.insert(0, {str(prune.STAND_INS)!r})\n"
        "import pyinfra_cli.main, pyinfra.connectors.ssh as ssh, paramiko\n"
        "assert paramiko.__file__.startswith(sys.path[0])\n"
        "assert 'cryptography' not in sys.modules\n"
        "try:\n    ssh.SSHClient()\n"
        "except ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert "paramiko is not in Slipway's venv" in done.stdout, done.stderr


def test_what_must_be_importable_exists() -> None:
    """
    A package that is no longer required would end the build with another message.
    """
    assert [name for name in prune.USED if importlib.util.find_spec(name) is None] == []
