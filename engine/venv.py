"""
The developer's virtual environment, from the lock.
"""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from engine import packages
from engine.commands import Failure, ask, run

if TYPE_CHECKING:
    from engine.project import Project
    from engine.steps import Step

LOCK = "requirements-dev.lock"
OLDEST = (3, 10)  # as pyproject.toml says; `make up` itself makes do with 3.9


def ensure(project: Project, step: Step) -> None:
    """
    Make `.venv`, and bring it to the lock.
    """
    if sys.version_info < OLDEST:
        raise Failure("The tests need Python 3.10 or later: make test PYTHON=python3.11, say")
    if ask([sys.executable, "-c", "import ensurepip, venv"]).code != 0:
        packages.install(
            project, step, why="Python's venv module is missing", required=["python3-venv"]
        )
    log = project.log("venv")
    log.unlink(missing_ok=True)
    folder = project.root / ".venv"
    python = str(folder / "bin" / "python")
    if folder.exists() and ask([python, "-m", "pip", "--version"]).code != 0:
        shutil.rmtree(folder)  # its Python is gone, or it was made halfway
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--no-input"]
    # fmt: off
    for words in (
        [sys.executable, "-m", "venv", str(folder)],
        [*pip, "--require-hashes", "--only-binary", ":all:", "-r", LOCK],
        [*pip, "--no-deps", "--no-build-isolation", "--editable", "."],
    ):
        # fmt: on
        step.doing(" ".join(words[1:4]))
        code = run(
            words, log=log, environment=project.environment, cwd=project.root, on_line=step.doing
        )
        if code != 0:
            raise Failure(f".venv could not be made from {LOCK}: mend what the log names", log)
    (folder / ".stamp").touch()  # what make goes by
    step.did(".venv has what the lock says")
