"""
The logtail service: every program's log, on the container's own output.

A module of its own, because it lives as long as the container: what it does not import it does not
hold in memory.
"""

from slipway.services.logs import directory, follow

DIRECTORY = directory.place("/var/log/supervisor", "/run/slipway/log")
OFFSETS = f"{DIRECTORY}/.offsets"  # beside the logs, so that both last equally long

if __name__ == "__main__":
    follow.follow(DIRECTORY, follow.writer(1), offsets=OFFSETS, output=1, is_quiet=True)
