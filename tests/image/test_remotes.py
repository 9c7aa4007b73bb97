from pathlib import Path

import pytest
from testinfra.host import Host

from slipway.settings.variables import Settings


@pytest.mark.start
def test_every_remote_that_can_be_is_mounted(settings: Settings) -> None:
    """
    Where FUSE is allowed, each remote with a program that mounts is one below the workspace.
    """
    files = Path("/etc/supervisor/conf.d").glob("remote-*.conf")
    programs = [file for file in files if "/slipway mount " in file.read_text()]
    points = [
        line.split(" ")[4]
        for line in Path("/proc/self/mountinfo").read_text().splitlines()
        if "fuse.rclone" in line
    ]

    assert len(points) == len(programs)
    assert all(point.startswith(f"{settings.workspace}/remote/") for point in points)


@pytest.mark.start
def test_the_write_cache_is_roots_alone(host: Host, settings: Settings) -> None:
    """
    What waits for its upload is in nobody else's reach.
    """
    for cache in Path(settings.workspace, "remote/.cache").glob("*"):
        assert host.file(str(cache)).mode == 0o700
