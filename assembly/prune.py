"""
Takes out of the venv what nothing imports, compiles the rest, and imports all that must go on.
"""

from __future__ import annotations

import ast
import compileall
import importlib
import importlib.util
import marshal
import pkgutil
import py_compile
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

_UNCHECKED = (1).to_bytes(4, "little")  # byte-code of a hash that nothing checks (PEP 552)
STAND_INS = Path(__file__).resolve().parent / "stand_ins"
TESTS = {"tests", "testing", "test"}
LEXERS = {"__init__.py", "_mapping.py", "diff.py", "python.py"}  # those that pytest colours with

# What our code, and that of extensions, imports: each with all that is below it
USED = (
    "pyinfra_cli",
    "pyinfra",
    "click",
    "docker",
    "jinja2",
    "pytest",
    "supervisor",
    "testinfra",
    "typeguard",
)
# Of other systems, of clients that we never had, and pyinfra's documentation
UNUSED = (
    "click._winconsole",
    "docker.transport.npipe",
    "pyinfra.api.metadata",
    "testinfra.backend.paramiko",
    "testinfra.backend.salt",
    "testinfra.backend.winrm",
)


def superfluous(packages: Path) -> Iterator[Path]:
    """
    Yield the packages' own tests, and the languages that nobody colours here.
    """
    for path in sorted(packages.rglob("*")):
        if path.is_dir() and path.name in TESTS and not (TESTS & set(path.parent.parts)):
            yield path
    for path in sorted((packages / "pygments/lexers").glob("*.py")):
        if path.name not in LEXERS:
            yield path


def remove(path: Path) -> None:
    """
    Delete a file, or a directory with all that is in it.
    """
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def compile_all(place: Path, *, lean: bool = False) -> None:
    """
    Compile, with a hash of the source that nothing checks in place of the source's time.

    Each build has the same byte-code then. It can't be of another source: an image never changes.

    + lean: without docstrings and assertions, as `python -OO` compiles, and without the annotations
      of functions; they are in the source
    """
    if lean:
        _compile_lean(place)
        return
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    if place.is_file():
        done = compileall.compile_file(place, quiet=1, invalidation_mode=mode)
    else:
        done = compileall.compile_dir(place, quiet=1, workers=0, invalidation_mode=mode)
    if not done:
        sys.exit(f"{place} does not compile")


def _compile_lean(place: Path) -> None:
    """
    Leave out what nobody asks of a function that runs; fields of classes keep their annotations.
    """
    from assembly.line_table import shortened  # noqa: PLC0415 - the venv is pruned without it

    for path in sorted(place.rglob("*.py")):
        source = path.read_bytes()
        tree = ast.parse(source, str(path))
        tree.body = [node for node in tree.body if not _is_of_compiler(node)]  # a flag says so
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                node.returns = None
            elif isinstance(node, ast.arg):
                node.annotation = None
        flags = annotations.compiler_flag
        code = compile(tree, str(path), "exec", flags=flags, dont_inherit=True, optimize=2)
        compiled = Path(importlib.util.cache_from_source(path))  # where everybody's Python looks
        compiled.parent.mkdir(exist_ok=True)
        head = importlib.util.MAGIC_NUMBER + _UNCHECKED + importlib.util.source_hash(source)
        compiled.write_bytes(head + marshal.dumps(shortened(code)))


def _is_of_compiler(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def imported() -> Iterator[str]:
    """
    Import all that is used; yields what fails, and why.
    """
    for package in USED:
        importlib.import_module(package)
        places = getattr(sys.modules[package], "__path__", [])
        for module in pkgutil.walk_packages(places, f"{package}.", onerror=lambda _name: None):
            if module.name.startswith(UNUSED):
                continue
            try:
                importlib.import_module(module.name)
            except Exception as error:  # noqa: BLE001 - whatever a module raises is told
                yield f"{module.name}: {type(error).__name__}: {error}"


def main() -> None:
    """
    Prune the venv that this runs in.
    """
    packages = Path(sysconfig.get_path("purelib"))
    for path in superfluous(packages):
        remove(path)
    for path in STAND_INS.glob("*.py"):
        shutil.copy(path, packages)
    sys.dont_write_bytecode = True
    if failures := list(imported()):
        sys.exit("\n".join(["missed in the venv (assembly/left-out.txt):", *failures]))
    for path in sorted(packages.rglob("__pycache__")):
        shutil.rmtree(path)
    compile_all(packages)


if __name__ == "__main__":
    main()
