"""
The files that extensions lay: files/ of each mirrors `/`, and who comes later may replace them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pyinfra import host

from slipway.contract import paths
from slipway.environment.extensions import Extensions, Problem
from slipway.facts.extensions import ExtensionsSeen
from slipway.operations.files import File

REPLACEABLE = {"/etc/motd"}  # of our own files: the others are what SSH and services stand on
# Places where nothing of an image's can be: they are mounted anew, or Slipway's own
_NOWHERE = ("/dev/", "/proc/", "/run/", "/sys/", f"{paths.INSTALLED}/", f"{paths.EXTENSIONS}/")


class Laid(NamedTuple):
    """
    One extension's files and links, by the path where each goes.
    """

    files: Mapping[str, Path]
    links: Mapping[str, str]


def own() -> dict[str, Path]:
    """
    Return Slipway's own static files, by the path where each goes.
    """
    return _mirrored(paths.FILES)


def file(path: str, source: Path) -> File:
    """
    Return a static file as it has to be: executable there if it is so here. Raises OSError.
    """
    mode = "755" if source.stat().st_mode & 0o100 else "644"
    return File(path=path, content=source.read_bytes(), mode=mode)


def static() -> list[File]:
    """
    Return files/ as it has to be in the container.
    """
    return [file(path, source) for path, source in own().items()]


def replaced(extensions: Extensions | None) -> set[str]:
    """
    Return which files of Slipway's an extension has in another form.

    + extensions: None in a container that is seen from outside, which is asked
    """
    if extensions is None:
        return set(host.get_fact(ExtensionsSeen, files=sorted(REPLACEABLE)).files)
    return {
        path
        for path in REPLACEABLE
        for each in extensions.found
        if _is_laid(Path(f"{each.path}/files{path}"))  # before SSH: no tree is walked for it
    }


def of(extensions: Extensions) -> tuple[dict[str, Laid], list[Problem]]:
    """
    Return what each extension lays, by its name, and why some of its files stay away.

    A file is its last owner's. One owner must require the other: who replaces a file says so.
    """
    problems: list[Problem] = []
    owners: dict[str, str] = {}
    ours = own().keys() - REPLACEABLE
    trees = {each.name: _mirrored(each.path / "files") for each in extensions.found}
    for each in extensions.found:
        for path in trees[each.name]:
            owner = owners.get(path, "")
            if path in ours or path.startswith(_NOWHERE):
                why = f"{each.path}/files{path}: {path} is Slipway's own place"
            elif owner and not extensions.requires(each.name, owner):
                why = (
                    f"{each.path}/files{path}: {path} is {owner}'s; with requires=[{owner!r}] it "
                    "would be replaced"
                )
            else:
                owners[path] = each.name
                continue
            problems.append(Problem(each.name, "lay its files", why))
    laid = {}
    for each in extensions.found:
        mine = {path: at for path, at in trees[each.name].items() if owners.get(path) == each.name}
        laid[each.name] = Laid(
            files={path: source for path, source in mine.items() if not source.is_symlink()},
            links={
                path: str(source.readlink()) for path, source in mine.items() if source.is_symlink()
            },
        )
    return laid, problems


def _is_laid(source: Path) -> bool:
    return source.is_symlink() or source.is_file()


def _mirrored(root: Path) -> dict[str, Path]:
    found = {}
    for directory, directories, names in os.walk(root):
        for name in [*names, *directories]:
            source = Path(directory, name)
            if _is_laid(source):
                found[f"/{source.relative_to(root)}"] = source
    return dict(sorted(found.items()))
