"""
Remotes: each rclone remote is a directory of the workspace.
"""

from slipway.operations import remotes
from slipway.settings import Settings
from slipway.task import task


@task("Remotes")
def mount(*, settings: Settings, live: bool) -> None:
    """
    One supervised mount for each remote that rclone lists.
    """
    if live:
        remotes.supervised(
            name="Mount the remotes",
            workspace=settings.workspace,
            drain_seconds=settings.drain_seconds,
            sync=settings.remote_sync,
        )
