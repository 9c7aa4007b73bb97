"""
The workspace, as seen from inside and from outside.
"""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from .conftest import PREFIX, KeyPair, Slipway
from .test_supervision import pid, program

Start = Callable[..., Slipway]
OWNER = 1234


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """
    A host directory of somebody who is not root.
    """
    path = tmp_path / "workspace"
    path.mkdir()
    subprocess.run(["chown", f"{OWNER}:{OWNER}", path], check=True)
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if parent.name.startswith("pytest-"):
            parent.chmod(0o755)
    return path


def as_owner(command: str, path: Path) -> int:
    """
    Run a shell command outside, as the directory's owner and nobody else.
    """
    words = ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--clear-groups", "sh", "-c"]
    return subprocess.run([*words, command], check=False, cwd=path).returncode


def entries(slipway: Slipway, path: str = "/workspace") -> list[str]:
    """
    Return the lines of a directory's ACL.
    """
    return slipway.check_output("getfacl", "-cpnE", path).splitlines()


def test_what_root_makes_inside_its_owner_may_change_outside(start: Start, workspace: Path) -> None:
    """
    The default ACL gives the directory's owner every new file, in new directories too.
    """
    slipway = start(volumes={str(workspace): {"bind": "/workspace", "mode": "rw"}})
    slipway.wait_converged()
    slipway.check_output("sh", "-c", "umask 077; mkdir /workspace/d; echo x > /workspace/d/made")

    assert f"default:user:{OWNER}:rwx" in entries(slipway)
    assert as_owner("echo more >> d/made", workspace) == 0
    assert as_owner("echo new > d/other", workspace) == 0


def test_skip_acl_leaves_the_directory_alone(start: Start, workspace: Path) -> None:
    """
    No default entry at all.
    """
    slipway = start(
        volumes={str(workspace): {"bind": "/workspace", "mode": "rw"}},
        environment={"SKIP_ACL": "TRUE"},
    )
    slipway.wait_converged()

    assert [line for line in entries(slipway) if line.startswith("default:")] == []


def test_what_is_in_the_workspace_already_is_not_touched(start: Start, workspace: Path) -> None:
    """
    The ACL is on the top directory alone, never applied to files that were there.
    """
    (workspace / "old").write_text("old")
    (workspace / "old").chmod(0o600)
    slipway = start(volumes={str(workspace): {"bind": "/workspace", "mode": "rw"}})
    slipway.wait_converged()

    assert entries(slipway, "/workspace/old") == ["user::rw-", "group::---", "other::---", ""]


def test_the_warning_is_there_while_nothing_is_mounted(start: Start, workspace: Path) -> None:
    """
    In a container of its own yes, in a mounted directory no, even if it was left there.
    """
    (workspace / "WARNING-NO-MOUNT.txt").write_text("left by an earlier start")
    mounted = start(volumes={str(workspace): {"bind": "/workspace", "mode": "rw"}})
    unmounted = start()
    mounted.wait_converged()
    unmounted.wait_converged()

    assert not (workspace / "WARNING-NO-MOUNT.txt").exists()
    assert "deleted with it" in unmounted.check_output("cat", "/workspace/WARNING-NO-MOUNT.txt")


def test_another_path_is_the_workspace_if_it_says_so(start: Start, workspace: Path) -> None:
    """
    WORKSPACE moves everything there, and sessions know.
    """
    slipway = start(
        volumes={str(workspace): {"bind": "/my data", "mode": "rw"}},
        environment={"WORKSPACE": "/my data//"},
    )
    slipway.wait_converged()

    assert f"default:user:{OWNER}:rwx" in entries(slipway, "/my data")
    shell = 'echo "$WORKSPACE $WORKSPACE_MOUNTED $WORKSPACE_UID"'
    assert slipway.check_output("bash", "-lc", shell) == f"/my data true {OWNER}\n"


@pytest.fixture
def ramfs(engine: docker.DockerClient) -> Iterator[str]:
    """
    A volume on a file system that has no ACLs.
    """
    volume = engine.volumes.create(
        f"{PREFIX}{uuid.uuid4().hex[:12]}",
        driver_opts={"type": "ramfs", "device": "ramfs"},
    )
    yield volume.name
    volume.remove(force=True)


