"""
The files that are the same in every container: files/ mirrors /.
"""

from slipway.contract.paths import FILES, INSTALLED
from slipway.converge.task import task
from slipway.operations import files
from slipway.operations.files import File

VENV = INSTALLED / "venv/bin"
# The project's own programs; the rest of its venv stays off PATH
LINKS = {f"/usr/local/bin/{name}": f"{VENV}/{name}" for name in ("supervisorctl",)}


@task("Overlay")
def lay() -> None:
    """
    Static files at their final paths, directories that packages leave out, the venv's programs.
    """
    files.directories(
        name="Make the directories of services",
        directories={"/run/sshd": "755", "/run/slipway": "755", "/var/log/supervisor": "755"},
    )
    files.present(name="Lay the static files", files=static_files())
    files.links(name="Link the programs of the venv", links=LINKS)
    files.first_line(
        name="Have shells read the container's variables",
        path="/etc/bash.bashrc",
        content=". /etc/profile.d/slipway.sh",
    )


def static_files() -> list[File]:
    """
    Return files/ as it has to be in the container; executable there if it is so here.
    """
    return [
        File(
            path=f"/{source.relative_to(FILES)}",
            content=source.read_bytes(),
            mode="755" if source.stat().st_mode & 0o100 else "644",
        )
        for source in sorted(FILES.rglob("*"))
        if source.is_file()
    ]
