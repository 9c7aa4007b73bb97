"""
What is added to the container's environment: the workspace's owner, GPUs, threads, a language.
"""

from __future__ import annotations

from typing import NamedTuple

from slipway.environment import cpus, cuda, gpus
from slipway.environment.cpus import Cpus
from slipway.environment.cuda import Cuda
from slipway.environment.gpus import Gpus
from slipway.settings.variables import Settings
from slipway.system import mountinfo
from slipway.system.bounded_files import BoundedFiles

_LANGUAGE = "C.UTF-8"  # every Debian has it; "C" would take a letter like ü for two unknown bytes


class Surroundings(NamedTuple):
    """
    What the container's own state adds to its environment.
    """

    mounted: bool
    uid: int
    gid: int
    gpus: Gpus
    cpus: Cpus
    cuda: Cuda = cuda.NONE


def observe(workspace: str) -> Surroundings:
    """
    Read this container's own state, as the facts do for one seen from outside.
    """
    mounts = mountinfo.here()
    mounted = mountinfo.is_volume(mounts, workspace)
    uid = gid = 0
    if mounted:
        try:
            status = BoundedFiles().stat(workspace)
        except OSError:
            pass  # not readable, or gone: root's, as if nothing were mounted
        else:
            uid, gid = status.uid, status.gid
    found = gpus.detect()
    driver = cuda.detect() if found.vendor == "nvidia" else cuda.NONE
    return Surroundings(mounted, uid, gid, found, cpus.detect(), driver)


def derive(settings: Settings, surroundings: Surroundings) -> dict[str, str]:
    """
    Return the environment of every session and service.

    What the user set himself of CUDA_VISIBLE_DEVICES, OMP_NUM_THREADS and their kin is left alone.
    """
    environment, gpu_count = settings.environment, settings.gpu_count
    gpu = surroundings.gpus
    derived = {
        **({} if environment.get("LANG") else {"LANG": _LANGUAGE}),
        "WORKSPACE": settings.workspace,
        "WORKSPACE_MOUNTED": "true" if surroundings.mounted else "false",
        "WORKSPACE_UID": str(surroundings.uid),
        "WORKSPACE_GID": str(surroundings.gid),
        **_gpu_count(gpu, gpu_count),
        **gpus.visible(gpu, limit=gpu_count, given=frozenset(environment)),
        **cuda.library_path(surroundings.cuda, environment.get("LD_LIBRARY_PATH", "")),
        **cpus.threads(surroundings.cpus, wanted=settings.threads, environment=environment),
    }
    return {**environment, **derived}


def _gpu_count(gpu: Gpus, limit: int | None) -> dict[str, str]:
    """
    Say how many GPUs are visible; nothing where there is none and nobody has spoken of any.
    """
    present = gpu.number if gpu.number is not None else limit
    shown = present if limit is None or present is None else min(limit, present)
    return {} if shown is None or (limit is None and not gpu.vendor) else {"GPU_COUNT": str(shown)}
