"""
The surroundings of the host that pyinfra is at, by facts: the same from inside and from outside.
"""

from __future__ import annotations

from typing import NamedTuple

from pyinfra import host

from slipway.environment.cuda import NONE
from slipway.environment.derived import Surroundings
from slipway.facts.cpus import CpuQuota
from slipway.facts.gpus import CudaState, GpuDevices
from slipway.facts.mounts import DirectoryOwner, Mounts
from slipway.system import mountinfo


class Workspace(NamedTuple):
    """
    Whether a workspace is a mounted volume, and whose it is: root's where nothing is mounted.
    """

    mounted: bool
    uid: int
    gid: int


def of_host(workspace: str) -> Surroundings:
    """
    Return what `environment.observe` returns inside.
    """
    gpus, cpus = host.get_fact(GpuDevices), host.get_fact(CpuQuota)
    cuda = host.get_fact(CudaState) if gpus.vendor == "nvidia" else NONE
    return Surroundings(*of_workspace(workspace), gpus, cpus, cuda)


def of_workspace(path: str) -> Workspace:
    """
    Return the part of it that is the workspace's.
    """
    mounted = mountinfo.is_volume(host.get_fact(Mounts), path)
    owner = host.get_fact(DirectoryOwner, path=path) if mounted else None
    return Workspace(mounted, *(owner or (0, 0)))
