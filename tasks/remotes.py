"""
Remotes: each rclone remote is a directory of the workspace.
"""

from slipway.contract.paths import RCLONE_CONF
from slipway.converge.task import task
from slipway.operations import remotes
from slipway.settings.variables import Settings


@task("Remotes")
def mount(*, settings: Settings, live: bool) -> None:
    """
    One supervised mount for each remote that rclone lists.
    """
    if live:
        configured = settings.environment.get("RCLONE_CONFIG") or str(RCLONE_CONF)
        remotes.private(name="Keep rclone's configuration to root", path=configured)
        remotes.replaceable(name="Have rclone able to save it", path=configured)
        remotes.supervised(
            name="Mount the remotes",
            workspace=settings.workspace,
            configured=configured,
            drain_seconds=settings.drain_seconds,
            sync=settings.remote_sync,
        )
