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

# People's, in groups; what each exits with, besides bad usage and Ctrl-C
GROUPS = {
    "Look": {
        "status": "the container at a glance, its state first",
        "logs": "the services' logs, each line with its program's name",
        "health": "is everything that should run alive? For HEALTHCHECK",
        "doctor": "what this container can do, and which condition is missing",
        "settings": "every variable of Slipway's, its value, where it came from",
    },
    "Change": {
        "converge": "apply the desired state",
        "check": "say what converge would change, and change nothing",
        "verify": "test this container against its specification",
        "start": "start the services and converge, where PID 1 is not ours",
    },
    "Describe the image": {
        "readme": "its README: the base's, with what its extensions add",
        "template": "what a cloud takes for it: vast, runpod or compose",
        "sbom": "the software in it, as SPDX 2.3",
    },
}
# Called by our own programs
INTERNAL = {
    "extensions": "converge the extensions alone: for who converges a container from outside",
    "mount": "mount a remote: the program behind each mount",
    "sync": "copy a remote: the program behind SLIPWAY_REMOTE_SYNC",
    "relay": "run rclone with its web server reachable through port 53682",
}
COMMANDS = {name: text for group in GROUPS.values() for name, text in group.items()} | INTERNAL
EXITS = {
    "status": "0; 1 if supervisord does not answer",
    "logs": "0; 1 for a program without a log",
    "health": "0 healthy, 1 unhealthy",
    "doctor": "0, whatever is missing",
    "settings": "0, whatever is refused",
    "converge": "0 converged, 1 an operation failed, 78 refused (SLIPWAY_STRICT=true)",
    "check": "0 nothing would change, 1 that can't be told, 2 something would",
    "verify": "0 all holds, 1 something does not",
    "start": "as converge",
    "readme": "0; 1 for an extension that can't be used",
    "template": "0; 1 for an extension that can't be used",
    "sbom": "0; with --check 2 where the image's names other software",
}
_FLEET = "python -m slipway.fleet --help"
_ALWAYS = f"{exits.USAGE} bad usage, {exits.INTERRUPTED} Ctrl-C"


class _Parser(argparse.ArgumentParser):
    """
    Exits as the contract says where argparse would exit with 2.
    """

    def error(self, message: str) -> NoReturn:
        self.exit(exits.USAGE, f"slipway: {message}; see `slipway --help`\n")


class _Whole(_Parser):
    """
    Shows people's commands, in groups.
    """

    def format_help(self) -> str:
        """
        Return the help of all of it, in 80 columns.
        """
        lines = ["usage: slipway COMMAND [OPTION...]", "", "This container's desired state."]
        for title, group in GROUPS.items():
            lines += ["", f"{title}:", *(f"  {name:10}{text}" for name, text in group.items())]
        lines += ["", "`slipway COMMAND --help` has its options."]
        lines += ["Many containers at once, in a clone of the project:", f"  {_FLEET}"]
        lines += ["", "Exit codes:"]
        lines += [f"  {name:10}{ends}" for name, ends in EXITS.items()]
        return "\n".join([*lines, f"  {'all':10}{_ALWAYS}", ""])


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
    parser = _Whole(prog="slipway")
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", parser_class=_Parser
    )
    asked = next((word for word in arguments if not word.startswith("-")), "")
    known = {asked: COMMANDS[asked]} if asked in COMMANDS else COMMANDS  # each takes 0.2 ms
    for name, text in known.items():
        ends = f"exit codes: {EXITS[name]}; {_ALWAYS}" if name in EXITS else None
        command: _Parser = commands.add_parser(name, description=text, epilog=ends)
        if name == asked:
            importlib.import_module(f"slipway.commands.{name}").arguments(command)
    return parser
