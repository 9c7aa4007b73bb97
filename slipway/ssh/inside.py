"""
What a process in the container sees of sshd's surroundings, where a shell would start others.

Each does what the command of a fact in slipway.facts.ssh does, and tests run the two side by side.
"""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import os
import re
import socket
import stat
import time
from pathlib import Path

from slipway.system import early
from slipway.system.bounded_files import BoundedFiles

OS_RELEASE = "/etc/os-release"
_QUESTIONS = (("ssh", "-V"), ("ssh", "-Q", "kex"))  # the first answers in standard error
_HOST_KEY_LINE = rb"(?mi)^[ \t]*HostKey[ \t=].*$"
_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
# os-release(5): an assignment that means the same to us as to a shell
_ASSIGNED = r"(ID|VERSION_ID)=(?:\"([^\"$`\\]*)\"|'([^']*)'|([\w.~+-]*))\s*"


def host_keys(directory: str) -> list[str]:
    """
    Return the names of the private keys that are whole and have a public part.
    """
    files = BoundedFiles()
    found = []
    with contextlib.suppress(OSError):
        for name in _key_names(files, directory):
            key = f"{directory}/{name}"
            with contextlib.suppress(OSError):
                if _has_content(files, f"{key}.pub") and _has_content(files, key):
                    found += [name] if _is_whole(files.read(key)) else []
    return found


def _key_names(files: BoundedFiles, directory: str) -> list[str]:
    names: list[str] = files.ask(lambda: os.listdir(directory), directory)  # noqa: PTH208 - names
    return sorted(fnmatch.filter(names, "ssh_host_*_key"))


def _has_content(files: BoundedFiles, path: str) -> bool:
    status = files.stat(path)
    return stat.S_ISREG(status.mode) and status.size > 0


def _is_whole(key: bytes) -> bool:
    lines = [line for line in key.split(b"\n")[:-1] if line]
    return (
        re.match(rb"-----BEGIN.*-----END", b"".join(lines[:1] + lines[-1:]), re.DOTALL) is not None
    )


def newer(than: str, places: list[str], keys: str) -> list[str]:
    """
    Return a file that has changed since another was written, or that one where it is of the future.

    + than: what is compared with, by its time of modification; where it is not, nothing is newer
    + places: files, and directories with what is in them; links are not followed
    + keys: the directory of the host keys; one that no line of these files names is none of sshd's
    """
    files, now = BoundedFiles(), time.time_ns()
    try:
        since = files.ask(lambda: os.lstat(than).st_mtime_ns, than)
    except OSError:
        return []
    if since > now:
        return [than]
    read = [path for place in places for path in (place, *_within(files, place))]
    own: list[str] = []
    with contextlib.suppress(OSError):
        own = [f"{keys}/{name}" for name in _key_names(files, keys)]
    for path in (*read, *own):
        is_newer = since < _changed(files, path) <= now
        if is_newer and (path not in own or _is_served(files, path, read)):
            return [path]
    return []


def _within(files: BoundedFiles, place: str) -> list[str]:
    return [f"{place}/{name}" for name in _listed(files, place)]


def _is_served(files: BoundedFiles, key: str, configuration: list[str]) -> bool:
    """
    Tell whether sshd is told of a host key; where it is told of none, it takes the usual ones.
    """
    lines: list[bytes] = []
    for path in configuration:
        with contextlib.suppress(OSError):
            if stat.S_ISREG(files.stat(path).mode):
                lines += re.findall(_HOST_KEY_LINE, files.read(path))
    return not lines or any(os.fsencode(key) in line for line in lines)


def _listed(files: BoundedFiles, place: str) -> list[str]:
    with contextlib.suppress(OSError):
        if stat.S_ISDIR(files.lstat(place).mode):
            names: list[str] = files.ask(lambda: os.listdir(place), place)  # noqa: PTH208 - names
            return names
    return []


def _changed(files: BoundedFiles, path: str) -> int:
    """
    Return when something was changed, in nanoseconds since the epoch; 0 where it is not there.
    """
    with contextlib.suppress(OSError):
        changed: int = files.ask(lambda: os.lstat(path).st_ctime_ns, path)
        return changed
    return 0


def has_weak_moduli(path: str, bits: int) -> bool:
    """
    Tell whether moduli(5) has a group of fewer bits; a line that says none is no better.
    """
    try:
        *lines, last = BoundedFiles().read(path).split(b"\n")
    except OSError:
        return False
    lines += [last] if last else []
    sizes = {(line.split(None, 5) + [b""] * 5)[4] for line in lines if not line.startswith(b"#")}
    most = bits - 1  # one less is written down
    return any(int(size) < most if size.isdigit() else size < str(most).encode() for size in sizes)


def listening(port: int) -> str:
    """
    Return the pattern of a line of the kernel's tables: a socket that listens on a port.

    State 0A of /proc/net/tcp is LISTEN; ports are in hexadecimal (proc(5)).
    """
    return f":{port:04X} [0-9A-F]+:0000 0A"


def listeners(port: int) -> list[str]:
    """
    Return the lines of the kernel's tables that are TCP sockets listening on a port.

    The tables take milliseconds, for the kernel goes through all that there could be. A port that
    can be had is nobody's: then they are not looked at.
    """
    if is_free(port):
        return []
    pattern, found = re.compile(listening(port)), []
    for table in _TABLES:
        with contextlib.suppress(OSError):  # without IPv6 there is no second one
            lines = Path(table).read_text().splitlines()
            found += [line for line in lines if pattern.search(line)]
    return found


def is_free(port: int) -> bool:
    """
    Tell whether nobody listens on a TCP port.
    """
    return _can_bind(socket.AF_INET, "", port) and _can_bind(socket.AF_INET6, "::", port)


def _can_bind(family: socket.AddressFamily, address: str, port: int) -> bool:
    try:
        with socket.socket(family) as probe:
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            # what is left of old connections is in nobody's way: a listener still is
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OverflowError:  # no port, whatever sshd's configuration says
        return False
    except OSError as error:
        return error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)  # no IPv6 here
    return True


def begin() -> None:
    """
    Ask ssh what it is, for `abilities`: at a start, while much is still imported.
    """
    for words in _QUESTIONS:
        early.begin(words)


def abilities(os_release: str) -> bytes:
    """
    Return the distribution's name in a line, then what `ssh -V` and `ssh -Q kex` print.
    """
    begin()
    lines = [f"{_distribution(os_release)}\n\n".encode()]
    for words in _QUESTIONS:
        with contextlib.suppress(OSError):  # an image in its first operation has no ssh
            answer = early.run(words)
            lines += [answer.stdout, answer.stderr]
    return b"".join(lines)


def _distribution(path: str) -> str:
    """
    Return ID and VERSION_ID of os-release(5) as "debian-12".
    """
    found = {"ID": "", "VERSION_ID": ""}
    try:
        lines = BoundedFiles().read(path).decode(errors="replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        if assigned := re.fullmatch(_ASSIGNED, line):
            found[assigned[1]] = next((text for text in assigned.groups()[1:] if text), "")
    return f"{found['ID']}-{found['VERSION_ID']}"
