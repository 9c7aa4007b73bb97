"""
Users: a login besides root's, where one is asked for.
"""

from slipway.converge.task import task
from slipway.operations import login_user, logins
from slipway.settings.variables import Settings

RULES = "/etc/sudoers.d/00-slipway"


@task("Users")
def admit(*, settings: Settings, live: bool) -> None:
    """
    The account, its home, and sudo for it alone.
    """
    if not live:
        return
    logins.account(name="Have the login besides root's", asked=login_user.of_host(settings))
    login = login_user.of_host(settings).in_force
    if login:
        logins.home(name="Have its home", login=login)
    logins.sudo(name="Let it become root", login=login, rules=RULES)
