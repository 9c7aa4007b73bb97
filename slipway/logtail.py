"""
The logtail service: every program's log, on the container's own output.

A module of its own, because it lives as long as the container: what it does not import it does not
hold in memory.
"""

from slipway import logs

DIRECTORY = "/var/log/supervisor"
OFFSETS = f"{DIRECTORY}/.offsets"  # beside the logs, so that both last equally long

if __name__ == "__main__":
    logs.follow(DIRECTORY, logs.writer(1), offsets=OFFSETS, output=1)
