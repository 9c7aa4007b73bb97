import json
from pathlib import Path

import pytest
from testinfra.host import Host

from slipway.settings.variables import Settings


@pytest.mark.start
def test_every_remote_that_can_be_is_mounted(host: Host, settings: Settings) -> None:
    """
    Where FUSE is allowed, each remote with a program that mounts is one below the workspace.

    One whose server is away, or that somebody stopped, is reported with its reason instead.
    """
    status = json.loads(host.check_output("slipway status --json"))
    reported = {mount["program"] for mount in status["mounts"] if mount["detail"]}
    files = Path("/etc/supervisor/conf.d").glob("remote-*.conf")
    programs = {file.stem for file in files if "/slipway mount " in file.read_text()}
    mounted = {mount["program"] for mount in status["mounts"] if mount["mounted"]}

    assert programs - mounted - reported == set()
    for mount in status["mounts"]:
        assert mount["point"].startswith(f"{settings.workspace}/remote/")


@pytest.mark.start
def test_the_write_cache_is_roots_alone(host: Host, settings: Settings) -> None:
    """
    What waits for its upload is in nobody else's reach.
    """
    for cache in Path(settings.workspace, "remote/.cache").glob("*"):
        assert host.file(str(cache)).mode == 0o700
