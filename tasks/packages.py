"""
What Debian's archive gives the container.
"""

from slipway.converge.task import task
from slipway.operations import packages

# fmt: off
PACKAGES = [
    "acl", "bzip2", "ca-certificates", "curl", "fuse3", "git", "less", "libcap2-bin",
    "libnss-extrausers", "nano", "openssh-server", "procps", "rsync", "screen", "tini", "tmux",
    "unzip", "wget", "zip",
]
# fmt: on


@task("Packages")
def install() -> None:
    """
    The tools a rented machine is expected to have.
    """
    packages.installed(name="Install packages", packages=PACKAGES)
