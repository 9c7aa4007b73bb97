"""
cron, while there is something for it to do.
"""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand

from slipway.facts.cron import CrontabIsThere
from slipway.facts.supervisor import UP
from slipway.operations import foresight
from slipway.operations.independent import operation
from slipway.operations.supervisor import checked, expected, will_run

_PROGRAM = "cron"


@operation()
def daemon() -> Generator[StringCommand]:
    """
    Have cron running exactly while there is a crontab.
    """
    supervisord = expected(changes=False)
    if supervisord is None or supervisord.silent or _PROGRAM not in supervisord.programs:
        host.noop("cron is not supervised here")
        return
    is_wanted = host.get_fact(CrontabIsThere)
    is_up = supervisord.programs[_PROGRAM].state in UP
    if is_wanted and not is_up:
        foresight.act(_PROGRAM, "start")
        will_run(_PROGRAM)
        yield checked([("supervisor.startProcess", (_PROGRAM, False))])
    elif is_up and not is_wanted:
        foresight.act(_PROGRAM, "stop: there is no crontab")
        yield checked([("supervisor.stopProcess", (_PROGRAM,))])
    else:
        host.noop("cron runs" if is_up else "there is no crontab")
