"""
`slipway doctor`: what this container can do, and which condition is missing where it can't.
"""

from __future__ import annotations

import argparse
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from slipway.commands import announcement, output, platforms, remedies
from slipway.commands.remedies import Option
from slipway.contract import exits
from slipway.converge import light_pyinfra
from slipway.environment import cuda, room
from slipway.environment.cuda import Cuda
from slipway.environment.gpus import Gpus
from slipway.services import told as supervisord
from slipway.settings import providers
from slipway.ssh import capabilities, logins, situation, trial, verdict
from slipway.ssh.login import Obstacle, refused
from slipway.system import files, mountinfo
from slipway.system.counting import counted
from slipway.system.mountinfo import Mount

_TIMEOUT = 5.0  # seconds for supervisord's answer
# Mounts that engines make for themselves, and kinds of file systems whose stat may hang
_ENGINES = ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/proc/", "/sys/", "/dev/", "/run/")
_REMOTE = ("fuse", "nfs", "cifs", "9p", "ceph")
_RUN = "run the container with "  # what options come after, in the words of an obstacle
_NO_GPU = "where the host has NVIDIA's, run the container with --gpus all"
_PROVIDER = "provider"
_OF_PODMAN = Path("/run/.containerenv")  # podman-run(1); its pods have no variable that tells
_NO_SSHD = "not tried: no sshd of Slipway's runs"


class Finding(NamedTuple):
    """
    One ability of the container.
    """

    feature: str
    works: bool
    detail: str
    options: tuple[Option, ...] = ()  # of `docker run`, that would help

    def __str__(self) -> str:
        return f"{'yes' if self.works else 'no':4}{self.feature:26}{self.detail}"


def arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare them.
    """
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(options: argparse.Namespace) -> int:
    """
    Print what was found, one ability a line.
    """
    findings = examine()
    missing = [option for finding in findings for option in finding.options]
    output.show(
        [_document(finding) for finding in findings] if options.json else None,
        [*map(str, findings), *platforms.lines(missing, _place(findings))],
    )
    return exits.OK


def _document(finding: Finding) -> dict[str, Any]:
    return {**finding._asdict(), "options": list(map(str, finding.options))}


def examine() -> list[Finding]:
    """
    Ask the facts that the tasks ask, then log in.
    """
    findings = [*_surroundings(), *_login()]
    place = _place(findings)
    return [each._replace(detail=platforms.advice(each.detail, place)) for each in findings]


def _place(findings: list[Finding]) -> str:
    """
    Return what runs this container.
    """
    return next(each.detail for each in findings if each.feature == _PROVIDER)


def _login() -> list[Finding]:
    """
    Say what stands against each login, and try the one that health promises.
    """
    sshd = _sshd()
    found = verdict.look(keep=False, pid=sshd, proves=False)
    limits = [obstacle for obstacle in found.obstacles if not obstacle.refuses]
    ports = f"on port {', '.join(map(str, found.ports))}"
    findings = _can_log_in(found.user, found.obstacles, ports)
    for user in logins.others():
        findings += _can_log_in(user, situation.judged(user).situation.obstacles, ports)
    findings += [Finding("logins without limits", works=False, detail=str(each)) for each in limits]
    findings[0] = findings[0]._replace(options=_capabilities(sshd, found.obstacles))
    if not sshd:
        return [*findings, Finding("a login of its own", works=False, detail=_NO_SSHD)]
    try:
        outcome = trial.attempt(found)
    except (OSError, subprocess.SubprocessError) as error:
        outcome = trial.Outcome(works=False, words=f"not tried: {error}")
    return [*findings, Finding("a login of its own", outcome.works, outcome.words)]


def _can_log_in(user: str, obstacles: list[Obstacle], ports: str) -> list[Finding]:
    feature = f"{user} can log in"
    return [
        Finding(feature, works=False, detail=str(each).removeprefix(refused(user)))
        for each in obstacles
        if each.refuses
    ] or [Finding(feature, works=True, detail=ports)]


def _capabilities(sshd: int, obstacles: list[Obstacle]) -> tuple[Option, ...]:
    """
    Return what gives sshd the capabilities that it lacks, all of them.

    Without that for its port none is running, which could be asked.
    """
    status = files.readable(Path(f"/proc/{sshd or 'self'}/status")) or b""
    held = capabilities.mask(status.decode(errors="replace"))
    terminal = capabilities.TERMINAL if capabilities.is_audited() else ()
    names = capabilities.missing(held, (*capabilities.SESSION, *terminal))
    bind = [capabilities.BIND for each in obstacles if capabilities.BIND in each.what]
    return tuple(remedies.capabilities([*names, *bind]))


def _sshd() -> int:
    """
    Return the process that supervisord knows as sshd; 0 where none runs.
    """
    try:
        programs = supervisord.ask(timeout=_TIMEOUT).programs
    except OSError:
        return 0
    return next((int(each["pid"]) for each in programs if each["name"] == "sshd"), 0)


def _surroundings() -> list[Finding]:
    light_pyinfra.install()
    # pyinfra comes after its stand-ins
    from slipway.converge import here  # noqa: PLC0415
    from slipway.facts.acl import AclObstacle  # noqa: PLC0415
    from slipway.facts.gpus import CudaState, GpuDevices  # noqa: PLC0415
    from slipway.facts.mounts import FuseObstacle, Mounts  # noqa: PLC0415

    with here.connected() as (host, loaded):
        workspace = loaded.settings.workspace
        mounts = host.get_fact(Mounts)
        volume = mountinfo.is_volume(mounts, workspace)
        acl = host.get_fact(AclObstacle, path=workspace)
        fuse = host.get_fact(FuseObstacle)
        gpus = host.get_fact(GpuDevices)
        nvidia = host.get_fact(CudaState) if gpus.vendor == "nvidia" else cuda.NONE
    keys = announcement.known_keys()
    held = mountinfo.holding(mounts, workspace)
    shared = volume and held is not None and held.shared
    passing = mountinfo.fleeting(mounts, workspace)
    where = f"{passing}" if passing else "a mounted volume" if volume else "part of the container"
    limits = room.look()
    locked, memory = room.of_locked(limits), room.of_shared(limits)
    number = "not numbered" if gpus.number is None else str(gpus.number)
    return [
        Finding(
            "keys to log in with",
            bool(keys),
            counted(len(keys), "key"),
            () if keys else (remedies.KEY,),
        ),
        Finding(
            "workspace outlives us",
            volume and not passing,
            f"{workspace} is {where}",
            () if volume and not passing else (remedies.volume(workspace),),
        ),
        Finding("workspace ACL", not acl, acl or f"supported at {workspace}"),
        Finding(
            "FUSE mounts", not fuse, fuse or "device and capability are there", _of_words(fuse)
        ),
        Finding(
            "mounts seen from outside",
            shared,
            "the workspace's mount is shared"
            if shared
            else "mount the workspace with :rshared from a shared mount of the host",
        ),
        Finding(
            "GPUs",
            bool(gpus.vendor),
            f"{gpus.vendor} {number}" if gpus.vendor else f"none found; {_NO_GPU}",
        ),
        _files(mounts),
        *_cuda(gpus, nvidia, loaded.settings.environment),
        Finding("locked memory", *locked, () if locked[0] else (remedies.LOCKED,)),
        Finding("shared memory", *memory, () if memory[0] else (remedies.SHARED,)),
        Finding(_PROVIDER, True, _provider(loaded.settings.provider)),
    ]


def _provider(told: str) -> str:
    """
    Return what runs this container, which variables may leave open.
    """
    is_podman = told == providers.DOCKER.name and _OF_PODMAN.exists()
    return providers.PODMAN.name if is_podman else told


def _of_words(obstacle: str) -> tuple[Option, ...]:
    """
    Return the options that an obstacle's own words end with.
    """
    words = obstacle.partition(_RUN)[2].split()
    return tuple(map(Option, words[::2], words[1::2]))


def _files(mounts: list[Mount]) -> Finding:
    """
    Name the files that are mounted by themselves, for writing; those of the engine are its own.
    """
    files = [
        mount.point
        for mount in mounts
        if "ro" not in mount.options
        and not mount.point.startswith(_ENGINES)
        and not mount.type.startswith(_REMOTE)
        and os.path.isfile(mount.point)  # noqa: PTH113 - there may be many
    ]
    words = (
        f"{', '.join(sorted(files))}: who puts a new file in its place (`rclone config`, `git "
        "config`, `useradd`, `sed -i`) fails with `Device or resource busy`; mount the directory"
    )
    return Finding("files can be replaced", not files, words if files else "none is mounted")


def _cuda(gpus: Gpus, nvidia: Cuda, environment: Mapping[str, str]) -> list[Finding]:
    """
    Say whether CUDA can work, where there are cards for it.
    """
    if gpus.vendor != "nvidia":
        return []
    obstacles = cuda.obstacles(gpus, nvidia, environment)
    told = cuda.told(nvidia, environment)
    return [Finding("CUDA", works=False, detail=each) for each in obstacles] or [
        Finding("CUDA", works=True, detail=told)
    ]
