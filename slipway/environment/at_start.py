"""
What a start does before anything is supervised: the environment is read, saved and completed.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
import time

from slipway.contract import exits, paths
from slipway.environment import derived, extensions, gpus, places, programs, saved
from slipway.settings import providers
from slipway.settings.load import load
from slipway.settings.variables import Settings
from slipway.system import bounded_files, pid_one

# What a login sets by itself, and keeps of what was there
_LOGIN = {
    "COLORTERM", "DISPLAY", "HOME", "HOSTNAME", "LANG", "LANGUAGE", "LOGNAME", "LS_COLORS", "MAIL",
    "OLDPWD", "PATH", "PWD", "SHELL", "SHLVL", "TERM", "TZ", "USER", "_",
}  # fmt: skip


def inherited() -> dict[str, str]:
    """
    Return what this start was given: what we were started with, or PID 1, where we had a login.

    `su -`, `runuser -l`, sudo and `env -i` leave nothing of a container's variables.
    Where anything is left, who started us has chosen it.
    """
    own = saved.of_process("self")
    try:
        first = saved.of_process(str(pid_one.number()))
    except OSError:
        return own
    is_cleaned = not [name for name in own.keys() & first.keys() if not _is_of_login(name)]
    return {**first, **own} if is_cleaned else own


def _is_of_login(name: str) -> bool:
    return name in _LOGIN or name.startswith(("LC_", "SUDO_", "XDG_"))


def raise_limits() -> None:
    """
    Allow this process, and so every service, as many open files as the container may have.
    """
    with contextlib.suppress(OSError):  # a seccomp profile: they stay as they are
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def take(variables: dict[str, str]) -> None:
    """
    Have this process go on as one that was started with these variables.
    """
    os.environ.clear()
    os.environ.update(variables)
    time.tzset()  # an argument may have said where we are


def prepare(variables: dict[str, str]) -> dict[str, str]:
    """
    Save the environment of this start, and raise limits; returns what services see.

    Exits with 78 under strict.
    """
    places.prepare_start(providers.detect(variables).name)
    raise_limits()
    saved.save(paths.ENVIRONMENT, variables)
    for file in (paths.HEALTH, paths.UNSUPERVISED):  # of the container before a restart
        file.unlink(missing_ok=True)
    gpus.record(paths.DEVICES)
    loaded = load(
        variables,
        read=bounded_files.read,
        resolve=bounded_files.realpath,
        declared=extensions.here().variables,
        programs=programs.names,
    )
    if loaded.settings.strict and loaded.refusals:
        for refusal in loaded.refusals:
            print(f"slipway: refused: {refusal.variable}: {refusal.rule}", file=sys.stderr)
        print("slipway: the start ends here, as SLIPWAY_STRICT=true wants it", file=sys.stderr)
        sys.exit(exits.REFUSED)
    around = derived.observe(loaded.settings.workspace)
    kept = {name: value for name, value in variables.items() if name not in loaded.withheld}
    off, name = loaded.settings.services_off, Settings.services_off.name
    # supervisord reads the variable, also where a file has its value
    told = {name: ",".join(off)} if off and not kept.get(name) else {}
    return {**places.temporary(), **kept, **derived.derive(loaded.settings, around), **told}
