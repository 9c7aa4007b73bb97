"""
What a convergence did, as `report.json` of the contract and as a few lines for a person.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from slipway.contract.paths import REPORT
from slipway.system import atomic, processes

OUTCOMES = ("changed", "unchanged", "failed", "skipped")


class Operation(NamedTuple):
    """
    One operation of a run.
    """

    task: str
    name: str
    outcome: str  # one of OUTCOMES
    seconds: float
    detail: str


class Report(NamedTuple):
    """
    One run; `settings` has secrets as "***" already.
    """

    phase: str
    started_at: str  # ISO 8601, UTC
    seconds: float
    operations: list[Operation]
    refusals: list[dict[str, str]]
    degraded: list[dict[str, str]]
    settings: Mapping[str, Mapping[str, str]]
    services: bool  # whether supervisord is expected to run
    boot: str  # identifies this start of the container, see `boot`

    @property
    def totals(self) -> dict[str, int]:
        """
        Count the outcomes.
        """
        counted = Counter(operation.outcome for operation in self.operations)
        return {outcome: counted[outcome] for outcome in OUTCOMES}

    @property
    def failed(self) -> list[Operation]:
        """
        Return what failed.
        """
        return [operation for operation in self.operations if operation.outcome == "failed"]

    def to_json(self) -> dict[str, Any]:
        """
        Return the report as the contract has it.
        """
        document = self._asdict()
        document["operations"] = [operation._asdict() for operation in self.operations]
        document["totals"] = self.totals
        return document

    def save(self, path: Path = REPORT) -> None:
        """
        Replace the last report. Raises OSError.
        """
        content = json.dumps(self.to_json(), indent=1, ensure_ascii=False) + "\n"
        atomic.write(path, content.encode(errors="replace"), mode=0o644, durable=False)

    def summary(self) -> list[str]:
        """
        Say in a few lines what was done, refused and missing.
        """
        totals = self.totals
        counts = ", ".join(
            f"{totals[outcome]} {outcome}" for outcome in OUTCOMES if totals[outcome]
        )
        verb = "could not converge" if self.failed else "converged"
        lines = [f"{verb} in {self.seconds:.2f} s: {counts}"]
        lines += [
            f"failed: {operation.task}: {operation.name}: {operation.detail}"
            for operation in self.failed
        ]
        lines += [f"refused: {refusal(entry)}" for entry in self.refusals]
        lines += [f"degraded: {entry['feature']}: {entry['condition']}" for entry in self.degraded]
        return lines


def refusal(entry: Mapping[str, str]) -> str:
    """
    Return a refusal as one line.
    """
    return f"{entry['variable']}: {entry['rule']} ({entry['effect']})"


def load(path: Path = REPORT) -> dict[str, Any] | None:
    """
    Return the last report as it was written; None where there is none that can be read.
    """
    try:
        return parse(path.read_bytes())
    except OSError:
        return None


def parse(content: bytes) -> dict[str, Any] | None:
    """
    Return what a report says; None for one that can't be read.
    """
    try:
        document = json.loads(content)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def expects_services(last: Mapping[str, Any] | None, boot: str) -> bool:
    """
    Tell whether supervisord is expected to run, as the last convergence of this start had it.

    It is not beside a command of the user's (`docker run IMAGE command`).
    """
    return last is None or last.get("boot") != boot or bool(last.get("services", True))


def boot() -> str:
    """
    Return what identifies this start of the container: /run survives `docker restart`.

    PID 1's start time in clock ticks since the host's boot (field 22 of /proc/PID/stat, proc(5)).
    """
    try:
        stat = Path("/proc/1/stat").read_bytes()
    except OSError:
        return ""
    return boot_of(stat)


def boot_of(stat: bytes) -> str:
    """
    Return the same from what /proc/1/stat says.
    """
    return processes.fields(stat)[19].decode()
