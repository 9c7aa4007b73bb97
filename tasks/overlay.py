"""
The files that are the same in every container: files/ mirrors /.
"""

from pathlib import Path, PurePosixPath

from pyinfra import host

from slipway.contract import paths
from slipway.converge import extension_files
from slipway.converge.task import task
from slipway.environment.extensions import Extensions
from slipway.facts.mounts import Mounts
from slipway.operations import directories, files, links, mounted
from slipway.operations.files import File

# The project's own programs; the rest of its venv stays off PATH
LINKS = {f"{paths.COMMANDS}/{name}": f"{paths.PROGRAMS}/{name}" for name in ("supervisorctl",)}

READ_ONLY = {
    paths.STATE: f"Slipway's notes are kept in {paths.RUN} and end with the container",
    paths.LOGS: f"logs are kept in {paths.RUN} and end with the container",
    Path("/tmp"): "programs that need temporary files fail",  # noqa: S108 - the path itself
}


@task("Overlay")
def lay(*, added: Extensions | None) -> None:
    """
    Static files at their final paths, directories that packages leave out, the venv's programs.

    What an extension has in another form is left to it.
    """
    static = extension_files.static()
    mounted.name_read_only(places={str(path): why for path, why in READ_ONLY.items()})
    directories.present(
        name="Make the directories of services",
        directories={str(path): "755" for path in (paths.SSHD_CHROOT, paths.RUN, paths.LOGS)},
    )
    directories.guarded(
        name="Keep others out of the system's directories",
        directories={
            **dict.fromkeys(("/", *map(str, _above(static))), "755"),
            str(paths.STATE): "700",  # what is laid is noted there
        },
    )
    theirs = extension_files.replaced(added)
    is_closed = mounted.is_read_only(host.get_fact(Mounts), str(paths.SSH))
    files.present(
        name="Lay the static files",  # sshd's are in force in any case: tasks/ssh.py
        files=[
            file
            for file in static
            if file.path not in theirs and not (is_closed and file.path.startswith(f"{paths.SSH}/"))
        ],
    )
    links.present(name="Link the programs of the venv", links=LINKS)
    files.first_line(
        name="Have shells read the container's variables",
        path=str(paths.BASHRC),
        content=f". {paths.PROFILE}",
    )


def _above(laid: list[File]) -> list[PurePosixPath]:
    """
    Return the directories that files of ours lie in, the upper ones first.
    """
    places = {place for file in laid for place in PurePosixPath(file.path).parents}
    return sorted(places - {PurePosixPath("/")})
