"""
Debian packages, asked for by name: dpkg's whole list is not needed to know twenty.
"""

from __future__ import annotations

from pyinfra.api import FactBase, QuoteString, StringCommand

from slipway.connectors import native
from slipway.connectors.native import Inside, Result


class InstalledPackages(FactBase[set[str]]):
    """
    Returns which of the named packages dpkg has installed.
    """

    default = set

    def command(self, packages: list[str]) -> StringCommand:
        """Ask dpkg-query, which exits with 1 when it does not know one."""
        words = ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\\n", "--", *packages]
        command = StringCommand(*map(QuoteString, words), "2>/dev/null", "|| true")
        return Inside(command, lambda: Result(native.output_of(words)))

    def process(self, output: list[str]) -> set[str]:
        """Keep those that are unpacked and configured."""
        words = (line.split(" ") for line in output)
        return {name for status, name in words if status == "installed"}
