"""
What sessions see: the container's variables, byte for byte, in every kind of session.
"""

from pyinfra import host

from slipway.contract.paths import ENVIRONMENT, SHELL_ENVIRONMENT, SSHD_ENVIRONMENT
from slipway.converge.task import task
from slipway.environment import derived, forms, gpus
from slipway.facts import surroundings
from slipway.facts.environment import EngineEnvironment
from slipway.operations import files
from slipway.operations.degraded import degrade
from slipway.operations.files import File
from slipway.settings.variables import Settings

SSHD, SHELL = str(SSHD_ENVIRONMENT), str(SHELL_ENVIRONMENT)


@task("Environment")
def publish(*, settings: Settings, live: bool) -> None:
    """
    One form of the variables for sshd, one for shells; both for root alone, as they hold secrets.
    """
    if not live:
        files.present(name="Publish no variables", files=[], absent=[SSHD, SHELL])
        return
    around = surroundings.of_host(settings.workspace)
    if fewer := gpus.shortfall(around.gpus, settings.gpu_count):
        degrade("GPUs", fewer)
    variables = derived.derive(settings, around)
    engine = host.get_fact(EngineEnvironment)
    files.private(name="Keep the start's variables to root", paths=[str(ENVIRONMENT)])
    files.present(
        name="Publish the variables",
        files=[
            File(SSHD, _bytes(forms.for_sshd(variables)), mode="600"),
            File(SHELL, _bytes(forms.for_shell(variables, engine=engine)), mode="600"),
        ],
    )


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
