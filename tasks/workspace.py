"""
The workspace: files that stay usable from outside.
"""

from slipway.contract.paths import HOME
from slipway.converge.task import task
from slipway.facts import surroundings
from slipway.operations import acl, directories, files, login_user
from slipway.operations.degraded import degrade
from slipway.operations.files import File
from slipway.settings.variables import Settings
from slipway.ssh.accounts import Login

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
    login = login_user.of_host(settings).in_force if live else None
    if login and login.uid != around.uid:
        _share_with(login, path=path, may_change=not settings.skip_acl)


def _share_with(login: Login, *, path: str, may_change: bool) -> None:
    """
    Let the login besides root's write in a workspace that is not its own.
    """
    if f"{path}/".startswith(f"{HOME}/"):
        degrade("SLIPWAY_USER", f"{path} is below {HOME}, where {login.name} can't come: move it")
    if may_change:
        acl.shared(
            name="Let the login besides root's write here",
            path=path,
            uid=login.uid,
            feature="workspace ACL",
        )
    else:
        degrade("SLIPWAY_USER", f"SKIP_ACL is set, so {login.name} may not write in {path}")
