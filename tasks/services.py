"""
Services: what supervisord runs.
"""

from slipway.converge.task import task
from slipway.operations import cron, supervisor

# Started where they don't run; sshd and cron have conditions of their own
RUNNING: list[str] = []


@task("Services")
def supervise() -> None:
    """
    Supervisord runs what its files say; only programs whose files changed are restarted.
    """
    supervisor.update(name="Apply the programs' files", running=RUNNING)
    cron.daemon(name="Run cron while there is a crontab")
