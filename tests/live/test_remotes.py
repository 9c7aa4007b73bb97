"""
Remotes: real rclone, real FUSE.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import Slipway, wait_until

Start = Callable[..., Slipway]
FUSE = {"devices": ["/dev/fuse"], "cap_add": ["SYS_ADMIN"], "security_opt": ["apparmor:unconfined"]}


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Path]:
    """
    A host directory in a shared mount, so that mounts made below it inside are seen outside.
    """
    path = tmp_path / "workspace"
    path.mkdir()
    subprocess.run(["mount", "--bind", path, path], check=True)
    subprocess.run(["mount", "--make-rshared", path], check=True)
    yield path
    subprocess.run(["umount", "-R", "-l", path], check=True)


def test_a_remote_is_a_directory_inside_and_outside(
    start: Start, shared: Path, tmp_path: Path
) -> None:
    """
    Read and written through the mount from inside, read on the host through :rshared.
    """
    data = tmp_path / "data"
    data.mkdir()
    (data / "there").write_text("from the remote")
    slipway = start(
        environment={"RCLONE_CONFIG_DISK_TYPE": "alias", "RCLONE_CONFIG_DISK_REMOTE": "/data"},
        volumes=[f"{shared}:/workspace:rshared", f"{data}:/data"],
        **FUSE,
    )
    wait_until((shared / "remote/disk/there").exists, "the mount is seen from outside")

    assert (shared / "remote/disk/there").read_text() == "from the remote"
    slipway.check_output("sh", "-c", "echo written > /workspace/remote/disk/new")
    wait_until((data / "new").exists, "what is written arrives")
    assert (data / "new").read_text() == "written\n"
    mounts = slipway.as_json("slipway", "status", "--json")["mounts"]
    assert mounts == ["/workspace/remote/disk"]
    assert slipway.converge()["totals"]["changed"] == 0
    result = slipway.exec("slipway", "verify", "--", "-k", "remote or cache")
    assert result.code == 0, result.stdout
    slipway.container.stop(timeout=10)
    assert "fuse.rclone" not in Path("/proc/self/mountinfo").read_text()


def test_without_fuse_the_condition_is_named(start: Start) -> None:
    """
    No device: degraded, healthy, and rclone still works on the command line.
    """
    slipway = start(
        environment={"RCLONE_CONFIG_DISK_TYPE": "alias", "RCLONE_CONFIG_DISK_REMOTE": "/etc/ssh"}
    )
    report = slipway.wait_converged()

    (entry,) = report["degraded"]
    assert entry["feature"] == "remotes"
    assert "--device /dev/fuse" in entry["condition"]
    assert "no  FUSE mounts" in slipway.check_output("slipway", "doctor")
    assert "sshd_config" in slipway.check_output("bash", "-lc", "rclone lsf disk:")
    slipway.wait_healthy()


def test_a_mount_never_hides_files(start: Start, tmp_path: Path) -> None:
    """
    A directory with files in it is not mounted over, and the log says why.
    """
    workspace = tmp_path / "workspace"
    (workspace / "remote/disk").mkdir(parents=True)
    (workspace / "remote/disk/mine").write_text("mine")
    slipway = start(
        environment={"RCLONE_CONFIG_DISK_TYPE": "alias", "RCLONE_CONFIG_DISK_REMOTE": "/etc/ssh"},
        volumes=[f"{workspace}:/workspace"],
        **FUSE,
    )
    wait_until(lambda: "has files in it" in slipway.logs(), "the refusal in the log")

    assert (workspace / "remote/disk/mine").read_text() == "mine"
    assert slipway.as_json("slipway", "status", "--json")["mounts"] == []
