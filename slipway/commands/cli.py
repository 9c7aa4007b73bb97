"""
The `slipway` command: which subcommands there are. Each is the module of its name beside this one.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from typing import NoReturn

from slipway.commands import output
from slipway.contract import exits

COMMANDS = {
    "converge": "apply the desired state",
    "start": "start supervisord and converge, where PID 1 is not ours",
    "check": "say what converge would change, and change nothing",
    "verify": "test this container against its specification",
    "status": "programs, mounts, refusals, the last convergence, at a glance",
    "health": "is everything that should run alive? For HEALTHCHECK",
    "doctor": "what this container can and can't do, and which condition is missing",
    "settings": "every variable, its value, and where it came from",
    "template": "what a cloud takes for this image: vast, runpod or compose",
    "readme": "this image's README: the base's, with what its extensions add",
    "logs": "the services' logs, each line with its program's name",
    "extensions": "converge the extensions alone: for who converges a container from outside",
    "mount": "mount a remote: the program behind each mount",
    "sync": "copy a remote: the program behind SLIPWAY_REMOTE_SYNC",
    "relay": "run rclone with its web server reachable through port 53682",
}


class _Parser(argparse.ArgumentParser):
    """
    Exits as the contract says where argparse would exit with 2.
    """

    def error(self, message: str) -> NoReturn:
        self.exit(exits.USAGE, f"slipway: {message}; see `slipway --help`\n")


def main(arguments: Sequence[str]) -> int:
    """
    Run a subcommand and return its exit code.
    """
    options = _parser(arguments).parse_args(arguments)
    command = importlib.import_module(f"slipway.commands.{options.command}")
    return output.guarded(lambda: int(command.run(options)))


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """
    Return the parser; only the subcommand that is asked for is imported and declares its arguments.
    """
    parser = _Parser(prog="slipway", description="This container's desired state, and its proof.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    asked = next((word for word in arguments if not word.startswith("-")), "")
    for name, text in COMMANDS.items():
        command: _Parser = commands.add_parser(name, help=text, description=text)
        if name == asked:
            importlib.import_module(f"slipway.commands.{name}").arguments(command)
    return parser
