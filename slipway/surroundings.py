"""
The surroundings of the host that pyinfra is at, by facts: the same from inside and from outside.
"""

from __future__ import annotations

from pyinfra import host

from slipway import mountinfo
from slipway.environment import Surroundings
from slipway.facts.cpus import CpuQuota
from slipway.facts.gpus import GpuDevices
from slipway.facts.mounts import DirectoryOwner, Mounts


def of_host(workspace: str) -> Surroundings:
    """
    Return what `environment.observe` returns inside.
    """
    mounted = mountinfo.is_volume(host.get_fact(Mounts), workspace)
    owner = host.get_fact(DirectoryOwner, path=workspace) if mounted else None
    uid, gid = owner or (0, 0)
    return Surroundings(mounted, uid, gid, host.get_fact(GpuDevices), host.get_fact(CpuQuota))
