"""
Services: what supervisord runs.
"""

from slipway.converge.task import task
from slipway.operations import supervisor


@task("Services")
def supervise() -> None:
    """
    Supervisord runs what its files say; only programs whose files changed are restarted.
    """
    supervisor.update(name="Apply the programs' files", running=["logtail"])