def test_a_file_system_without_acls_is_named_and_costs_nothing_else(
    engine: docker.DockerClient, image: str, ramfs: str
) -> None:
    """
    Degraded, said once, healthy, and nothing left to change at the next convergence.
    """
    container = engine.containers.run(
        image,
        name=f"{PREFIX}{uuid.uuid4().hex[:12]}",
        detach=True,
        volumes={ramfs: {"bind": "/workspace", "mode": "rw"}},
    )
    try:
        slipway = Slipway(container)
        report = slipway.wait_converged()

        assert report["degraded"] == [
            {"feature": "workspace ACL", "condition": "/workspace: the file system has no ACLs"}
        ]
        assert report["totals"]["failed"] == 0
        assert slipway.converge()["totals"]["changed"] == 0
        slipway.wait_healthy()
    finally:
        container.remove(force=True, v=True)


def test_gpus_are_limited(start: Start, tmp_path: Path) -> None:
    """
    GPU_COUNT=2 of four: sessions and services see the first two.
    """
    devices = [f"/dev/null:/dev/nvidia{number}" for number in range(4)]
    slipway = start(
        environment={"GPU_COUNT": "2"},
        devices=devices,
        volumes=program(tmp_path, "web", "sleep 1000"),
    )
    slipway.wait_converged()
    service = slipway.check_output("cat", f"/proc/{pid(slipway, 'web')}/environ").split("\0")

    assert slipway.check_output("bash", "-lc", "echo $CUDA_VISIBLE_DEVICES") == "0,1\n"
    assert "CUDA_VISIBLE_DEVICES=0,1" in service
    status = slipway.status()
    assert "gpus nvidia 4: CUDA_VISIBLE_DEVICES=0,1 " in status


def test_more_gpus_asked_for_than_here_is_said(start: Start) -> None:
    """
    All of them are visible then, and the container is well.
    """
    slipway = start(environment={"GPU_COUNT": "8"}, devices=["/dev/null:/dev/nvidia0"])
    report = slipway.wait_converged()

    assert report["degraded"] == [
        {"feature": "GPUs", "condition": "GPU_COUNT asks for 8, 1 here: all of them are visible"}
    ]
    assert slipway.check_output("bash", "-lc", "echo $GPU_COUNT ${CUDA_VISIBLE_DEVICES-all}") == (
        "1 all\n"
    )
    slipway.wait_healthy()


def test_the_users_own_choice_of_gpus_stands(start: Start) -> None:
    """
    What the user set himself is not overridden.
    """
    slipway = start(
        environment={"GPU_COUNT": "1", "CUDA_VISIBLE_DEVICES": "3"},
        devices=[f"/dev/null:/dev/nvidia{number}" for number in range(4)],
    )
    slipway.wait_converged()

    assert slipway.check_output("bash", "-lc", "echo $CUDA_VISIBLE_DEVICES") == "3\n"


def test_libraries_are_sized_to_the_cpu_quota(start: Start) -> None:
    """
    Half a CPU of two: one thread, for sessions and services; the user's own number stands.
    """
    slipway = start(environment={"MKL_NUM_THREADS": "7"}, cpu_period=100_000, cpu_quota=50_000)
    slipway.wait_converged()
    shell = 'echo "$OMP_NUM_THREADS $MKL_NUM_THREADS"'

    assert slipway.check_output("bash", "-lc", shell) == "1 7\n"
    assert "threads 1: the CPU quota is 0.5 of " in slipway.status()


def test_a_read_only_workspace_is_named_and_costs_nothing_else(
    start: Start, key: KeyPair, workspace: Path
) -> None:
    """
    Degraded, nothing failed, and the login works.
    """
    slipway = start(
        environment={"SSH_PUBKEY": key.public},
        volumes={str(workspace): {"bind": "/workspace", "mode": "ro"}},
    )
    report = slipway.wait_converged()
    slipway.wait_ssh(key)

    assert report["degraded"] == [
        {"feature": "workspace ACL", "condition": "/workspace: the file system is read-only"}
    ]
    assert report["totals"]["failed"] == 0


def test_a_subdirectory_of_a_volume_is_mounted(start: Start, workspace: Path) -> None:
    """
    RunPod's serverless volume with the workspace in it, say: no warning.
    """
    slipway = start(
        environment={"WORKSPACE": "/volume/project"},
        volumes={str(workspace): {"bind": "/volume", "mode": "rw"}},
    )
    slipway.wait_converged()

    assert list((workspace / "project").iterdir()) == []
    assert slipway.check_output("bash", "-lc", "echo $WORKSPACE_MOUNTED") == "true\n"
