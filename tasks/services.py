"""
Services: what supervisord runs.
"""

from slipway.operations import supervisor
from slipway.task import task


@task("Services")
def supervise() -> None:
    """
    Supervisord runs what its files say; only programs whose files changed are restarted.
    """
    supervisor.update(name="Apply the programs' files", running=["logtail"])
