"""
What sshd can use of its configuration: a line that it can't take costs itself, and no login.

sshd ends at the first line that it can't use, whoever wrote it. Where it would, it is given copies
of its files without the lines that it complains of (slipway.ssh.copies), and these are named until
they are mended.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from slipway.contract import paths
from slipway.ssh import configuration
from slipway.ssh.copies import Copies, LeftOut, Unusable
from slipway.system import atomic, files, locks, refused, slow, supervisor_rpc

TIMEOUT = 2.0  # seconds for `sshd -t`; it takes a hundredth of one, and waits for a FIFO for ever
_TICK = 10_000_000  # nanoseconds of a file's clock
PATIENCE = 5.0  # seconds for supervisord
UNUSABLE = "sshd can't use its configuration: "


def left_out() -> list[LeftOut]:
    """
    Return what the sshd that runs does without.
    """
    try:
        return parse(files.text(paths.SSHD_LEFT_OUT))
    except OSError:
        return []


def parse(text: str) -> list[LeftOut]:
    """
    Return what the record of it says.
    """
    try:
        return [LeftOut(*each) for each in json.loads(text)]
    except (ValueError, TypeError):
        return []


def settle() -> list[LeftOut]:
    """
    Have what sshd can use, and take down what is left out. Raises Unusable and OSError.
    """
    began = time.time_ns()
    with locks.hold(paths.SSHD_LOCK):  # a start of sshd's, a convergence and a watcher may be at it
        if not complaint(configuration.given_options()):
            paths.SSHD_LEFT_OUT.unlink(missing_ok=True)
            return []
        copies = Copies(configuration.given_main(), complaint)
        copies.mend()
        found = copies.left_out()
        atomic.write(paths.SSHD_LEFT_OUT, json.dumps(found).encode(), durable=False)
        os.utime(paths.SSHD_LEFT_OUT, ns=(began, began))  # what changes meanwhile is newer
        return found


def complaint(options: Sequence[str]) -> str:
    """
    Return what sshd says of a configuration that it can't use, "" of one that it can.

    Raises Unusable where it is killed: that is no word against a line.
    """
    try:
        done = slow.run([paths.SSHD, "-t", *options], patience=TIMEOUT)
    except subprocess.TimeoutExpired:
        return f"`sshd -t` says nothing for {TIMEOUT:.0f} s"
    if done.returncode < 0:
        raise Unusable(f"`sshd -t` is killed by signal {-done.returncode}")
    said = done.stderr.decode(errors="surrogateescape")
    return (
        (said.strip() or f"exit code {done.returncode}") if done.returncode else _unbound(options)
    )


def _unbound(options: Sequence[str]) -> str:
    """
    Return a complaint, as sshd's, of every ListenAddress where none is this container's.
    """
    main = configuration.main_of(options)
    lines = [line for line in configuration.read(main).lines if line.keyword == "listenaddress"]
    if not lines or any(_is_here(line.words[0]) for line in lines if line.words):
        return ""
    copies = str(paths.SSHD_COPIES)
    return "\n".join(
        f"{copies}{line.path} line {line.number}: no address of this container's" for line in lines
    )


def _is_here(value: str) -> bool:
    """
    Tell whether one can listen at the address of a ListenAddress.
    """
    host = value[1:].partition("]")[0] if value.startswith("[") else value
    if value.count(":") == 1:
        host = value.partition(":")[0]
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        return False
    for family, kind, protocol, _, address in found:
        with contextlib.suppress(OSError), socket.socket(family, kind, protocol) as probe:
            probe.bind(address)
            return True
    return False


def reload() -> bool:
    """
    Have a sshd that runs read its files again; its sessions stay. Raises Unusable and OSError.

    With files that it can't use it would end. From them to copies, and back, it is started anew.
    Tells whether it runs.
    """
    before = configuration.options()
    settle()
    _free_pid_file()
    began = time.time_ns()
    if configuration.options() == before:
        runs = _call("supervisor.signalProcess", "sshd", "HUP")
    else:
        runs = _call("supervisor.stopProcess", "sshd")
        runs = runs and _call("supervisor.startProcess", "sshd", False)
    if runs:
        _wait(began)
    return runs


def _free_pid_file() -> None:
    """
    Move away what no pid file can replace: by its time it is known whether sshd has read its files.
    """
    if paths.SSHD_PID.is_dir():
        with contextlib.suppress(OSError):
            paths.SSHD_PID.rename(f"{paths.SSHD_PID}.{time.time_ns()}")


def _wait(since: int) -> None:
    """
    Wait until sshd has read its files: it writes its pid file anew, and nothing tells when.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if paths.SSHD_PID.stat().st_mtime_ns > since - _TICK:
                return
        time.sleep(0.01)


def _call(method: str, *words: Any) -> bool:
    call: supervisor_rpc.Call = (method, words)
    (answer,) = supervisor_rpc.call(paths.SUPERVISOR_SOCKET, [call], timeout=PATIENCE)
    return not isinstance(answer, supervisor_rpc.Fault)  # one that does not run reads them later


def serve() -> None:
    """
    Become sshd. Raises Unusable and OSError.
    """
    paths.SSHD_FAILED.unlink(missing_ok=True)
    _free_pid_file()
    for each in settle():
        sys.stdout.write(f"slipway: left out: {each}\n")
    sys.stdout.flush()
    words = [paths.SSHD, "-D", "-e", "-o", f"PidFile={paths.SSHD_PID}", *configuration.options()]
    os.execv(paths.SSHD, words)  # noqa: S606 - words


if __name__ == "__main__":
    refused.install()
    try:
        reload() if sys.argv[1:] == ["reload"] else serve()
    except (OSError, Unusable) as trouble:
        sys.exit(f"{UNUSABLE}{trouble}")
