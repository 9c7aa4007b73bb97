"""
rclone's remotes, those of its configuration file and those made of variables.
"""

from __future__ import annotations

import fnmatch
import os
import posixpath
import re
import stat
from collections import defaultdict
from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple

from pyinfra.api import FactBase, QuoteString, StringCommand

from slipway.connectors.native import is_there, unless_nothing
from slipway.contract.paths import RCLONE_CONF, SHELL_ENVIRONMENT, SUPERVISOR_PROGRAMS
from slipway.remotes.configuration_file import is_leftover
from slipway.remotes.states import PROGRAM_MARK
from slipway.system.bounded_files import BoundedFiles
from slipway.system.files import LARGEST

# A remote control of the user's would serve this question, too, or keep it from being answered.
_WITHOUT_CONTROL = (
    r"for name in $(env | sed -n 's/^\(RCLONE_RC[A-Z_]*\)=.*/\1/p'); do unset $name; done; "
)
# A file that somebody has broken would end the shell: it is tried in another one first
_READ = f". {SHELL_ENVIRONMENT}"
_VARIABLES = f"[ ! -f {SHELL_ENVIRONMENT} ] || ! ( {_READ} ) >/dev/null 2>&1 || {_READ}; "
# rclone would wait for a FIFO, and read a device or gigabytes to its end
_UNREADABLE = (
    '[ -e "$conf" ] && ! [ "$conf" -ef /dev/null ] && ! { [ -f "$conf" ] '
    f'&& [ "$(stat -Lc %s -- "$conf")" -le {LARGEST} ]; }}'
)
# What rclone itself writes back while it runs: no reason to mount again.
_WRITTEN_BACK = r"token|cookie|session|expir|salted|client_(uid|access|refresh)"
_ENCRYPTED = "RCLONE_ENCRYPT_V"  # a line of an encrypted file, below a comment
_CAP_FOWNER = 1 << 3  # capabilities(7): may change the mode of others' files
_NOBODYS = "65534"  # the owner of what belongs to nobody in this user namespace


class RcloneRemotes(FactBase["list[str] | None"]):
    """
    Returns the names of the remotes; None where rclone can't read its configuration.

    rclone is run only where there is something to read: it takes 50 ms to say "none".
    """

    @staticmethod
    def default() -> list[str]:
        """No output: nothing is configured."""
        return []

    def command(self) -> StringCommand:
        """Ask rclone with the container's own variables, which nobody else may see in argv."""
        configured = f'"${{RCLONE_CONFIG:-{RCLONE_CONF}}}"'
        # `export` starts no process, and nearly always there is nothing
        command = StringCommand(
            f"{_VARIABLES}conf={configured}; if {_UNREADABLE}; then echo '!broken'; "
            'elif [ -s "$conf" ] '
            "|| case $(export -p) in *RCLONE_CONFIG_*_TYPE=*) true ;; *) false ;; esac; then "
            f'{_WITHOUT_CONTROL}RCLONE_CONFIG="$conf" '
            "rclone listremotes 2>/dev/null || echo '!broken'; fi"
        )
        return unless_nothing(command, may_have_remotes)

    def process(self, output: list[str]) -> list[str] | None:
        """Drop the colon that rclone prints after each name."""
        if "!broken" in output:
            return None
        return [line.removesuffix(":") for line in output if line.endswith(":")]


class Configuration(NamedTuple):
    """
    rclone's configuration file.
    """

    mode: str  # octal: "600"; "" for anything but a regular file
    is_changeable: bool  # its mode can be changed from here
    digests: dict[str, str]  # of each remote's options, but for what rclone writes back
    is_encrypted: bool = False


class RcloneConfiguration(FactBase["Configuration | None"]):
    """
    Returns what there is to know of the configuration file; None where there is none.

    The options themselves, which may be secrets, stay in here.
    """

    def command(self, path: str) -> StringCommand:
        """Stat it without following a link, ask whether it can be written, and read a file."""
        file = QuoteString(path)
        # fmt: off
        command = StringCommand(
            "LC_ALL=C", "stat", "-c", "'%F|%a|%u'", "--", file, "2>/dev/null", "&&",
            "{", "grep", "^CapEff:", "/proc/self/status", "&&",
            "if", "[", "-w", file, "]", ";", "then", "echo", "rw", ";", "else", "echo", "ro", ";",
            "fi", ";", "[", "!", "-f", file, "]", "||",
            "head", "-c", str(LARGEST), "--", file, "2>/dev/null", ";", "}", "||", "true",
        )
        # fmt: on
        return unless_nothing(command, lambda: is_there(path))

    def process(self, output: list[str]) -> Configuration:
        """Parse it as rclone does: sections of one name are one."""
        kind, mode, uid = output[0].split("|")
        capabilities = int(output[1].split()[1], 16)
        is_ours = uid == "0" or (capabilities & _CAP_FOWNER and uid != _NOBODYS)
        return Configuration(
            mode=mode if kind.startswith("regular") else "",
            is_changeable=bool(is_ours) and output[2] == "rw",
            digests=_digests(output[3:]),
            is_encrypted=any(line.startswith(_ENCRYPTED) for line in output[3:]),
        )


