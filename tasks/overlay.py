"""
The files that are the same in every container: files/ mirrors /.
"""

from slipway.contract import paths
from slipway.converge.task import task
from slipway.operations import files
from slipway.operations.files import File

# The project's own programs; the rest of its venv stays off PATH
LINKS = {f"{paths.COMMANDS}/{name}": f"{paths.PROGRAMS}/{name}" for name in ("supervisorctl",)}


@task("Overlay")
def lay() -> None:
    """
    Static files at their final paths, directories that packages leave out, the venv's programs.
    """
    files.directories(
        name="Make the directories of services",
        directories={str(path): "755" for path in (paths.SSHD_CHROOT, paths.RUN, paths.LOGS)},
    )
    files.present(name="Lay the static files", files=static_files())
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
    return [
        File(
            path=f"/{source.relative_to(paths.FILES)}",
            content=source.read_bytes(),
            mode="755" if source.stat().st_mode & 0o100 else "644",
        )
        for source in sorted(paths.FILES.rglob("*"))
        if source.is_file()
    ]
