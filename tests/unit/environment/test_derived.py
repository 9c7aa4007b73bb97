"""
What is added: the workspace's owner, GPUs, threads, a language.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from slipway.environment.cpus import Cpus
from slipway.environment.derived import Surroundings, derive, observe
from slipway.environment.gpus import Gpus
from slipway.settings.variables import Settings

BARE = Surroundings(False, 0, 0, Gpus("", 0), Cpus(8, None))


def test_a_bare_container_derives_the_workspace_and_no_gpus() -> None:
    """
    Without a limit of any kind nothing else is added.
    """
    derived = derive(Settings(environment={"A": "1"}), BARE)

    assert derived == {
        "A": "1",
        "WORKSPACE": "/workspace",
        "WORKSPACE_MOUNTED": "false",
        "WORKSPACE_UID": "0",
        "WORKSPACE_GID": "0",
        "LANG": "C.UTF-8",
    }


def test_what_is_derived_wins_over_what_was_given() -> None:
    """
    The workspace as it is, canonical, not as it was written.
    """
    given_words = {"WORKSPACE": "/data/../data/", "WORKSPACE_UID": "7", "GPU_COUNT": "9"}
    around = Surroundings(True, 1234, 5678, Gpus("nvidia", 2), Cpus(8, None))
    derived = derive(Settings(workspace="/data", gpu_count=9, environment=given_words), around)

    assert derived == {
        "WORKSPACE": "/data",
        "WORKSPACE_MOUNTED": "true",
        "WORKSPACE_UID": "1234",
        "WORKSPACE_GID": "5678",
        "GPU_COUNT": "2",
        "LANG": "C.UTF-8",
    }


@pytest.mark.parametrize(
    ("gpus", "limit", "expected"),
    [
        (Gpus("nvidia", 4), 2, {"GPU_COUNT": "2", "CUDA_VISIBLE_DEVICES": "0,1"}),
        (Gpus("amd", 4), 1, {"GPU_COUNT": "1", "HIP_VISIBLE_DEVICES": "0"}),
        (Gpus("wsl", None), 1, {"GPU_COUNT": "1", "CUDA_VISIBLE_DEVICES": "0"}),
        (Gpus("wsl", None), None, {}),
        (Gpus("", 0), None, {}),
        (Gpus("", 0), 2, {"GPU_COUNT": "0"}),
        (Gpus("", 0), 0, {"GPU_COUNT": "0"}),
        (Gpus("nvidia", 4), 9, {"GPU_COUNT": "4"}),
        (Gpus("nvidia", 4), None, {"GPU_COUNT": "4"}),
        (Gpus("nvidia", 4), 0, {"GPU_COUNT": "0", "CUDA_VISIBLE_DEVICES": ""}),
    ],
)
def test_gpus_are_counted_and_limited(
    gpus: Gpus, limit: int | None, expected: dict[str, str]
) -> None:
    """
    No count where the platform numbers none, nor where none is here and nobody gave one.
    """
    derived = derive(Settings(gpu_count=limit), BARE._replace(gpus=gpus))

    assert {name: value for name, value in derived.items() if "GPU" in name or "VIS" in name} == (
        expected
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "C.UTF-8"),
        ({"LANG": ""}, "C.UTF-8"),
        ({"LANG": "de_DE.UTF-8"}, "de_DE.UTF-8"),
        ({"LANG": "C"}, "C"),
        ({"LC_ALL": "de_DE.UTF-8"}, "C.UTF-8"),  # which wins over LANG anyway
    ],
)
def test_the_language_is_the_users_or_utf_8(given: dict[str, str], expected: str) -> None:
    """
    POSIX's, the default without any, has no letter beyond ASCII.
    """
    assert derive(Settings(environment=given), BARE)["LANG"] == expected


def test_threads_follow_the_quota_and_the_users_own_word() -> None:
    """
    Half a CPU of eight: one thread; what the user set himself is left alone.
    """
    around = BARE._replace(cpus=Cpus(8, 0.5))
    derived = derive(Settings(environment={"OMP_NUM_THREADS": "3"}), around)

    assert (derived["OMP_NUM_THREADS"], derived["MKL_NUM_THREADS"]) == ("3", "1")


def test_an_unmounted_workspace_is_roots() -> None:
    """
    Whoever the directory of the image belongs to.
    """
    seen = observe("/")

    assert (seen.mounted, seen.uid, seen.gid) == (False, 0, 0)
    assert seen.cpus.seen == len(os.sched_getaffinity(0))


def test_a_mounted_workspace_is_its_owners(tmp_path: Path) -> None:
    """
    Read from the directory itself.
    """
    if os.geteuid():
        pytest.skip("mounting needs root")
    path = tmp_path / "work space"
    path.mkdir()
    options = "size=64k,uid=1234,gid=5678"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=True)
    try:
        seen = observe(str(path))
    finally:
        subprocess.run(["umount", path], check=True)

    assert (seen.mounted, seen.uid, seen.gid) == (True, 1234, 5678)
