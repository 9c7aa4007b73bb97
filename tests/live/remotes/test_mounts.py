"""
Remotes as directories, and what keeps them from being that.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.conftest import KeyPair, wait_until

from .conftest import DISK, FUSE, Server, Start, look, obscured, state, wait_arrived, wait_mounted


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
        environment={**DISK, "RCLONE_CONFIG_DISK_REMOTE": "/data"},
        volumes=[f"{shared}:/workspace:rshared", f"{data}:/data"],
        **FUSE,
    )
    wait_until((shared / "remote/disk/there").exists, "the mount is seen from outside")

    assert (shared / "remote/disk/there").read_text() == "from the remote"
    slipway.check_output("sh", "-c", "echo written > /workspace/remote/disk/new")
    wait_arrived(data / "new")
    assert (data / "new").read_text() == "written\n"
    wait_until(lambda: not state(slipway, "disk")["detail"], "status finds it well")
    seen = state(slipway, "disk")
    assert seen.pop("pid") == look(slipway, "disk").pid
    assert seen == {
        "name": "disk",
        "program": "remote-disk",
        "point": "/workspace/remote/disk",
        "mounted": True,
        "pending": 0,
        "detail": "",
    }
    slipway.wait_converged()
    assert slipway.converge()["totals"]["changed"] == 0
    result = slipway.exec("slipway", "verify", "--", "-k", "remote or cache")
    assert result.code == 0, result.stdout
    slipway.container.stop(timeout=10)
    assert f"{shared}/remote/disk " not in Path("/proc/self/mountinfo").read_text()


def test_without_fuse_the_condition_is_named(start: Start) -> None:
    """
    No device: degraded, said once, healthy, and rclone still works on the command line.
    """
    slipway = start(environment=DISK)
    report = slipway.wait_converged()

    (entry,) = report["degraded"]
    assert entry["feature"] == "remotes"
    assert "--device /dev/fuse" in entry["condition"]
    assert "no  FUSE mounts" in slipway.check_output("slipway", "doctor")
    assert entry["condition"] in slipway.status()
    assert slipway.logs().count("--device /dev/fuse") == 1
    assert "sshd_config" in slipway.check_output("bash", "-lc", "rclone lsf disk:")
    slipway.wait_healthy()


def test_a_mount_never_hides_files(start: Start, tmp_path: Path) -> None:
    """
    A directory with files in it is not mounted over; log, status and health say why, and once they
    are moved away it is mounted.
    """
    workspace = tmp_path / "workspace"
    (workspace / "remote/disk").mkdir(parents=True)
    (workspace / "remote/disk/mine").write_text("mine")
    slipway = start(environment=DISK, volumes=[f"{workspace}:/workspace"], **FUSE)
    wait_until(lambda: "has files in it" in slipway.logs(), "the refusal in the log")

    assert (workspace / "remote/disk/mine").read_text() == "mine"
    seen = state(slipway, "disk")
    assert (seen["mounted"], seen["pid"], seen["pending"]) == (False, 0, 0)
    assert "has files in it" in seen["detail"]
    slipway.wait_healthy()
    assert "remote disk /workspace/remote/disk has files in it" in slipway.health().stdout
    (workspace / "remote/disk/mine").rename(workspace / "mine")
    wait_mounted(slipway, "disk")


def test_a_mount_that_came_late_hides_no_files(
    start: Start, serve: Callable[..., Server], network: str
) -> None:
    """
    A file that a job writes while rclone is connecting: the mount is taken away again, and the file
    is there. rclone itself looks once more before it mounts, but for an option.
    """
    server = serve("sftp")
    server.container.pause()
    variables = {**server.variables("far"), "RCLONE_ALLOW_NON_EMPTY": "true"}
    slipway = start(environment=variables, network=network, **FUSE)
    wait_until(lambda: look(slipway).pid, "rclone is connecting")
    assert look(slipway).entries == 0
    slipway.check_output("sh", "-c", "echo mine > /workspace/remote/far/mine")
    server.container.unpause()
    wait_until(lambda: "has files in it" in state(slipway)["detail"], "status says why")

    assert slipway.check_output("cat", "/workspace/remote/far/mine") == "mine\n"
    assert look(slipway)[:2] == (0, 0)
    assert slipway.logs().count("has files in it") == 1
    slipway.check_output("mv", "/workspace/remote/far/mine", "/workspace/mine")
    wait_mounted(slipway)


WHERE_NOTHING_CAN_BE_WRITTEN = {
    "read-only": ("ro", "Read-only file system"),
    "full": ("size=1m,nr_inodes=2", "No space left on device"),
}


@pytest.mark.parametrize("name", WHERE_NOTHING_CAN_BE_WRITTEN)
def test_a_workspace_that_takes_nothing(start: Start, key: KeyPair, name: str) -> None:
    """
    The remote is down and says why, once; SSH works, and the container is healthy.
    """
    options, reason = WHERE_NOTHING_CAN_BE_WRITTEN[name]
    slipway = start(
        environment={**DISK, "SSH_PUBKEY": key.public},
        tmpfs={"/workspace": options},
        **FUSE,
    )
    slipway.wait_converged()
    wait_until(lambda: reason in state(slipway, "disk")["detail"], "status says why")
    slipway.wait_ssh(key)
    slipway.wait_healthy()

    assert reason in slipway.health().stdout
    wait_until(lambda: slipway.logs().count(reason) == 1, "the log says it, once")


def test_whatever_rclone_serves_is_written_and_read(
    start: Start, serve: Callable[..., Server], network: str
) -> None:
    """
    webdav, sftp, an encrypted and an aliased remote over them, a web server, and all buckets of an
    S3, with passwords: written inside, read on the server, and back; status finds each one well.
    """
    dav, sftp, web, s3 = serve("webdav"), serve("sftp"), serve("http"), serve("s3")
    (web.data / "page").write_text("from the web")
    (sftp.data / "p").mkdir()
    slipway = start(
        environment={
            **dav.variables("dav"),
            **sftp.variables("sftp"),
            **web.variables("web"),
            **s3.variables("buckets"),
            "RCLONE_CONFIG_SAFE_TYPE": "crypt",
            "RCLONE_CONFIG_SAFE_REMOTE": "dav:c",
            "RCLONE_CONFIG_SAFE_PASSWORD": obscured("another"),
            "RCLONE_CONFIG_PART_TYPE": "alias",
            "RCLONE_CONFIG_PART_REMOTE": "sftp:p",
        },
        network=network,
        **FUSE,
    )
    for remote in ("dav", "sftp", "safe", "part", "web", "buckets"):
        wait_mounted(slipway, remote)
        wait_until(lambda: not state(slipway, remote)["detail"], f"{remote} is well")  # noqa: B023
    slipway.check_output("sh", "-c", f"echo secret > {s3.inside('buckets')}/f")
    for remote in ("dav", "sftp", "safe", "part"):
        script = 'mkdir "$1/d" && echo secret > "$1/d/f"'
        slipway.check_output("sh", "-c", script, "sh", f"/workspace/remote/{remote}")

    for file in (dav.data / "d/f", sftp.data / "d/f", sftp.data / "p/d/f", s3.data / "f"):
        wait_arrived(file)
        assert file.read_text() == "secret\n"
    (encrypted,) = wait_until(lambda: list(dav.data.glob("c/*/*")), "the encrypted one comes")
    wait_arrived(encrypted)
    assert b"secret" not in encrypted.read_bytes()
    slipway.restart()
    wait_mounted(slipway, "safe")
    assert slipway.check_output("cat", "/workspace/remote/safe/d/f") == "secret\n"
    wait_mounted(slipway, "web")
    assert slipway.check_output("cat", "/workspace/remote/web/page") == "from the web"


def test_a_second_program_of_a_remote_is_refused(start: Start) -> None:
    """
    `slipway mount NAME` by hand: the one that runs goes on, and the way to begin anew is named.
    """
    slipway = start(environment=DISK, **FUSE)
    pid = wait_mounted(slipway, "disk")
    result = slipway.exec("timeout", "20", "slipway", "mount", "disk")

    assert (result.code, look(slipway, "disk")) == (1, (pid, 1, True))
    assert "supervisorctl restart remote-disk" in result.stderr
    slipway.check_output("supervisorctl", "restart", "remote-disk")
    wait_mounted(slipway, "disk", after=pid)


def test_one_remote_down_costs_no_other_and_comes_back(
    start: Start, serve: Callable[..., Server], network: str, key: KeyPair
) -> None:
    """
    Health stays bounded and good and names it, SSH works, and the remote is readable once it
    answers again: one that mounts without its server, and one that does not.
    """
    up, dav, sftp = serve(), serve(), serve("sftp")
    for server in (dav, sftp):
        (server.data / "there").write_text("x")
        server.container.stop(timeout=1)
    slipway = start(
        environment={
            "SSH_PUBKEY": key.public,
            **up.variables("up"),
            **dav.variables("dav"),
            **sftp.variables("sftp"),
        },
        network=network,
        **FUSE,
    )
    wait_mounted(slipway, "up")
    slipway.wait_ssh(key)
    wait_until(
        lambda: all(
            words in slipway.health().stdout
            for words in ("remote dav does not answer", "remote sftp ")
        ),
        f"named by health: {slipway.health()}",
    )
    began = time.monotonic()
    assert slipway.health().code == 0
    assert time.monotonic() - began < 5  # as the image's HEALTHCHECK has it
    for server in (dav, sftp):
        server.container.start()
    for remote in ("dav", "sftp"):
        words = ("timeout", "5", "cat", f"/workspace/remote/{remote}/there")
        wait_until(lambda: slipway.exec(*words).stdout == "x", f"{remote} is readable again", 30)  # noqa: B023
    wait_until(lambda: slipway.health().stdout == "healthy\n", "no note any more", 60)


def test_two_containers_in_one_shared_mount(start: Start, shared: Path, tmp_path: Path) -> None:
    """
    Where mounts made in one are seen in the other, the second uses the first's and does not take it
    away; when the first is gone, it mounts the remote itself.
    """
    volumes = [f"{shared}:/workspace:rshared"]
    first = start(environment=DISK, volumes=volumes, **FUSE)
    pid = wait_mounted(first, "disk")
    second = start(environment=DISK, volumes=volumes, **FUSE)
    wait_until(lambda: "by another" in state(second, "disk")["detail"], "the second knows")

    assert second.exec("test", "-e", "/workspace/remote/disk/sshd_config").code == 0
    assert look(first, "disk") == (pid, 1, True)
    first.container.kill()
    wait_mounted(second, "disk")
