"""
sshd's banner, asked for without filling its log.

sshd writes a line for every connection that ends before a login. Health asks every few seconds: the
lines of a week would have pushed all others out. So it asks from an address of its own, which no
other program has a reason to use, and supervisord leaves out the lines of connections from there;
those of a login of Slipway's own, too, which comes from the same address.
"""

from __future__ import annotations

import contextlib
import re
import socket
import time
from pathlib import Path

ADDRESS = "127.83.76.80"  # all of 127.0.0.0/8 is this machine (RFC 1122, section 3.2.1.3)
IDENTIFICATION = b"SSH-2.0-slipway-health\r\n"  # RFC 4253, section 4.2: without one, more lines
RELOAD = 1.0  # seconds: on SIGHUP sshd runs itself anew, some 30 ms of an idle machine
_BETWEEN = 0.05  # seconds
_FAREWELL = 0.5  # seconds for sshd to hang up; a busy one does it later
LONGEST = 255  # bytes of sshd's own line

# From the line's beginning, which is sshd's own: a later part may be a name that somebody tried to
# log in with. The second one comes from an sshd that was frozen when it was asked.
_FROM = rb"127\.83\.76\.80 port [0-9]+"
_TRACE = (
    rb"(?m)^(?:Connection (?:closed|reset) by (?:authenticating user \S+ )?%b"
    rb"|(?:ssh_dispatch_run_fatal|banner exchange): Connection from %b: [^\r\n\[]*"
    rb"|Timeout before authentication for (?:connection from )?%b[^\r\n\[]*"
    # of a login of Slipway's own, from its beginning to its end
    rb"|Accepted publickey for \S+ from %b ssh2: ED25519 SHA256:[\w+/]+"
    rb"|Received disconnect from %b:11: disconnected by user"
    rb"|Disconnected from (?:authenticating )?user \S+ %b"
    rb"|Unable to negotiate with %b: [^\r\n\[]*"
    rb")(?: ?\[preauth\])?\r?\n" % ((_FROM,) * 7)
)


def is_shown(*, address: str = "127.0.0.1", port: int, timeout: float, pid: int = 0) -> bool:
    """
    Tell whether an sshd of this machine says what it is, or would if others had not come first.

    It takes one connection after the other: 500 at once, or 50 logins, keep the next one waiting
    for 2 to 7 seconds on two processors. That is no sshd that hangs: one that does has no turn of
    the processor, this one has many. One that reads its files again listens nowhere for a moment,
    and drops who waits: it is asked again.

    + address: where it listens
    + timeout: in seconds, for each step
    + pid: of the sshd that listens; 0 where it is not known, and nothing is excused
    """
    turns = _turns(pid)
    deadline = time.monotonic() + (RELOAD if pid else 0)
    while True:
        banner = b""
        try:
            banner = _ask(address, port, timeout)
        except TimeoutError:
            return _turns(pid) > turns
        except OSError:
            pass  # nobody listens, or who waited was dropped
        if banner or time.monotonic() >= deadline:
            return banner.startswith(b"SSH-")
        time.sleep(_BETWEEN)


def _ask(address: str, port: int, timeout: float) -> bytes:
    """
    Return the first line that is said there. Raises OSError, of that TimeoutError for silence.
    """
    banner = b""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as connection:
        connection.settimeout(timeout)
        if family == socket.AF_INET:  # IPv6 has one loopback address alone
            connection.bind((ADDRESS, 0))
        connection.connect((address, port))
        connection.sendall(IDENTIFICATION)
        while b"\n" not in banner and len(banner) < LONGEST:
            if not (part := connection.recv(LONGEST)):
                break
            banner += part
        with contextlib.suppress(OSError):
            connection.settimeout(min(timeout, _FAREWELL))
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):  # closed with something unread, it would be a reset
                pass
    return banner


def _turns(pid: int) -> int:
    """
    Return how often a process has had the processor (proc_pid_status(5)), 0 for none.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(errors="replace")
    except OSError:
        return 0
    return sum(map(int, re.findall(r"^\w*voluntary_ctxt_switches:\s*(\d+)", status, re.MULTILINE)))


def without_traces(output: bytes) -> bytes:
    """
    Return sshd's output without the lines that `is_shown` has caused.
    """
    return re.sub(_TRACE, b"", output) if ADDRESS.encode() in output else output
