"""
rclone's remotes, those of its configuration file and those made of variables.
"""

from __future__ import annotations

import posixpath
import shlex

from pyinfra.api import FactBase

PROGRAM_MARK = "; Slipway's: mounts the rclone remote "

# The variables come from a file that only root reads: on a command line they would be in argv.
_ENVIRONMENT = "/run/slipway/environment.sh"


class RcloneRemotes(FactBase["list[str] | None"]):
    """
    Returns the names of the remotes; None where rclone can't read its configuration.

    rclone is run only where there is something to read: it takes 50 ms to say "none".
    """

    @staticmethod
    def default() -> list[str]:
        """No output: nothing is configured."""
        return []

    def command(self) -> str:
        """Ask rclone with the container's own variables."""
        return (
            f"[ ! -r {_ENVIRONMENT} ] || . {_ENVIRONMENT}; "
            'if [ -s "${RCLONE_CONFIG:-/etc/rclone/rclone.conf}" ] '
            "|| env | grep -q '^RCLONE_CONFIG_.*_TYPE='; then "
            'RCLONE_CONFIG="${RCLONE_CONFIG:-/etc/rclone/rclone.conf}" '
            "rclone --log-level ERROR listremotes 2>/dev/null || echo '!broken'; fi"
        )

    def process(self, output: list[str]) -> list[str] | None:
        """Drop the colon that rclone prints after each name."""
        if "!broken" in output:
            return None
        return [line.removesuffix(":") for line in output if line.endswith(":")]


class RemotePrograms(FactBase[dict[str, str]]):
    """
    Returns the mount programs that are configured, with the remote of each.
    """

    default = dict

    def command(self) -> str:
        """Read the first line of each file, which is ours."""
        return f"grep -H {shlex.quote(PROGRAM_MARK)} /etc/supervisor/conf.d/remote-*.conf || true"

    def process(self, output: list[str]) -> dict[str, str]:
        """Split PATH/PROGRAM.conf:MARK REMOTE."""
        found = {}
        for line in output:
            path, _, remote = line.partition(f":{PROGRAM_MARK}")
            found[posixpath.basename(path).removesuffix(".conf")] = remote
        return found
