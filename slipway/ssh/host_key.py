"""
The RSA host key, made while sshd answers already: 4096 bits take from half a second to several.

The convergence starts this and does not wait. Killed at any moment it leaves at most a draft, which
the next convergence has replaced.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

from slipway.contract import paths
from slipway.system import atomic, supervisor_rpc

KEY = Path("/etc/ssh/ssh_host_rsa_key")
BITS = 4096  # what the hardened policies ask for
PATIENCE = 5.0  # seconds for sshd to have read its files again

# sshd complains of a HostKey that is missing, so the line comes with the key
CONFIGURATION = Path("/etc/ssh/sshd_config.d/01-slipway-rsa.conf")
LINE = f"HostKey {KEY}\n".encode()


def main() -> None:
    """
    Make the key and have sshd offer it. Raises OSError and CalledProcessError.
    """
    draft = make(KEY)
    with atomic.lock(paths.LOCK):  # a convergence sees all of what follows, or nothing
        place(draft, KEY)
        atomic.write(CONFIGURATION, LINE, mode=0o644)
        reload()


def make(key: Path) -> Path:
    """
    Return a whole pair beside the key's place. Raises CalledProcessError.

    ssh-keygen inherits the lock that we were started under, and so keeps it should we be killed.
    """
    draft = Path(atomic.temporary(str(key)))
    for part in pair(draft):
        part.unlink(missing_ok=True)
    words = ["ssh-keygen", "-q", "-t", "rsa", "-b", str(BITS), "-N", "", "-C", "", "-f", str(draft)]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, close_fds=False)
    for part in pair(draft):
        descriptor = os.open(part, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    return draft


def place(draft: Path, key: Path) -> None:
    """
    Move a pair into its place, public part first: a private key there always has its public part.
    """
    for source, target in reversed(list(zip(pair(draft), pair(key), strict=True))):
        source.rename(target)


def pair(key: Path) -> tuple[Path, Path]:
    """
    Return the two files of a key.
    """
    return key, key.with_name(f"{key.name}.pub")


def reload() -> None:
    """
    Have sshd read its files again, if it runs; its sessions stay. Returns when it has.

    With files that it can't use it would end: it has said so, and the next convergence comes to it.
    """
    if subprocess.run([paths.SSHD, "-t"], check=False).returncode:
        return
    hang_up: list[supervisor_rpc.Call] = [("supervisor.signalProcess", ("sshd", "HUP"))]
    (answer,) = supervisor_rpc.call(paths.SUPERVISOR_SOCKET, hang_up, timeout=PATIENCE)
    if isinstance(answer, supervisor_rpc.Fault):
        return  # it does not run, and reads them when it starts
    deadline = time.monotonic() + PATIENCE
    while not _was_read() and time.monotonic() < deadline:
        time.sleep(0.01)  # it writes its pid file anew, and nothing tells when


def _was_read() -> bool:
    with contextlib.suppress(OSError):
        return paths.SSHD_PID.stat().st_mtime_ns > CONFIGURATION.stat().st_ctime_ns
    return False


if __name__ == "__main__":
    try:
        main()
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"slipway: RSA host key: {error}")
