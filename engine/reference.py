"""
The parts of docs/extending.md that repeat the code: images/minimal, and the operations' docstrings.

    .venv/bin/python -m engine.reference [--check]
"""

from __future__ import annotations

import inspect
import re
import sys
from typing import TYPE_CHECKING, Any

from engine import marked
from slipway import extension
from slipway.operations import directories, files, links, packages, python, secret, service
from slipway.system import markdown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

DOCUMENT = "docs/extending.md"
EXAMPLE = marked.ROOT / "images/minimal"
SHOWN = {  # the part's name to the file
    "dockerfile": "Dockerfile",
    "extension": "slipway/extension.py",
    "task": "slipway/tasks/files.py",
    "file": "slipway/files/etc/motd.d/files",
    "spec": "slipway/specs/test_files.py",
    "introduction": "slipway/README.md",
}
LANGUAGES = {"Dockerfile": "dockerfile", ".py": "python", ".md": "markdown"}
OPERATIONS = (
    service.program,
    secret.kept,
    packages.installed,
    python.environment,
    files.present,
    directories.present,
    links.present,
    files.first_line,
)
_ARGUMENT = re.compile(r"\+ (\w+): (.*)")


def parts() -> dict[str, str]:
    """
    Return what stands between the marks.
    """
    shown = {part: _file(name) for part, name in SHOWN.items()}
    return {**shown, "rules": rules(), "operations": "\n".join(map(operation, OPERATIONS))}


def _file(name: str) -> str:
    path = EXAMPLE / name
    language = LANGUAGES.get(path.suffix or path.name, "text")
    return f"\n`{name}`\n\n```{language}\n{path.read_text()}```\n\n"


def rules() -> str:
    """
    Return a table of the rules for values, with what each accepts.
    """
    names = [name for name in extension.__all__ if name[0].islower()]
    rows = [(markdown.code(_called(name)), _summary(getattr(extension, name))) for name in names]
    return f"\n{markdown.table(('Rule', 'What it does'), rows)}\n"


def _called(name: str) -> str:
    """
    Return a rule as it is written; one that makes a rule is called with something.
    """
    given = {"at_least": "(0)", "choice": '("small", "large")', "optional": "(port)"}
    return name + given.get(name, "")


def _summary(function: Callable[..., Any]) -> str:
    return " ".join(inspect.cleandoc(function.__doc__ or "").partition("\n\n")[0].split())


def operation(function: Callable[..., Any]) -> str:
    """
    Return an operation's section: its docstring, and a list of its arguments.
    """
    module = function.__module__.rpartition(".")[2]
    inner = inspect.unwrap(function)
    lines = inspect.cleandoc(function.__doc__ or "").splitlines()
    begin = next((at for at, line in enumerate(lines) if line.startswith("+ ")), len(lines))
    defaults = {
        name: each.default
        for name, each in inspect.signature(inner).parameters.items()
        if each.default is not inspect.Parameter.empty
    }
    arguments = "".join(_bullets(lines[begin:], defaults))
    return f"### {module}.{function.__name__}\n\n{_prose(lines[:begin])}\n\n{arguments}"


def _prose(lines: Iterable[str]) -> str:
    """
    Return a docstring's words, with its examples as blocks of code.
    """
    text = "\n".join(lines).strip()
    words, _, example = text.partition("**Example:**")
    if not example:
        return text
    _, _, code = example.partition(".. code:: python\n")
    return f"{words.strip()}\n\n```python\n{inspect.cleandoc(code).strip()}\n```"


def _bullets(lines: Iterable[str], defaults: dict[str, Any]) -> Iterable[str]:
    for line in lines:
        if found := _ARGUMENT.fullmatch(line):
            name = found[1]
            default = f" (`{defaults[name]!r}`)" if name in defaults else ""
            yield f"- `{name}`{default}: {found[2]}\n"
        elif line.strip():
            yield f"  {line.strip()}\n"


if __name__ == "__main__":
    sys.exit(marked.main(sys.argv[1:], DOCUMENT, parts))
