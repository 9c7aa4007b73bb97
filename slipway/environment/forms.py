"""
The forms that sshd and shells take the variables in: made here alone, as each is an injection risk.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

_SSHD_LIMIT = 900  # of sshd's 1000; it adds some of its own and of PAM's
_SSHD_BYTES = 200_000  # of the 256 KiB, configuration and all, that its processes tell each other
# Those of Debian's and Ubuntu's /etc/profile, login.defs(5), sshd, bash and dash
_DEFAULT_PATHS = (
    "",
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games",
    "/usr/local/bin:/usr/bin:/bin:/usr/games",
    "/usr/bin:/bin:/usr/sbin:/sbin",
    "/usr/bin:/bin",
)
_SHELL_NAME = r"[A-Za-z_][A-Za-z0-9_]*\Z"


def for_sshd(environment: Mapping[str, str]) -> str:
    r"""
    Return the SetEnv line of sshd_config(5); "" for no variables.

    One line, because the first SetEnv wins. Within double quotes sshd knows the escapes \" and
    \\ only. A value with a newline has no form here; a session with more than a thousand variables
    is ended by sshd (child_set_env in its session.c), and one with 252,000 bytes of them never
    begins: bash, which reads its start-up file when sshd runs it, gets the rest from there. So
    names that no shell can hold come first.
    """
    fit = [name for name, value in environment.items() if "\n" not in name + value]
    fit.sort(key=lambda name: (bool(re.match(_SHELL_NAME, name)), name))
    words: list[str] = []
    room = _SSHD_BYTES
    for name in fit:
        word = f"{name}={environment[name]}".replace("\\", "\\\\").replace('"', '\\"')
        size = len(word.encode(errors="surrogateescape"))
        if size <= room and len(words) < _SSHD_LIMIT:
            words.append(f'"{word}"')
            room -= size
    return f"SetEnv {' '.join(words)}\n" if words else ""


def for_sshd_by_user(
    environment: Mapping[str, str], public: Mapping[str, str], *, owners: Sequence[str] = ("root",)
) -> str:
    """
    Return the lines that give root all of the variables, and other users those that hold no secret.

    + public: what anybody may see
    + owners: who sees all: the login of SLIPWAY_USER, too
    """
    others = ",".join(f"!{name}" for name in owners)
    matches = (f"User {','.join(owners)}", environment), (f"User *,{others}", public)
    lines = [(f"Match {who}\n", for_sshd(variables)) for who, variables in matches]
    return "".join(match + line for match, line in lines if line)


def for_shell(environment: Mapping[str, str], *, engine: Mapping[str, str]) -> str:
    """
    Return lines for sh that export what is not set yet; names that no shell can hold are left out.

    What a session has set itself stays. What the engine set (`docker exec`) and Slipway knows
    better (`KEY=value` arguments, the canonical WORKSPACE) is replaced, and so is a PATH that is
    nothing but a default: /etc/profile has just set it.

    + engine: the variables of PID 1
    """
    lines = []
    for name, value in sorted(environment.items()):
        if not re.match(_SHELL_NAME, name):
            continue
        export = f"export {name}={shlex.quote(value)}"
        if name == "PATH":
            patterns = " | ".join(map(shlex.quote, _DEFAULT_PATHS))
            lines.append(f'case "${{PATH-}}" in {patterns}) {export} ;; esac')
        lines.append(f'[ -n "${{{name}+x}}" ] || {export}')
        if engine.get(name, value) != value:
            lines.append(f'[ "${name}" != {shlex.quote(engine[name])} ] || {export}')
    return "".join(f"{line}\n" for line in lines)
