"""
What Debian's archive gives the container.
"""

from slipway.contract.paths import RELATIONS
from slipway.converge.task import task
from slipway.operations import logins, packages

# fmt: off
PACKAGES = [
    "acl", "bash-completion", "bzip2", "ca-certificates", "cron", "curl", "fuse3", "git", "git-lfs",
    "gpg", "htop", "iproute2", "iputils-ping", "jq", "less", "libcap2-bin", "libnss-extrausers",
    "lsof", "nano", "ncurses-term", "netbase", "netcat-openbsd", "openssh-server", "pigz", "procps",
    "psmisc", "python3-venv", "rsync", "screen", "sudo", "tini", "tmux", "tree", "unzip",
    "vim-tiny", "wget", "xauth", "xz-utils", "zip", "zstd",
]
# fmt: on


@task("Packages")
def install(*, live: bool) -> None:
    """
    The tools a rented machine is expected to have.
    """
    if not live:
        logins.held_back(name="Install sudo without its setuid bit")
    packages.installed(name="Install packages", packages=PACKAGES)
    if not live:
        packages.related(name="Note what excludes them", packages=PACKAGES, record=str(RELATIONS))
