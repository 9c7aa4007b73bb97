"""
The paths of the contract: each is spelled out once.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from slipway.contract import paths

DECLARED = {value for value in vars(paths).values() if isinstance(value, Path)}
# The root's home and the default workspace are words of rules, too, and this one is a word of PATH
WORDS = {paths.HOME, paths.WORKSPACE, paths.COMMANDS}
# What lives as long as the container imports no pathlib: it has its own, below


def texts(module: Path) -> Iterator[tuple[int, str]]:
    """
    Yield the lines and texts of a module's strings; what only people read is no path that is used.
    """
    tree = ast.parse(module.read_text())
    prose = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in prose:
            yield node.lineno, node.value


def test_no_path_is_spelled_out_anywhere_else() -> None:
    """
    Whoever moves one changes one line; what it is part of counts, too.
    """
    anywhere = re.compile(rf"(?:{'|'.join(map(re.escape, map(str, DECLARED - WORDS)))})(?![\w.-])")
    modules = [
        path.relative_to(paths.PROJECT)
        for folder in ("slipway", "tasks")
        for path in (paths.PROJECT / folder).rglob("*.py")
    ]
    found = [
        f"{module}:{line}: {text!r}"
        for module in sorted(modules)
        if str(module) != "slipway/contract/paths.py"
        for line, text in texts(paths.PROJECT / module)
        if anywhere.search(text)
    ]

    assert len(modules) > 50
    assert found == [], "slipway/contract/paths.py has it"


def test_what_can_not_import_them_has_the_same() -> None:
    """
    A service that is to stay small, and the static files.
    """
    profile = (paths.FILES / str(paths.PROFILE).lstrip("/")).read_text()
    sshd = (paths.FILES / "etc/ssh/sshd_config.d/00-slipway.conf").read_text()

    assert f". {paths.SHELL_ENVIRONMENT}\n" in profile
    for included in paths.SSHD_INCLUDED:
        assert f"Include {included}\n" in sshd
    assert f"HostKey {paths.SSH}/" in sshd
