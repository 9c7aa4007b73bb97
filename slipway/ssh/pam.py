"""
Whether PAM lets somebody in, and what its session leaves him: asked as sshd asks it.

Any module may refuse, and limits.conf may leave a session that can't start a shell. No file says so
for sure. So PAM itself is asked, in a process of its own, as a session changes who opens it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
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
_MEANT = {6, 7, 8, 11, 13}  # permission denied, and the like: of an account, a rule may say so
# A distribution's own modules for accounts, by the beginning of the file: none refuses who has one
_USUAL = {"": ("pam_nologin", "pam_unix"), "common-": ("pam_unix", "pam_permit", "pam_deny")}
_DEEPEST = 8  # files that include each other
_NO_LOGIN = ("/etc/nologin", "/run/nologin")


class Refusal(NamedTuple):
    """
    Why no session opens.
    """

    what: str
    is_chosen: bool  # a rule says so, and somebody may want it
    place: str = ""  # the file and line that has it


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
    return parse(done.stdout.decode(errors="replace"), rules=account_rules(Path(PLACES[0])))


def account_rules(folder: Path) -> list[str]:
    """
    Return the places of the rules that somebody has made for accounts.
    """
    found = [path for path in _NO_LOGIN if Path(path).exists()]
    for path, number, words in _rules(folder, "sshd"):
        modules = re.findall(r"(pam_\w+)\.so", " ".join(words))
        usual = _USUAL["common-" if path.name.startswith("common-") else ""]
        if words[0].lstrip("-") == "account" and modules and modules[0] not in usual:
            found.append(f"{path} line {number}")
    return found


def _rules(folder: Path, service: str, *, depth: int = 0) -> Iterator[tuple[Path, int, list[str]]]:
    """
    Go through a service's lines, and those of the files that it includes.
    """
    path = folder / service
    for number, line in enumerate(files.shown(path).splitlines(), 1):
        words = line.partition("#")[0].split()
        if words:
            yield path, number, words
        is_include = words[:1] == ["@include"] or words[1:2] in (["include"], ["substack"])
        if is_include and depth < _DEEPEST:
            yield from _rules(folder, words[-1], depth=depth + 1)


def parse(said: str, *, rules: Sequence[str] = ()) -> Refusal | None:
    """
    Return what the process has said of each stage; one that stops half-way was ended in it.

    + rules: the places of those that somebody has made for accounts
    """
    stage = ""
    for line in said.splitlines():
        stage, number, words = (*line.split("\t"), "", "")[:3]
        if stage in ("done", "unknown"):
            return None
        if number:
            is_rule = stage == "account" and int(number) in _MEANT and bool(rules)
            place = rules[0] if is_rule and len(rules) == 1 else ""
            return Refusal(f"PAM refuses it ({stage}): {words}", is_rule, place)
    if stage == "shell":
        what = "PAM's session has no room for a shell: see /etc/security/limits.conf and limits.d"
        return Refusal(what, is_chosen=False)
    return Refusal(f"PAM ends it ({stage})", is_chosen=False) if stage else None
