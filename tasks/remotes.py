"""
Remotes: each rclone remote is a directory of the workspace.
"""

from slipway.operations import remotes
from slipway.task import task


@task("Remotes")
def mount(*, live: bool) -> None:
    """
    One supervised mount for each remote that rclone lists.
    """
    if live:
        remotes.supervised(name="Mount the remotes")
