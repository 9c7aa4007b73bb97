"""
Files written whole: a reader, a crash or a full disk sees the old content or the new one.
"""

import contextlib
import errno
import os
from pathlib import Path

from slipway.system import aside

# A seccomp profile, or a filesystem that knows no such thing
_NO_SYNC = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EINVAL, errno.ENOTSUP}


def temporary(path: str) -> str:
    """
    Return the name a file has until it is whole: beside it, hidden, always the same.

    A fixed name means that what a killed run leaves behind is found and replaced by the next.
    """
    directory, name = os.path.split(path)
    return f"{directory}/.{name}.slipway"


def is_temporary(path: str) -> bool:
    """
    Tell whether a path is such a name itself.
    """
    name = os.path.basename(path)  # noqa: PTH119 - no Path, of which one is made for each file
    return name.startswith(".") and name.endswith(".slipway")


def clear(draft: str | Path) -> None:
    """
    Have nothing at a draft's path. Raises OSError.

    A directory with something in it is nobody's draft: it is kept beside.
    """
    try:
        os.unlink(draft)  # noqa: PTH108 - no Path, of which one is made for each file
    except FileNotFoundError:
        pass
    except (IsADirectoryError, PermissionError):
        if not os.path.isdir(draft):  # noqa: PTH112 - likewise
            raise
        with contextlib.suppress(OSError):
            os.rmdir(draft)  # noqa: PTH106 - likewise
            return
        aside.keep(Path(draft), suffix="replaced")


def create(draft: str | Path) -> int:
    """
    Return a descriptor of a new file, root's alone, whatever was there. Raises OSError.

    In a setgid directory it would have the directory's group.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        descriptor = os.open(draft, flags, 0o600)
    except FileExistsError:
        clear(draft)
        descriptor = os.open(draft, flags, 0o600)
    if os.fstat(descriptor).st_gid != os.getegid():
        with contextlib.suppress(OSError):  # a volume where all is somebody's
            os.fchown(descriptor, -1, os.getegid())
    return descriptor


def sync(descriptor: int) -> None:
    """
    Have a file's content on its disk. Where that can't be asked for, it comes there by itself.
    """
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def write(path: Path, content: bytes, *, mode: int = 0o600, durable: bool = True) -> None:
    """
    Replace a file's content, or leave it byte-identical and raise OSError, with its name.

    A path that is a draft already is written in place: nobody reads it, and a draft's draft would
    be found by nobody if we were killed.

    + mode: of a file that is new; one that is there keeps its mode and owner
    + durable: fsync before the rename; pointless where nothing outlives a restart (/run)
    """
    path = Path(os.path.realpath(path))
    draft = path if is_temporary(str(path)) else Path(temporary(str(path)))
    descriptor = create(draft)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            try:
                there = path.stat()
            except FileNotFoundError:
                os.fchmod(stream.fileno(), mode)
            else:
                if (there.st_uid, there.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(stream.fileno(), there.st_uid, there.st_gid)
                os.fchmod(stream.fileno(), there.st_mode & 0o7777)
            if durable:
                stream.flush()
                sync(stream.fileno())
        if draft != path:
            draft.rename(path)
    except BaseException as error:
        draft.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)  # a full disk is met in write(2), which knows no name
        raise
