"""
rclone for a mounted remote: the process that serves the mount, from its start to its end.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from slipway.contract import paths
from slipway.remotes import rc
from slipway.remotes.last_words import LastWords, shown
from slipway.remotes.mounted import mountpoint
from slipway.remotes.mounted.cache_claims import Claim
from slipway.remotes.mounted.following import Following
from slipway.remotes.mounted.reloaded import Reloaded
from slipway.remotes.mounted.standstill import Standstill
from slipway.system import mountinfo, processes

GRACE = 1.5  # seconds that rclone has to unmount
HURRY = 2.0  # seconds to have what waits uploaded at once; without that it is, after five
PROBE = 5.0  # seconds that a remote has to answer
SILENT = "does not answer"
_PROBED = ".slipway-probe"  # a file that no remote has
_DENIED = r"\b403\b|AccessDenied|Forbidden|project number"  # of who may not list buckets


class Mounter:
    """
    One `rclone mount`, which runs from here on.
    """

    def __init__(  # noqa: PLR0913 - a process's words
        self,
        name: str,
        point: Path,
        socket: Path,
        *,
        claim: Claim,
        mode: str,
        variables: Mapping[str, str],
    ) -> None:
        self.name = name
        self.point = point
        self.socket = socket
        self.following = Following(name, socket, claim.cache)
        self.reloaded = Reloaded(point, socket, hurry=self.hurry)
        self._has_buckets: bool | None = None
        self.process = subprocess.Popen(
            command(name, point, cache=claim.cache, mode=mode, socket=socket),
            env=variables,
            pass_fds=[claim.lock.fileno()],  # in use while rclone lives
            stderr=subprocess.PIPE,
        )
        self.standstill = Standstill(self.process.pid, socket, point)
        self.last_words = LastWords(self.process.stderr)

    def moments(self, every: float) -> Iterator[float]:
        """
        Yield the time once it has mounted, and every so many seconds from then on, until its end.
        """
        with (
            mountinfo.TABLE.open("rb") as mounts,
            closing(os.pidfd_open(self.process.pid)) as ended,
        ):
            poll = select.poll()
            poll.register(ended, select.POLLIN)
            poll.register(mounts, select.POLLPRI)  # a mount came or went (proc(5))
            due = None
            while True:
                if due is None and mountpoint.mounts(self.point):
                    due = time.monotonic()
                if due is not None and time.monotonic() >= due:
                    if processes.is_dying(self.process.pid):
                        mountpoint.abort(self.point)
                    yield time.monotonic()
                    due = time.monotonic() + every
                wait = None if due is None else 1000 * max(0.0, due - time.monotonic())
                if any(descriptor == ended for descriptor, _ in poll.poll(wait)):
                    return

    def hurry(self) -> None:
        """
        Have what waited through a kill uploaded at once: it has waited long enough.
        """
        with contextlib.suppress(OSError):
            rc.hurry(self.socket, seconds=HURRY)

    def trouble(self) -> str:
        """
        Return why the remote does not answer, "" where it does; each time is a request to it.

        At the top of what has buckets no file can be asked for. Its buckets can, and who may not
        list them has an answer, too.
        """
        try:
            if self._shows_buckets():
                self._ask("operations/list", remote="", opt={"dirsOnly": True, "noModTime": True})
            else:  # no directory is listed
                self._ask("operations/stat", remote=_PROBED, opt={"filesOnly": True})
        except rc.RefusedError as error:
            if self._has_buckets is True and re.search(_DENIED, str(error)):
                return ""
            _, _, said = str(error).removeprefix("rclone: ").partition(": ")
            return f"{SILENT}: {shown(said)}" if " " in said else SILENT
        except OSError:
            return SILENT
        return ""

    def _shows_buckets(self) -> bool:
        """
        Tell whether it is mounted at the top of its buckets. Raises OSError.
        """
        if self._has_buckets is None:
            told = self._ask("operations/fsinfo")
            features = told.get("Features") or {}
            self._has_buckets = bool(features.get("BucketBased")) and not told.get("Root")
        return self._has_buckets

    def _ask(self, command: str, **parameters: Any) -> dict[str, Any]:
        return rc.call(self.socket, command, timeout=PROBE, fs=f"{self.name}:", **parameters)

    def unmount(self) -> None:
        """
        Have it unmount and end, and take away what it leaves.
        """
        self.process.terminate()
        try:
            self.process.wait(GRACE)
        except subprocess.TimeoutExpired:  # somebody sits in the mount
            self.kill()
        if not mountpoint.is_served(self.point):
            mountpoint.clear(self.point)

    def kill(self) -> None:
        """
        End it now, unless it has ended.
        """
        if self.process.poll() is None:
            self.process.kill()
            try:
                self.process.wait(GRACE)
            except subprocess.TimeoutExpired:
                mountpoint.abort(self.point)
                self.process.wait()


def command(name: str, point: Path, *, cache: Path, mode: str, socket: Path) -> list[str]:
    """
    Return rclone's words; what is an option here can't be set by an `RCLONE_*` variable.

    rclone dies with us, so that no one is left that holds the mount and answers to nobody.
    """
    # fmt: off
    return [
        "setpriv", "--pdeathsig", "KILL", "--",
        paths.RCLONE, "mount", f"{name}:", str(point),
        "--vfs-cache-mode", mode, "--cache-dir", str(cache),
        "--rc", "--rc-no-auth", "--rc-addr", f"unix://{socket}",
    ]
    # fmt: on


def end_left(pid: int, socket: Path) -> None:
    """
    End the rclone of a program that was killed: it has the cache, and may still be dying.

    + pid: 0 for none; by now it may be another process, which is left alone
    """
    with contextlib.suppress(OSError):
        if pid and os.fsencode(socket) in Path(f"/proc/{pid}/cmdline").read_bytes():
            with closing(os.pidfd_open(pid)) as ended:
                os.kill(pid, signal.SIGKILL)
                select.select([ended], [], [], GRACE)


@contextlib.contextmanager
def closing(descriptor: int) -> Iterator[int]:
    """
    Close a descriptor at the end of a block.
    """
    try:
        yield descriptor
    finally:
        os.close(descriptor)
