"""
What git is told of the workspace: its repositories are as good as one's own, whoever made them.

git refuses a repository that belongs to another user ("dubious ownership"), and a workspace that is
also used from outside has many. From 2.46 on, safe.directory takes a directory with all below it
(git-config(1)); before, it takes a repository's own path, or `*` for all that there are.
"""

from __future__ import annotations

KNOWS_DIRECTORIES = (2, 46)
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\b": "\\b"}


def for_workspace(path: str) -> str:
    """
    Return the lines for a workspace and what is in it.
    """
    quoted = "".join(_ESCAPES.get(character, character) for character in path.rstrip("/"))
    return f'[safe]\n\tdirectory = "{quoted}"\n\tdirectory = "{quoted}/*"\n'


def for_image(version: tuple[int, ...], *, included: str) -> str:
    """
    Return the lines for an image: where a container's own are, and what an old git has to be told.

    + version: of git; () for an unknown one
    """
    everywhere = "[safe]\n\tdirectory = *\n" if version and version < KNOWS_DIRECTORIES else ""
    return f"{everywhere}[include]\n\tpath = {included}\n"
