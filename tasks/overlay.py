"""
The files that are the same in every container: files/ mirrors /.
"""

from slipway.contract import paths
from slipway.converge import extension_files
from slipway.converge.task import task
from slipway.environment.extensions import Extensions
from slipway.operations import files
from slipway.operations.files import File

# The project's own programs; the rest of its venv stays off PATH
LINKS = {f"{paths.COMMANDS}/{name}": f"{paths.PROGRAMS}/{name}" for name in ("supervisorctl",)}


@task("Overlay")
def lay(*, added: Extensions | None) -> None:
    """
    Static files at their final paths, directories that packages leave out, the venv's programs.

    What an extension has in another form is left to it.
    """
    files.directories(
        name="Make the directories of services",
        directories={str(path): "755" for path in (paths.SSHD_CHROOT, paths.RUN, paths.LOGS)},
    )
    theirs = extension_files.replaced(added)
    files.present(
        name="Lay the static files",
        files=[file for file in static_files() if file.path not in theirs],
    )
    files.links(name="Link the programs of the venv", links=LINKS)
    files.first_line(
        name="Have shells read the container's variables",
        path=str(paths.BASHRC),
        content=f". {paths.PROFILE}",
    )


def static_files() -> list[File]:
    """
    Return files/ as it has to be in the container; executable there if it is so here.
    """
    return [extension_files.file(path, source) for path, source in extension_files.own().items()]
