"""
What is written arrives: at a stop, after it, from another container, and only where it belongs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.live.conftest import Slipway, wait_until

from .conftest import FUSE, Server, Start, cache_of, sizes, state, wait_arrived, wait_mounted


def test_a_stop_uploads_what_waits(
    start: Start, serve: Callable[..., Server], network: str
) -> None:
    """
    Twenty files written and the container stopped at once: all of them are on the server, and the
    stop ends with 0. rclone alone would wait five seconds before it begins, and ends without.
    """
    server = serve()
    slipway = start(environment=server.variables("far"), network=network, **FUSE)
    wait_mounted(slipway)
    script = "for i in $(seq 20); do head -c 100000 /dev/urandom > /workspace/remote/far/$i; done"
    slipway.check_output("sh", "-c", script)
    slipway.container.stop(timeout=10)
    slipway.container.reload()

    assert slipway.container.attrs["State"]["ExitCode"] == 0
    assert {path.name: path.stat().st_size for path in server.data.iterdir()} == {
        str(number): 100_000 for number in range(1, 21)
    }


def test_a_stop_past_the_bound_loses_nothing(
    start: Start, serve: Callable[..., Server], network: str
) -> None:
    """
    The server goes, files are written, the container is stopped and started: status counts them
    though nothing is mounted, and all of them arrive when the server is back.
    """
    server = serve("sftp")
    slipway = start(environment=server.variables("far"), network=network, **FUSE)
    wait_mounted(slipway)
    server.container.stop(timeout=1)
    script = "for i in $(seq 20); do head -c 100000 /dev/urandom > /workspace/remote/far/$i; done"
    slipway.check_output("sh", "-c", script)
    slipway.container.stop(timeout=20)
    assert "20 files are not uploaded yet" in slipway.logs()
    assert sizes(server.data) == []
    slipway.container.start()
    wait_until(lambda: state(slipway)["pending"] == 20, "status counts what waits")
    assert not state(slipway)["mounted"]
    server.container.start()

    wait_until(lambda: sizes(server.data) == [100_000] * 20, "all of them arrive", 60)
    assert slipway.as_json("slipway", "status", "--json")["rescued"] == []


def test_all_remotes_are_drained_at_once(
    start: Start, serve: Callable[..., Server], network: str
) -> None:
    """
    Three that hang, with files to upload: the stop is over before two of them could have had their
    time one after the other.
    """
    servers = {name: serve() for name in ("one", "two", "three")}
    variables = {
        name: value
        for remote, server in servers.items()
        for name, value in server.variables(remote).items()
    }
    bound = 10
    slipway = start(
        environment={**variables, "SLIPWAY_DRAIN_SECONDS": str(bound)}, network=network, **FUSE
    )
    for remote in servers:
        wait_mounted(slipway, remote)
    for remote, server in servers.items():
        server.container.pause()
        slipway.check_output("sh", "-c", f"echo x > /workspace/remote/{remote}/f")
    began = time.monotonic()
    slipway.container.stop(timeout=5 * bound)
    seconds = time.monotonic() - began
    slipway.container.reload()
    for server in servers.values():
        server.container.unpause()

    assert slipway.logs().count("1 file is not uploaded yet") == len(servers)
    assert slipway.container.attrs["State"]["ExitCode"] == 0
    assert bound < seconds < 2 * bound


def test_two_containers_share_a_workspace_and_no_cache(
    start: Start, serve: Callable[..., Server], network: str, tmp_path: Path
) -> None:
    """
    Each rclone has a write cache of its own. What a container that is gone for good left waiting in
    its cache is uploaded by the next one that mounts the remote.
    """
    server = serve()
    workspace = tmp_path / "workspace"
    workspace.mkdir()

    def another() -> tuple[Slipway, int]:
        slipway = start(
            environment=server.variables("far"),
            network=network,
            volumes=[f"{workspace}:/workspace"],
            **FUSE,
        )
        return slipway, wait_mounted(slipway)

    (first, pid), (second, second_pid) = another(), another()
    cache = "/workspace/remote/.cache/far"
    assert [cache_of(first, pid), cache_of(second, second_pid)] == [cache, f"{cache}~2"]
    second.check_output(
        "sh", "-c", "mkdir /workspace/remote/far/d; echo x > /workspace/remote/far/d/f"
    )
    second.container.remove(force=True, v=True)
    assert not (server.data / "d/f").exists()
    first.container.restart(timeout=10)
    wait_mounted(first)

    wait_arrived(server.data / "d/f")  # the first has taken it over
    assert (server.data / "d/f").read_text() == "x\n"


def test_what_waits_survives_a_change_of_options(
    start: Start, serve: Callable[..., Server], network: str, tmp_path: Path
) -> None:
    """
    A remote made of variables has a cache folder with a hash of its options: what waited in the old
    one is uploaded under the new ones.
    """
    server = serve()
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    options: dict[str, Any] = {"network": network, "volumes": [f"{workspace}:/workspace"], **FUSE}
    before = start(environment=server.variables("far"), **options)
    wait_mounted(before)
    before.check_output(
        "sh", "-c", "echo x > /workspace/remote/far/f; echo y > '/workspace/remote/far/a b'"
    )
    before.container.remove(force=True, v=True)
    assert sizes(server.data) == []
    changed = {"RCLONE_CONFIG_FAR_OWNCLOUD_EXCLUDE_SHARES": "true"}
    start(environment={**server.variables("far"), **changed}, **options)
    wait_until(lambda: sizes(server.data) == [2, 2], "both arrive")

    folders = list((workspace / "remote/.cache/far/vfs").iterdir())
    assert len(folders) == 2, folders


def test_what_waits_is_never_written_to_another_place(
    start: Start, serve: Callable[..., Server], network: str, tmp_path: Path
) -> None:
    """
    Two remotes with files that wait, their server down. An alias gets another target: its file is
    set aside. A remote that is no more configured: status names its cache, and when it is
    configured again its file arrives.
    """
    old, new = serve("sftp"), serve("webdav")
    for server, directory in ((old, "p"), (new, "q")):
        (server.data / directory).mkdir()
    alias = {"RCLONE_CONFIG_PART_TYPE": "alias", "RCLONE_CONFIG_PART_REMOTE": "far:p"}
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    options: dict[str, Any] = {"network": network, "volumes": [f"{workspace}:/workspace"], **FUSE}
    before = start(environment={**old.variables("far"), **alias}, **options)
    for remote in ("far", "part"):
        wait_mounted(before, remote)
    old.container.stop(timeout=1)
    for remote in ("far", "part"):
        before.check_output("sh", "-c", f"echo {remote} > /workspace/remote/{remote}/f")
    before.container.remove(force=True, v=True)
    changed = {**new.variables("dav"), **alias, "RCLONE_CONFIG_PART_REMOTE": "dav:q"}
    after = start(environment=changed, **options)
    wait_mounted(after, "part")
    wait_until(lambda: state(after, "part")["pending"] == 0, "nothing waits")
    seen = after.as_json("slipway", "status", "--json")

    (rescued,) = seen["rescued"]
    assert after.check_output("cat", rescued) == "part\n"
    assert "was written when the remote was another place (far" in after.logs()
    assert seen["unused_caches"] == {"/workspace/remote/.cache/far": 1}
    assert "/far: 1 file in it waits" in after.status()
    assert list((new.data / "q").iterdir()) == []
    old.container.start()
    after.container.remove(force=True, v=True)
    again = start(environment=old.variables("far"), **options)
    wait_arrived(old.data / "f")
    assert (old.data / "f").read_text() == "far\n"
    assert again.as_json("slipway", "status", "--json")["unused_caches"] == {}
