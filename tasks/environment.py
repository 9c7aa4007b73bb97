"""
What sessions see: the container's variables, byte for byte, in every kind of session.

root sees all of them, other users those that are no secrets.
"""

from pyinfra import host

from slipway.contract.paths import (
    BAKED,
    ENVIRONMENT,
    LOGIN_ENVIRONMENT,
    PUBLIC_ENVIRONMENT,
    SHELL_ENVIRONMENT,
    SSHD_ENVIRONMENT,
)
from slipway.converge.task import task
from slipway.environment import cuda, derived, forms, gpus, host_data, public
from slipway.facts import surroundings
from slipway.facts.environment import EngineEnvironment
from slipway.facts.files import FileText
from slipway.operations import files, login_user
from slipway.operations.degraded import degrade
from slipway.operations.files import File
from slipway.settings.load import load
from slipway.settings.variables import Settings

SSHD, SHELL = str(SSHD_ENVIRONMENT), str(SHELL_ENVIRONMENT)
PUBLIC, LOGIN = str(PUBLIC_ENVIRONMENT), str(LOGIN_ENVIRONMENT)


@task("Environment")
def publish(*, settings: Settings, live: bool) -> None:
    """
    One form of the variables for sshd, one for shells; both for root alone, as they hold secrets.

    Other users' shells have a file of their own. An image has digests of the variables that it was
    built with: these are no secrets of whoever starts a container.
    """
    if not live:
        built_with = load(host_data.inherited()).settings.environment
        known = File(str(BAKED), public.digests(built_with).encode(), mode="600")
        files.present(
            name="Publish no variables", files=[known], absent=[SSHD, SHELL, PUBLIC, LOGIN]
        )
        return
    around = surroundings.of_host(settings.workspace)
    if fewer := gpus.shortfall(around.gpus, settings.gpu_count):
        degrade("GPUs", fewer)
    if around.cuda.driver:  # else there is nobody to ask, and `doctor` says what it sees
        for obstacle in cuda.obstacles(around.gpus, around.cuda, settings.environment):
            degrade("CUDA", obstacle)
    variables = derived.derive(settings, around)
    engine = host.get_fact(EngineEnvironment)
    files.private(name="Keep the start's variables to root", paths=[str(ENVIRONMENT)])
    baked = host.get_fact(FileText, path=str(BAKED)).splitlines()
    for_all = public.of(variables, baked=set(baked))
    login = login_user.of_host(settings).in_force
    owners = ["root", *([login.name] if login else [])]
    for_sshd = forms.for_sshd_by_user(variables, for_all, owners=owners)
    for_shell = _bytes(forms.for_shell(variables, engine=engine))
    wanted = {
        SSHD: File(SSHD, _bytes(for_sshd), mode="600"),
        SHELL: File(SHELL, for_shell, mode="600"),
        PUBLIC: File(PUBLIC, _bytes(forms.for_shell(for_all, engine=engine))),
    }
    if login:
        wanted[LOGIN] = File(LOGIN, for_shell, mode="600", user=login.name)
    files.present(
        name="Publish the variables",
        files=list(wanted.values()),
        absent=[] if login else [LOGIN],
    )


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
