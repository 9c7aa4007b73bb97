"""
Sessions: what a terminal, git and `who` expect of a machine.
"""

from pyinfra import host

from slipway.contract.paths import GITCONFIG, GITCONFIG_OF_IMAGE, GITCONFIG_OF_START
from slipway.converge.task import task
from slipway.environment import git
from slipway.facts.git import GitVersion
from slipway.operations import files, sessions, terminals
from slipway.operations import git as git_config
from slipway.operations.files import File
from slipway.settings.variables import Settings

# Terminals that Debian's ncurses-term has no description of, and one that does for each. Those that
# nobody has heard of get one in /etc/profile.d/slipway.sh, in shells.
ALIKE = dict.fromkeys(
    (
        "contour",
        "foot",
        "foot-extra",
        "ghostty",
        "rio",
        "warp",
        "wezterm",
        "xterm-ghostty",
        "xterm-kitty",
        "zellij",
    ),
    "xterm-256color",
)


@task("Sessions")
def equip(*, settings: Settings, live: bool) -> None:
    """
    Descriptions of terminals, repositories of other users in the workspace, who is logged in.
    """
    terminals.described(name="Know the terminals that people use", alike=ALIKE)
    git_config.included(
        name="Have git read our files", path=str(GITCONFIG), file=str(GITCONFIG_OF_IMAGE)
    )
    if not live:
        lines = git.for_image(host.get_fact(GitVersion), included=str(GITCONFIG_OF_START))
        files.present(
            name="Tell git where a container's repositories are",
            files=[File(str(GITCONFIG_OF_IMAGE), lines.encode())],
            absent=[str(GITCONFIG_OF_START)],
        )
        return
    lines = git.for_workspace(settings.workspace)
    files.present(
        name="Have git take the workspace's repositories, whoever owns them",
        files=[File(str(GITCONFIG_OF_START), lines.encode(errors="surrogateescape"))],
    )
    sessions.recorded(name="Know who is logged in")
