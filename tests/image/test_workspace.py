from pathlib import Path
from typing import Any

import pytest
from testinfra.host import Host

from slipway.settings.variables import Settings


def is_mounted(path: str) -> bool:
    """
    Tell by the kernel's list whether a path lies on something mounted into the container.
    """
    points = [line.split(" ")[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return any(path == point or path.startswith(f"{point}/") for point in points if point != "/")


def test_the_workspace_is_a_directory(host: Host, settings: Settings) -> None:
    """
    Mounted or not, there is one.
    """
    assert host.file(settings.workspace).is_directory


def test_a_workspace_that_goes_with_the_container_says_so(host: Host, settings: Settings) -> None:
    """
    The warning is there exactly while the workspace is no mounted volume.
    """
    warning = host.file(f"{settings.workspace}/WARNING-NO-MOUNT.txt")

    assert warning.exists is not is_mounted(settings.workspace)


@pytest.mark.start
def test_the_owner_may_use_what_is_made_in_the_workspace(
    host: Host, settings: Settings, report: dict[str, Any]
) -> None:
    """
    The directory has a default entry for its owner (or root) unless SKIP_ACL says not to.
    """
    if "workspace ACL" in [entry["feature"] for entry in report["degraded"]]:
        pytest.skip("the file system has no ACLs, and the report says so")
    path = settings.workspace
    uid = host.check_output("stat -c %%u -- %s", path) if is_mounted(path) else "0"
    entries = host.check_output("getfacl -cpnE -- %s", path).splitlines()

    if not settings.skip_acl:
        assert f"default:user:{uid}:rwx" in entries
        assert "default:mask::rwx" in entries
