"""
The directories that a start needs before anything is supervised.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from slipway.contract import paths
from slipway.settings import providers
from slipway.system import aside

NAMES = Path("/etc/nsswitch.conf")


def prepare(provider: str = providers.DOCKER.name) -> None:
    """
    Have the directories of ours. Exits with all that is missing in the words of who runs us.

    A pod's emptyDir at /var/log hides the image's directory for logs, say.
    """
    try:
        _make(paths.RUN)
    except OSError as error:
        sys.exit(_lacking(error, provider))
    # Opened as they are by whoever comes first: what is no file would be in everybody's way
    locks = (paths.LOCK, paths.START_LOCK, paths.SSHD_LOCK, paths.HOST_KEY_LOCK)
    for file in (*locks, paths.REPORT, paths.UNFINISHED):
        if os.path.lexists(file) and (file.is_symlink() or not file.is_file()):
            aside.keep(file, suffix="replaced")
    if NAMES.is_fifo():  # whoever asks for a user's name would wait for it
        aside.keep(NAMES, suffix="replaced")
    if paths.SUPERVISOR_SOCKET.is_dir():  # supervisord would try to unlink it without an end
        aside.keep(paths.SUPERVISOR_SOCKET, suffix="replaced")
    with contextlib.suppress(OSError):  # logs go elsewhere then, and the convergence names it
        _make(paths.LOGS)


def prepare_start(provider: str) -> None:
    """
    Have them before anything else of a start. Exits as `prepare` does.

    sshd's comes first: where /run has no room for all, nobody could log in without it.
    """
    with contextlib.suppress(OSError):
        paths.SSHD_CHROOT.mkdir(mode=0o755, parents=True, exist_ok=True)
    prepare(provider)


def temporary() -> dict[str, str]:
    """
    Return the variable that programs find temporary files by, where /tmp can't be written.
    """
    if os.access("/tmp", os.W_OK):  # noqa: S108 - the path itself
        return {}
    place = paths.RUN / "tmp"
    place.mkdir(exist_ok=True)
    place.chmod(0o1777)
    return {"TMPDIR": str(place)}


def _make(place: Path) -> None:
    try:
        place.mkdir(parents=True, exist_ok=True)
    except FileExistsError:  # no directory: it is kept
        aside.keep(place, suffix="replaced")
        place.mkdir()
    if not os.access(place, os.W_OK):
        raise OSError(None, "Read-only file system", str(place))


def _lacking(error: OSError, provider: str) -> str:
    """
    Return what to say: one line, and the options that the command lacks, or a pod's spec.
    """
    needed = (paths.RUN.parent, Path("/tmp"), paths.LOGS, paths.STATE)  # noqa: S108 - the path itself
    lacking = [place for place in needed if not os.access(place, os.W_OK)]
    options = " ".join(f"--tmpfs {place}" for place in lacking)
    why = f"slipway: {error.filename}: {error.strerror}"
    if not options:
        return why
    why = f"{why}. The container needs places that it can write to:"
    if provider == providers.KUBERNETES.name:
        return (
            f"{why} mount an emptyDir at {', '.join(map(str, lacking))}, and a volume at "
            f"{paths.SSH} and {paths.WORKSPACE} to keep the host keys and what you work on"
        )
    command = "podman" if provider == providers.PODMAN.name else "docker"
    return (
        f"{why} add `{options}` to `{command} run`, "
        f"and `-v {paths.SSH} -v {paths.WORKSPACE}` to keep the host keys and what you work on"
    )
