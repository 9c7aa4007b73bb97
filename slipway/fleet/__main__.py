"""
`python -m slipway.fleet [--check] [--json] [NAME...]`: running containers, from outside.

One line a container, then what differs, fails or is refused. Exit codes are those of `slipway
converge` and `slipway check`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence

from slipway.converge import light_pyinfra

if __name__ == "__main__":  # no other program's pyinfra
    light_pyinfra.install("container")

from pyinfra.api.exceptions import InventoryError

from slipway.contract import exits
from slipway.contract.report import Report
from slipway.fleet.run import Fleet
from slipway.system.counting import counted

PROGRAM = "slipway.fleet"


def main(arguments: Sequence[str]) -> int:
    """
    Run the command; returns its exit code.
    """
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as end:
        return exits.USAGE if end.code else exits.OK
    began = time.monotonic()
    try:
        reports = Fleet(options.names, is_check=options.check).run()
    except InventoryError as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return exits.FAILED
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    if options.json:
        document = {name: report.to_json() for name, report in reports.items()}
        print(json.dumps(document, indent=1, ensure_ascii=False, default=str))
    else:
        for name, report in reports.items():
            print(*lines(name, report, is_check=options.check), sep="\n")
        print(_total(reports, time.monotonic() - began, is_check=options.check))
    if any(report.failed for report in reports.values()):
        return exits.FAILED
    return exits.DRIFT if options.check and _changed(reports) else exits.OK


def lines(name: str, report: Report, *, is_check: bool) -> list[str]:
    """
    Say of one container what was done, or would be.
    """
    if not is_check:
        return [f"{name}: {line}" for line in report.summary()]
    return [
        f"{name}: checked in {report.seconds:.2f} s: {report.counts}",
        *(
            f"{name}: {operation.outcome}: {line}"
            for operation in report.operations
            if operation.outcome in ("changed", "failed")
            for line in operation.lines()
        ),
        *(f"{name}: refused: {refusal}" for refusal in report.refusals),
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description="Converge or check running containers from outside."
    )
    parser.add_argument("--check", action="store_true", help="change nothing, say what would be")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("names", nargs="*", metavar="NAME", help="containers; all by default")
    return parser


def _total(reports: Mapping[str, Report], seconds: float, *, is_check: bool) -> str:
    failed = sum(bool(report.failed) for report in reports.values())
    changed = _changed(reports)
    told = counted(changed, "differs", "differ") if is_check else f"{changed} changed"
    return f"{counted(len(reports), 'container')} in {seconds:.2f} s: {told}, {failed} failed"


def _changed(reports: Mapping[str, Report]) -> int:
    return sum(bool(report.totals["changed"]) for report in reports.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
