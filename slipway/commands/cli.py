"""
The `slipway` command: one function a subcommand, each importing only what it needs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

EX_USAGE, EX_CONFIG = 64, 78  # sysexits.h
BACKLOG = 10  # lines of each log that `slipway logs -f` begins with, as tail(1) does


class _Parser(argparse.ArgumentParser):
    """
    Exits as the contract says where argparse would exit with 2.
    """

    def error(self, message: str) -> NoReturn:
        self.exit(EX_USAGE, f"slipway: {message}; see `slipway --help`\n")


def main(arguments: Sequence[str]) -> int:
    """
    Run a subcommand and return its exit code; no traceback reaches the user.
    """
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except BrokenPipeError:  # `slipway status | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except PermissionError as error:
        return _fail(f"{error.filename}: {error.strerror}; run it as root")
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _fail(f"{where}{error.strerror or error}")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="slipway", description="This container's desired state, and its proof.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], int], text: str) -> _Parser:
        command: _Parser = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        return command

    converge = add("converge", _converge, "apply the desired state")
    converge.add_argument("--timings", action="store_true", help="say where the time went")
    converge.add_argument("--phase", choices=["build", "start"], default="start")
    converge.add_argument("--without-services", action="store_true", help=argparse.SUPPRESS)
    converge.add_argument("--keep-stopped", action="store_true", help=argparse.SUPPRESS)
    converge.add_argument("--beside-supervisord", action="store_true", help=argparse.SUPPRESS)
    add("start", _start, "start supervisord and converge, where PID 1 is not ours")
    check = add("check", _check, "say what converge would change, and change nothing")
    add("verify", _verify, "test this container against its specification").add_argument(
        "pytest", nargs="*", help="arguments for pytest"
    )
    status = add("status", _status, "programs, mounts, refusals, the last convergence, at a glance")
    health = add("health", _health, "is everything that should run alive? For HEALTHCHECK")
    doctor = add(
        "doctor", _doctor, "what this container can and can't do, and which condition is missing"
    )
    for command in (converge, check, status, health, doctor):
        command.add_argument("--json", action="store_true", help="print one JSON document")
    settings = add("settings", _settings, "every variable, its value, and where it came from")
    settings.add_argument("--markdown", action="store_true", help="the table of the README")
    logs = add("logs", _logs, "the services' logs, each line with its program's name")
    logs.add_argument("-f", "--follow", action="store_true")
    logs.add_argument("names", nargs="*", metavar="NAME")
    add("mount", _mount, "mount a remote: the program behind each mount").add_argument("name")
    add("sync", _sync, "copy a remote: the program behind SLIPWAY_REMOTE_SYNC").add_argument("name")
    relay = add("relay", _relay, "run rclone with its web server reachable through port 53682")
    relay.add_argument("arguments", nargs="*", metavar="ARGUMENT")
    return parser


def _converge(options: argparse.Namespace) -> int:
    began = time.monotonic()
    from slipway.converge import light_pyinfra

    light_pyinfra.install()
    from slipway.converge import here
    from slipway.converge.timings import Timings

    if options.phase == "start" and (refused := _refused_under_strict()):
        for line in refused:
            print(f"slipway: refused: {line}", file=sys.stderr)
        return EX_CONFIG
    timings = Timings(began) if options.timings else None
    report = here.converge(
        options.phase,
        services=False if options.without_services else None,
        keep_stopped=options.keep_stopped,
        beside_supervisord=options.beside_supervisord,
        timings=timings,
    )
    document = report.to_json()
    lines = [f"slipway: {line}" for line in report.summary()]
    if timings:
        document["timings"] = timings.to_json()
        lines += timings.lines()
    _print(document if options.json else None, lines)
    return 1 if report.failed else 0


def _start(_options: argparse.Namespace) -> int:
    from slipway.converge import light_pyinfra

    light_pyinfra.install()
    from slipway.commands import start
    from slipway.converge import here

    start.run()
    report = here.converge("start", services=True)
    _print(None, [f"slipway: {line}" for line in report.summary()])
    return 1 if report.failed else 0


def _refused_under_strict() -> list[str]:
    import inventory

    loaded = inventory.loaded()
    return [str(refusal) for refusal in loaded.refusals] if loaded.settings.strict else []


def _check(options: argparse.Namespace) -> int:
    from slipway.converge import light_pyinfra

    light_pyinfra.install()
    from slipway.converge import here

    report = here.check()
    drift = [operation for operation in report.operations if operation.outcome == "changed"]
    lines = [f"{entry.task}: {entry.name}: {entry.detail}" for entry in (*report.failed, *drift)]
    _print(report.to_json() if options.json else None, lines or ["nothing would change"])
    return 1 if report.failed else 2 if drift else 0


def _verify(options: argparse.Namespace) -> int:
    import pytest

    from slipway.contract.paths import PROJECT

    specs = str(PROJECT / "tests/image")
    words = ["-q", "-p", "no:cacheprovider", "--rootdir", str(PROJECT), "--hosts", "local://"]
    return int(bool(pytest.main([*words, *options.pytest, specs])))


def _status(options: argparse.Namespace) -> int:
    from slipway.commands import status

    seen = status.gather()
    _print(seen if options.json else None, status.render(seen))
    return 0


def _health(options: argparse.Namespace) -> int:
    from slipway.commands import health

    verdict = health.examine()
    _print(verdict._asdict() if options.json else None, [verdict.line])
    return 0 if verdict.healthy else 1


def _doctor(options: argparse.Namespace) -> int:
    from slipway.converge import light_pyinfra

    light_pyinfra.install()
    from slipway.commands import doctor

    findings = doctor.examine()
    _print(
        [finding._asdict() for finding in findings] if options.json else None,
        [str(finding) for finding in findings],
    )
    return 0


def _settings(options: argparse.Namespace) -> int:
    from slipway.settings import load as settings

    if options.markdown:
        print(settings.markdown(), end="")
        return 0
    import inventory

    loaded = inventory.loaded()
    rows = loaded.table()
    widths = [max(len(row.name) for row in rows), max(len(row.value) for row in rows)]
    for row in rows:
        print(f"{row.name:{widths[0]}}  {row.value:{widths[1]}}  {row.source}")
    for refusal in loaded.refusals:
        print(f"refused: {refusal}")
    return 0


def _logs(options: argparse.Namespace) -> int:
    from slipway.contract.paths import LOGS
    from slipway.services.logs import follow as logs

    unknown = sorted(set(options.names) - set(logs.programs(LOGS)))
    if unknown and not options.follow:
        return _fail(f"no log of {', '.join(unknown)}; there are: {', '.join(logs.programs(LOGS))}")
    output = sys.stdout.fileno()
    if options.follow:
        logs.follow(LOGS, logs.writer(output), names=options.names, backlog=BACKLOG, output=output)
    else:
        logs.show(LOGS, logs.writer(output), names=options.names, output=output)
    return 0


def _mount(options: argparse.Namespace) -> int:
    import inventory
    from slipway.remotes.mounted import program

    return program.run(options.name, inventory.loaded().settings)


def _sync(options: argparse.Namespace) -> int:
    import inventory
    from slipway.remotes.copied.program import Sync

    return Sync(options.name, inventory.loaded().settings).run()


def _relay(options: argparse.Namespace) -> int:
    from slipway.remotes import relay

    return relay.run(options.arguments)


def _print(document: Any, lines: Sequence[str]) -> None:
    if document is not None:
        print(json.dumps(document, indent=1, ensure_ascii=False, default=str))
        return
    for line in lines:
        print(line)


def _fail(message: str) -> int:
    print(f"slipway: {message}", file=sys.stderr)
    return 1
