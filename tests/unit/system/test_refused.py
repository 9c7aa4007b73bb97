"""
Calls that are refused one by one: what a profile allows besides does the same.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from slipway.system import refused

# A program in which a call of a library is refused as the kernel would, before ours are installed
PROGRAM = """
import errno, os, sys, time
number, module, name = int(sys.argv[1]), sys.modules[sys.argv[2]], sys.argv[3]
real = getattr(module, name)
def refuse(*given, **options):
    if "dir_fd" in options or "src_dir_fd" in options or options.get("follow_symlinks") is False:
        return real(*given, **options)  # another call of the kernel's
    if name in ("chmod", "chown") and str(given[0]).startswith("/proc/self/fd/"):
        return real(*given, **options)
    raise OSError(number, os.strerror(number))
setattr(module, name, refuse)
from slipway.system import refused
refused.install()
os.chdir(sys.argv[4])
"""
DO = {
    "chmod": "os.chmod('there', 0o640); assert os.stat('there').st_mode & 0o777 == 0o640",
    "fchmod": "os.fchmod(os.open('there', os.O_RDONLY), 0o640); "
    "assert os.stat('there').st_mode & 0o777 == 0o640",
    "chown": "os.chown('there', os.getuid(), os.getgid())",
    "lchown": "os.lchown('there', os.getuid(), os.getgid())",
    "fchown": "os.fchown(os.open('there', os.O_RDONLY), os.getuid(), os.getgid())",
    "mkdir": "os.makedirs('a/b', 0o700); assert os.stat('a/b').st_mode & 0o777 == 0o700",
    "rmdir": "os.rmdir('folder'); assert not os.path.lexists('folder')",
    "unlink": "os.unlink('there'); assert not os.path.lexists('there')",
    "unlink ": "import pathlib; pathlib.Path('none').unlink(missing_ok=True)",
    "mkdir ": "os.makedirs('folder', exist_ok=True)",
    "remove": "os.remove('there'); assert not os.path.lexists('there')",
    "readlink": "assert os.readlink('link') == 'there'",
    "mkfifo": "os.mkfifo('pipe'); assert os.path.lexists('pipe')",
    "rename": "os.rename('there', 'elsewhere'); assert os.path.lexists('elsewhere')",
    "replace": "os.replace('there', 'elsewhere'); assert os.path.lexists('elsewhere')",
    "symlink": "os.symlink('x', 'new'); assert os.readlink('new') == 'x'",
    "link": "os.link('there', 'new'); assert os.stat('new').st_nlink == 2",
    "pipe": "import subprocess; assert subprocess.run(['echo', 'x'], capture_output=True)"
    ".stdout == b'x\\n'",
    "pipe2": "r, w = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC); os.write(w, b'x'); "
    "assert os.read(r, 9) == b'x'; os.close(w); assert os.read(r, 9) == b''; "
    "assert not os.get_inheritable(r)",
    "uname": "assert os.uname().nodename == open('/proc/sys/kernel/hostname').read().strip()",
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """
    A file, a directory and a link.
    """
    (tmp_path / "there").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("there")
    return tmp_path


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOSYS])
@pytest.mark.parametrize("name", DO)
def test_what_is_refused_is_done_otherwise(place: Path, name: str, number: int) -> None:
    """
    Also in the libraries that our programs use.
    """
    words = [sys.executable, "-c", PROGRAM + DO[name], str(number), "os", name.strip(), str(place)]
    done = subprocess.run(words, check=False, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOSYS])
def test_a_moment_passes_without_the_call_for_it(place: Path, number: int) -> None:
    """
    clock_nanosleep(2) is refused.
    """
    act = "began = time.monotonic(); time.sleep(0.01); assert time.monotonic() >= began + 0.01"
    words = [sys.executable, "-c", PROGRAM + act, str(number), "time", "sleep", str(place)]

    assert subprocess.run(words, check=False, capture_output=True).stderr == b""


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    This process as a program of ours.
    """
    for module in (os, time):
        for name, value in vars(module).items():
            if callable(value):
                monkeypatch.setattr(module, name, value)
    for able in ("supports_dir_fd", "supports_fd", "supports_follow_symlinks"):
        monkeypatch.setattr(os, able, set(getattr(os, able)))
    refused.install()


@pytest.mark.parametrize(
    ("act", "number"),
    [
        (lambda path: (path / "none").unlink(), errno.ENOENT),
        (lambda path: (path / "folder").mkdir(), errno.EEXIST),
        (lambda path: (path / "there").rename(path / "folder"), errno.EISDIR),
        (lambda path: (path / "none").chmod(0o600), errno.ENOENT),
        (lambda path: (path / "new").hardlink_to(path / "folder"), errno.EPERM),
    ],
)
@pytest.mark.usefixtures("installed")
def test_what_fails_in_both_ways_fails_as_before(
    place: Path, act: Callable[[Path], object], number: int
) -> None:
    """
    With the first answer: it is the kernel's, or a filesystem's.
    """
    with pytest.raises(OSError, match=r".") as error:
        act(place)

    assert error.value.errno == number


@pytest.mark.usefixtures("installed")
def test_links_and_descriptors_are_taken_as_before(place: Path) -> None:
    """
    What other programs ask os for, which shutil does, is answered alike.
    """
    descriptor = os.open(place, os.O_RDONLY)
    os.mkdir("new", dir_fd=descriptor)
    os.chmod(descriptor, 0o700)  # noqa: PTH101 - of a descriptor
    os.close(descriptor)
    shutil.rmtree(place / "new")

    assert {os.unlink, os.rmdir, os.chmod} <= os.supports_dir_fd
    assert os.chmod in os.supports_fd
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert os.access(place, os.W_OK)
    assert not os.access(place / "none", os.R_OK)