class Beside(NamedTuple):
    """
    Where the configuration file really is, and the empty files that rclone left there.
    """

    path: str
    leftovers: list[str]


class BesideConfiguration(FactBase["Beside | None"]):
    """
    Returns what rclone left beside its file when it could not replace it; None where there is none.
    """

    def command(self, path: str) -> StringCommand:
        """Follow links as rclone does, and list the empty files of that directory."""
        # fmt: off
        return StringCommand(
            "real=$(readlink", "-e", "--", QuoteString(path), ")", "&&", "echo", '"$real"', "&&",
            "timeout", "5", "find", '"$(dirname "$real")"', "-maxdepth", "1", "-type", "f",
            "-empty", "2>/dev/null", "||", "true",
        )
        # fmt: on

    def process(self, output: list[str]) -> Beside:
        """Take those that have a name of rclone's giving."""
        path, *files = output
        return Beside(path, sorted(file for file in files if is_leftover(file, path)))


def may_have_remotes() -> bool:
    """
    Tell whether there is a file or a variable that may have one: rclone and a shell take 50 ms.
    """
    files = BoundedFiles()
    try:
        if is_there(str(RCLONE_CONF)):
            status = files.stat(str(RCLONE_CONF))
            if status.size or not stat.S_ISREG(status.mode):
                return True
        here = files.read("/proc/self/environ")
        there = files.read(str(SHELL_ENVIRONMENT)) if is_there(str(SHELL_ENVIRONMENT)) else b""
    except OSError:
        return True
    is_plain = all(line.startswith(b"export ") for line in there.splitlines())
    return not is_plain or b"RCLONE_CONFIG" in here + there


def _has_programs() -> bool:
    try:
        names: list[str] = BoundedFiles().ask(
            lambda: os.listdir(SUPERVISOR_PROGRAMS),  # noqa: PTH208 - names
            str(SUPERVISOR_PROGRAMS),
        )
    except OSError:
        return True
    return bool(fnmatch.filter(names, "remote-*.conf"))


def _digests(lines: list[str]) -> dict[str, str]:
    options: dict[str, dict[str, str]] = defaultdict(dict)
    section = ""
    for line in map(str.strip, lines):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip()
        elif line and line[0] not in "#;":
            name, _, value = line.partition("=")
            if not re.search(_WRITTEN_BACK, name):
                options[section][name.strip()] = value.strip()
    return {
        section: sha256(
            repr(
                [(name, sorted(options[name].items())) for name in _used(section, options)]
            ).encode()
        ).hexdigest()[:12]
        for section in options
        if section
    }


def _used(section: str, options: Mapping[str, Mapping[str, str]]) -> list[str]:
    """
    Return a remote and those that it stands on: an alias, crypt or union names them as `NAME:`.
    """
    found, left = set(), [section]
    while left:
        name = left.pop()
        found.add(name)
        values = "\n".join(options[name].values())
        left += [
            other
            for other in options.keys() - found
            if other and re.search(rf"(?<![\w.+@-]){re.escape(other)}:", values)
        ]
    return sorted(found)


class RemotePrograms(FactBase[dict[str, str]]):
    """
    Returns the mount programs that are configured, with the remote of each.
    """

    default = dict

    def command(self) -> StringCommand:
        """Read the first line of each file, which is ours."""
        command = StringCommand(
            "grep -H -D skip",
            QuoteString(PROGRAM_MARK),
            f"{SUPERVISOR_PROGRAMS}/remote-*.conf || true",
        )
        return unless_nothing(command, _has_programs)

    def process(self, output: list[str]) -> dict[str, str]:
        """Split PATH/PROGRAM.conf:MARK REMOTE."""
        found = {}
        for line in output:
            path, _, remote = line.partition(f":{PROGRAM_MARK}")
            found[posixpath.basename(path).removesuffix(".conf")] = remote
        return found
