"""
The workspace: files that stay usable from outside.
"""

from slipway.converge.task import task
from slipway.facts import surroundings
from slipway.operations import acl, directories, files
from slipway.operations.files import File
from slipway.settings.variables import Settings

WARNING = """\
Nothing is mounted at {workspace}.

What is written here is part of the container and is deleted with it. To keep it, mount a volume or
a host directory here, or set WORKSPACE to where your provider mounts one.

Slipway removes this file once the workspace is a mounted volume.
"""


@task("Workspace")
def share(*, settings: Settings, live: bool) -> None:
    """
    A directory, a warning where it is not mounted, and an ACL that keeps the owner in.
    """
    path = settings.workspace
    around = surroundings.of_workspace(path)
    directories.present(name="Make the workspace", directories={path: ""})
    notice = f"{path}/WARNING-NO-MOUNT.txt"
    warning = File(notice, WARNING.format(workspace=path).encode(errors="surrogateescape"))
    files.present(
        name="Warn where nothing is mounted",
        files=[] if around.mounted else [warning],
        absent=[notice] if around.mounted else [],
    )
    if live and not settings.skip_acl:
        acl.default(
            name="Let the owner use what is made here",
            path=path,
            uid=around.uid,
            feature="workspace ACL",
        )
