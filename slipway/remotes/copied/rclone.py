"""
rclone for a copied remote: it lists, and copies what has been decided on.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Collection, Iterable, Mapping

from slipway.contract import paths
from slipway.remotes.copied import directory, versions
from slipway.remotes.copied.versions import Version
from slipway.remotes.last_words import LastWords
from slipway.remotes.stopping import Signals

# What is copied is decided on: rclone shall not think about it again.
_SETTLED = ("--transfers", "8", "--ignore-times", "--partial-suffix", directory.PART)
# Who asks asks again: a remote that swallows packets must not keep a listing for ten minutes.
BOUNDED = ("--retries", "1", "--low-level-retries", "2", "--contimeout", "5s", "--timeout", "20s")
_NOT_FOUND = 3  # rclone's exit code: a directory is not there


class Late(Exception):  # noqa: N818 - no error: the bound of a stop
    """
    The time that a stop has is over.
    """


class Copier:
    """
    One remote and the rclone commands about it.
    """

    def __init__(self, remote: str, variables: Mapping[str, str], signals: Signals) -> None:
        self.remote = remote
        self.variables = dict(variables)
        self.signals = signals
        self.deadline: float | None = None  # of a stop
        self.why = ""  # in rclone's words, of what it could not do last

    def list(self, names: Collection[str] | None) -> dict[str, Version] | None:
        """
        Return what the remote has of some files, or of all; None where it does not answer.

        Raises ValueError, Late.
        """
        words = ["lsjson", "--files-only", "--no-mimetype", *BOUNDED, self.remote]
        if names is None:
            code, answer = self._run([*words, "-R"])
        else:
            code, answer = self._run([*words, "-R", "--files-from-raw", "-"], names)
        if code == _NOT_FOUND and self._run(words)[0] == _NOT_FOUND:
            return {}  # not a directory below that vanished meanwhile: there is none at all yet
        if code:
            return None
        found = versions.listed(answer)
        return {path: found[path] for path in found if not directory.is_part(path)}

    def copy(self, source: str, target: str, names: Collection[str], *options: str) -> bool:
        """
        Copy files by the names that rclone has for them. Raises Late.
        """
        words = ["copy", source, target, "--no-traverse", "--files-from-raw", "-"]
        return self._run([*words, *_SETTLED, *options], names)[0] == 0

    def options(self) -> dict[str, str] | None:
        """
        Return the remote's own options, secrets included; None where rclone can't read them.
        """
        name = self.remote.partition(":")[0]
        code, answer = self._run(["config", "dump"])
        if code:
            return None
        prefix = f"RCLONE_CONFIG_{name.upper()}_"
        options: dict[str, str] = json.loads(answer).get(name, {})
        return options | {
            variable.removeprefix(prefix).lower(): value
            for variable, value in self.variables.items()
            if variable.startswith(prefix)
        }

    def _run(self, words: Iterable[str], names: Collection[str] = ()) -> tuple[int, bytes]:
        """
        Run rclone; returns its exit code and output. Raises Late and Stop, and it ends with us.
        """
        left = None if self.deadline is None else max(0.1, self.deadline - time.monotonic())
        process = None
        try:
            with self.signals.held():  # a stop must know of it
                process = subprocess.Popen(
                    ["setpriv", "--pdeathsig", "KILL", "--", paths.RCLONE, *words],
                    env=self.variables,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                )
            last_words, process.stderr = LastWords(process.stderr), None
            listing = "".join(f"{name}\n" for name in names).encode()
            answer, _ = process.communicate(listing, left)
        except subprocess.TimeoutExpired as error:
            raise Late from error
        finally:
            if process and process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode not in (0, _NOT_FOUND):
            self.why = last_words.why()
        return process.returncode, answer
