"""
What sessions and services see: the container's variables and those derived from its state.

Pure but for `read`, `save` and `observe`; the forms that sshd, the shell and supervisord take are
made here and nowhere else, because each of them is an injection risk.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from slipway.environment import cpus, gpus
from slipway.environment.cpus import Cpus
from slipway.environment.gpus import Gpus
from slipway.settings.load import Settings
from slipway.system import atomic, mountinfo

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
_SHELL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class Surroundings(NamedTuple):
    """
    What the container's own state adds to its environment.
    """

    mounted: bool
    uid: int
    gid: int
    gpus: Gpus
    cpus: Cpus


def observe(workspace: str) -> Surroundings:
    """
    Read this container's own state, as the facts do for one seen from outside.
    """
    mounts = mountinfo.parse(Path("/proc/self/mountinfo").read_text(errors="surrogateescape"))
    mounted = mountinfo.is_volume(mounts, workspace)
    uid = gid = 0
    if mounted:
        try:
            status = Path(workspace).stat()
        except OSError:
            pass  # not readable, or gone: root's, as if nothing were mounted
        else:
            uid, gid = status.st_uid, status.st_gid
    return Surroundings(mounted, uid, gid, gpus.detect(), cpus.detect())


def derive(settings: Settings, surroundings: Surroundings) -> dict[str, str]:
    """
    Return the environment of every session and service.

    What the user set himself of CUDA_VISIBLE_DEVICES, OMP_NUM_THREADS and their kin is left alone.
    """
    environment, gpu_count = settings.environment, settings.gpu_count
    gpu = surroundings.gpus
    present = gpu.number if gpu.number is not None else gpu_count
    shown = present if gpu_count is None or present is None else min(gpu_count, present)
    derived = {
        "WORKSPACE": settings.workspace,
        "WORKSPACE_MOUNTED": "true" if surroundings.mounted else "false",
        "WORKSPACE_UID": str(surroundings.uid),
        "WORKSPACE_GID": str(surroundings.gid),
        **({} if shown is None else {"GPU_COUNT": str(shown)}),
        **gpus.visible(gpu, limit=gpu_count, given=frozenset(environment)),
        **cpus.threads(surroundings.cpus, wanted=settings.threads, environment=environment),
    }
    return {**environment, **derived}


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
    fit.sort(key=lambda name: (bool(_SHELL_NAME.match(name)), name))
    words: list[str] = []
    room = _SSHD_BYTES
    for name in fit:
        word = f"{name}={environment[name]}".replace("\\", "\\\\").replace('"', '\\"')
        size = len(word.encode(errors="surrogateescape"))
        if size <= room and len(words) < _SSHD_LIMIT:
            words.append(f'"{word}"')
            room -= size
    return f"SetEnv {' '.join(words)}\n" if words else ""


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
        if not _SHELL_NAME.match(name):
            continue
        export = f"export {name}={shlex.quote(value)}"
        if name == "PATH":
            patterns = " | ".join(map(shlex.quote, _DEFAULT_PATHS))
            lines.append(f'case "${{PATH-}}" in {patterns}) {export} ;; esac')
        lines.append(f'[ -n "${{{name}+x}}" ] || {export}')
        if engine.get(name, value) != value:
            lines.append(f'[ "${name}" != {shlex.quote(engine[name])} ] || {export}')
    return "".join(f"{line}\n" for line in lines)


def save(path: Path, environment: Mapping[str, str]) -> None:
    """
    Write the start's environment, NUL-separated as in /proc/PID/environ, for root only.
    """
    content = b"".join(
        os.fsencode(name) + b"=" + os.fsencode(value) + b"\0" for name, value in environment.items()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write(path, content, durable=False)


def read(path: Path) -> dict[str, str]:
    """
    Return the environment that `save` wrote. Raises OSError.
    """
    return parse(path.read_bytes().split(b"\0"))


def parse(words: Iterable[bytes]) -> dict[str, str]:
    """
    Split NAME=value words at the first `=`; others are no variables.
    """
    pairs = (os.fsdecode(word).partition("=") for word in words)
    return {name: value for name, separator, value in pairs if separator and name}
