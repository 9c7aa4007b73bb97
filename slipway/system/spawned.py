"""
Programs begun for what they print, without subprocess: that imports threading, selectors, locale.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence


class Spawned:
    """
    A program that runs, has no input, and is read to its end.
    """

    def __init__(self, words: Sequence[str], *, with_errors: bool = False) -> None:
        """
        Begin it. Raises OSError where there is no such program.

        + with_errors: what it complains of is output, too
        """
        reading, writing = os.pipe()
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, writing, 1),
            (os.POSIX_SPAWN_DUP2, writing, 2)
            if with_errors
            else (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        try:
            self._child = os.posix_spawnp(
                words[0], list(words), os.environ, file_actions=actions, setsigdef=[signal.SIGPIPE]
            )
        except OSError:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self._reading = reading

    def output(self) -> bytes:
        """
        Return all that it prints, once it has ended.
        """
        with os.fdopen(self._reading, "rb") as stream:
            content = stream.read()
        os.waitpid(self._child, 0)
        return content
