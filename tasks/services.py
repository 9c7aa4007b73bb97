"""
Services: what supervisord runs.
"""

from slipway.converge.task import task
from slipway.operations import supervisor

RUNNING = ["logtail"]  # started where they don't run; sshd has conditions of its own


@task("Services")
def supervise() -> None:
    """
    Supervisord runs what its files say; only programs whose files changed are restarted.
    """
    supervisor.update(name="Apply the programs' files", running=RUNNING)
