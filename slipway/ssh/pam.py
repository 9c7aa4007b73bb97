"""
Whether PAM lets somebody in, and what its session leaves him: asked as sshd asks it.

Any module may refuse, and limits.conf may leave a session that can't start a shell. No file says so
for sure. So PAM itself is asked, in a process of its own, as a session changes who opens it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from slipway.system import files, slow

TIMEOUT = 2.0  # seconds; it takes a tenth of one
PLACES = (
    *("/etc/pam.d", "/etc/security", "/etc/security/limits.d", "/etc/nologin", "/run/nologin"),
    *("/etc/motd.d", "/etc/update-motd.d"),  # what pam_motd shows, and what it runs
)
_CHANGING = ("/run/", "/var/", "/dev/", "/proc/")  # with each login, some of them
_RULES = ("sshd", "common-*", "other")  # in /etc/pam.d
_MEANT = {6, 7, 8, 11, 13}  # permission denied, and the like: of an account, a rule says so


class Refusal(NamedTuple):
    """
    Why no session opens.
    """

    what: str
    is_chosen: bool  # a rule says so, and somebody may want it


def rests_on() -> list[str]:
    """
    Return the paths that its answer depends on, as far as they are known.
    """
    inside = [str(path) for place in PLACES for path in sorted(Path(place).glob("*"))]
    texts = [files.readable(path) for name in _RULES for path in Path(PLACES[0]).glob(name)]
    lines = [line.partition(b"#")[0] for text in texts for line in (text or b"").splitlines()]
    named = [found for line in lines for found in re.findall(rb"(?:[\s=])(/[^\s\]]+)", line)]
    files_named = (path.decode(errors="surrogateescape") for path in named)
    return [*PLACES, *inside, *(path for path in files_named if not path.startswith(_CHANGING))]


def refusal(user: str, *, address: str, shell: str) -> Refusal | None:
    """
    Return why PAM keeps a user from a session; None where it does not, or can't be asked.

    + address: where he comes from
    + shell: what is run in the session
    """
    words = [sys.executable, "-I", "-m", "slipway.ssh.pam_session", user, address, shell]
    try:
        done = slow.run(words, patience=TIMEOUT)
    except subprocess.TimeoutExpired:
        return Refusal(f"PAM opens no session within {TIMEOUT:.0f} s", is_chosen=False)
    except OSError:
        return None
    return parse(done.stdout.decode(errors="replace"))


def parse(said: str) -> Refusal | None:
    """
    Return what the process has said of each stage; one that stops half-way was ended in it.
    """
    stage = ""
    for line in said.splitlines():
        stage, number, words = (*line.split("\t"), "", "")[:3]
        if stage in ("done", "unknown"):
            return None
        if number:
            is_rule = stage == "account" and int(number) in _MEANT
            return Refusal(f"PAM refuses it ({stage}): {words}", is_chosen=is_rule)
    if stage == "shell":
        what = "PAM's session has no room for a shell: see /etc/security/limits.conf and limits.d"
        return Refusal(what, is_chosen=False)
    return Refusal(f"PAM ends it ({stage})", is_chosen=False) if stage else None
