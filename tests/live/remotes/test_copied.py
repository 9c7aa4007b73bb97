"""
Remotes that are copied.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.live.conftest import wait_until

from .conftest import Server, Start, state


def test_where_fuse_is_not_allowed_a_remote_may_be_copied(
    start: Start, serve: Callable[..., Server], network: str
) -> None:
    """
    SLIPWAY_REMOTE_SYNC: fetched at the start, pushed while it runs, at the stop and after a kill;
    nothing is deleted on either side, nor is an edit made there while the container is stopped.
    """
    server = serve()
    folder = server.data / "Project #1 ;x"
    folder.mkdir()
    (folder / "there").write_text("from the remote")
    slipway = start(
        environment={**server.variables("far"), "SLIPWAY_REMOTE_SYNC": "far:Project #1 ;x"},
        network=network,
    )
    point = "/workspace/remote/far"
    wait_until(lambda: slipway.exec("cat", f"{point}/there").stdout == "from the remote", "fetched")
    slipway.check_output("sh", "-c", f"echo new > '{point}/a b'; rm {point}/there")
    wait_until((folder / "a b").exists, "pushed")
    wait_until(lambda: state(slipway)["pending"] == 0, "status knows it")
    slipway.check_output("sh", "-c", f"echo last > {point}/last")
    slipway.container.stop(timeout=10)

    assert (folder / "last").read_text() == "last\n"
    assert (folder / "there").read_text() == "from the remote"
    (folder / "last").write_text("an edit there\n")
    slipway.container.start()
    wait_until(lambda: slipway.exec("test", "-e", f"{point}/there").code == 0, "fetched again")
    wait_until(lambda: slipway.exec("cat", f"{point}/last").stdout == "an edit there\n", "too")
    assert slipway.check_output("cat", "/workspace/remote/.rescued/far/last") == "last\n"
    slipway.check_output("sh", "-c", f"echo changed > {point}/last")
    slipway.container.kill()
    slipway.container.start()
    wait_until(lambda: (folder / "last").read_text() == "changed\n", "pushed again")
