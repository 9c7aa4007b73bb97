"""
The regular files of a directory tree, which others may change meanwhile.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path


def files(
    root: Path, *, is_skipped: Callable[[str], bool] = lambda _name: False
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """
    Yield each file with its path below the root, which need not be there. Raises OSError.

    Links are not followed. A directory that is gone when its turn comes, or is a file by then, has
    no files.

    + is_skipped: tells of a name whether the file, or the whole directory, is left out
    """
    prefix = len(f"{root}/")
    pending = [str(root)]
    while pending:
        directory = pending.pop()
        try:
            entries = list(os.scandir(directory))
        except FileNotFoundError:
            continue
        except NotADirectoryError:
            if directory == str(root):
                raise
            continue
        for entry in entries:
            if is_skipped(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                pending.append(entry.path)
            elif entry.is_file(follow_symlinks=False):
                yield entry.path[prefix:], entry
