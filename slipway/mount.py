"""
`slipway mount NAME`: the program behind each remote's mount.

It repairs the write cache, clears a stale mount, refuses to hide files, and keeps rclone running.
When it is told to stop it has rclone upload first what waits, within a bound.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from types import FrameType
from typing import IO, NamedTuple

from slipway import cache, environment, mountinfo, paths, rc
from slipway.environment import Surroundings
from slipway.settings import Settings

STEADY = 10.0  # seconds after which an end of rclone counts as an accident: mounted again at once
PAUSE = 12.0  # seconds between starts that fail: at most five a minute
GRACE = 1.5  # seconds that rclone has to unmount
MOST_CACHES = 100  # containers that share one workspace
ASKING = 20.0  # seconds for a question to a remote
NOT_FOUND = {3, 4}  # of rclone's exit codes: directory, file (https://rclone.org/docs/)


class Place(NamedTuple):
    """
    Where a remote is mounted, and what belongs to that.
    """

    name: str
    point: Path
    cache: Path
    socket: Path
    rescued: Path


class Stop(Exception):  # noqa: N818 - no error: somebody asks for the end
    """
    SIGTERM or SIGINT came.
    """


def run(name: str, settings: Settings) -> int:
    """
    Keep a remote mounted until told to stop; returns 1 where it can't be mounted at all.
    """
    root = Path(settings.workspace, "remote")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    try:
        own_cache, lock = take_cache(root / ".cache", name)
        place = Place(name, root / name, own_cache, socket_of(name), root / ".rescued" / name)
        while True:
            began = time.monotonic()
            try:
                complaint = _prepare(place)
            except OSError as error:
                complaint = f"{error.filename or place.point}: {error.strerror}"
            if complaint:
                _say(complaint)
            else:
                _repair(place, settings)
                _mounted(place, settings, lock)
            if time.monotonic() - began < STEADY:
                time.sleep(PAUSE)
    except Stop:
        return 0


def socket_of(name: str) -> Path:
    """
    Return the socket of a mount's remote control; a hash where a path would be too long for one.
    """
    return paths.RUN / "rclone" / f"{name.encode().hex()[:80]}.sock"


def take_cache(root: Path, name: str) -> tuple[Path, IO[bytes]]:
    """
    Return a write cache that no other container uses, and the lock on it. Raises OSError.

    The lock dies with its holder (flock(2)), so what a container that is gone for good left behind
    is taken by the next one. `~` is in no remote's name.
    """
    for number in range(1, MOST_CACHES):
        own = root / (name if number == 1 else f"{name}~{number}")
        own.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (own / ".lock").open("ab")
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        return own, lock
    raise OSError(f"{root}: {MOST_CACHES} containers use {name} already")


def command(place: Place, around: Surroundings) -> list[str]:
    """
    Return rclone's words; what is an option here can't be set by an `RCLONE_*` variable.

    rclone dies with us, so that no one is left that holds the mount and answers to nobody.
    """
    # fmt: off
    return [
        "setpriv", "--pdeathsig", "KILL", "--",
        paths.RCLONE, "mount", f"{place.name}:", str(place.point),
        "--allow-other", "--uid", str(around.uid), "--gid", str(around.gid),
        "--vfs-cache-mode", "full", "--cache-dir", str(place.cache),
        "--rc", "--rc-no-auth", "--rc-addr", f"unix://{place.socket}",
        "--log-level", "NOTICE",
    ]
    # fmt: on


def variables(settings: Settings) -> dict[str, str]:
    """
    Return rclone's environment: the container's, without what a mount's safety rests on.
    """
    return {"RCLONE_CONFIG": str(paths.RCLONE_CONF), **os.environ, **settings.for_mounts()}


def clear(point: Path) -> None:
    """
    Take away what a killed rclone left mounted; FUSE then answers ENOTCONN to everything.
    """
    text = Path("/proc/self/mountinfo").read_text(errors="surrogateescape")
    for mount in mountinfo.parse(text):
        if mount.point == str(point):
            subprocess.run(["fusermount3", "-uz", "--", str(point)], check=False)


def _prepare(place: Place) -> str:
    """
    Make ready for rclone; returns why that can't be, "" where it can.
    """
    clear(place.point)
    place.point.mkdir(parents=True, exist_ok=True)
    if any(place.point.iterdir()):
        return f"{place.point} has files in it, which a mount would hide; move them away"
    place.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    place.socket.unlink(missing_ok=True)  # left by one that was killed: rclone would not start
    return ""


def _repair(place: Place, settings: Settings) -> None:
    """
    Put in order what a kill left in the write cache, and say what was done.
    """
    child = variables(settings)

    def remote_has(folder: str, path: str) -> bool | None:
        bare = folder.partition("{")[0]
        where = f":local:/{path}" if bare == "local" else f"{bare}:{path}"
        try:
            done = subprocess.run(
                [paths.RCLONE, "lsjson", "--stat", "--retries", "1", "--contimeout", "5s", where],
                env=child,
                capture_output=True,
                timeout=ASKING,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None
        if done.returncode in NOT_FOUND:
            return False
        return None if done.returncode else done.stdout.strip() != b"null"

    done = cache.repair(place.cache, rescued=place.rescued, remote_has=remote_has)
    earlier = {name for name in cache.folders(place.cache) if "{" in name}
    if earlier and (current := _folder(place.name, child)):
        done += cache.adopt(place.cache, current=current, rescued=place.rescued)
    for decision in done:
        what = {
            cache.COMPLETE: "is uploaded now",
            cache.RESCUE: f"is set aside in {place.rescued}",
            cache.DROP: "is dropped",
        }[decision.action]
        _say(f"{place.name}: {decision.path} {decision.reason}: it {what}")


def _folder(name: str, child: dict[str, str]) -> str:
    """
    Ask rclone for the cache folder of a remote: its name, with a hash if variables make it.
    """
    done = subprocess.run(
        [paths.RCLONE, "rc", "--loopback", "operations/fsinfo", f"fs={name}:"],
        env=child,
        capture_output=True,
        timeout=ASKING,
        check=False,
    )
    try:
        return str(json.loads(done.stdout)["Name"])
    except (ValueError, KeyError, TypeError):
        return ""


def _mounted(place: Place, settings: Settings, lock: IO[bytes]) -> None:
    """
    Run rclone until it ends or we are told to stop, in which case what waits is uploaded first.
    """
    around = environment.observe(settings.workspace)
    process = subprocess.Popen(
        command(place, around),
        env=variables(settings),
        pass_fds=[lock.fileno()],  # the cache is in use for as long as rclone lives
    )
    try:
        process.wait()
    except Stop:
        _drain(place, settings.drain_seconds)
        process.terminate()
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:  # somebody sits in the mount
            clear(place.point)
            process.kill()
            process.wait()
        raise
    _say(f"rclone ended with {process.returncode}")


def _drain(place: Place, seconds: float) -> None:
    try:
        left = rc.drain(place.socket, seconds=seconds)
    except OSError as error:
        _say(f"what waits for its upload stays in {place.cache}: {error}")
        return
    if left:
        _say(f"{left} files are not uploaded yet; they stay in {place.cache} for the next start")


def _stop(_number: int, _frame: FrameType | None) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # once is enough: the end must not be cut short
    raise Stop


def _say(message: str) -> None:
    print(f"slipway: {message}", file=sys.stderr, flush=True)
