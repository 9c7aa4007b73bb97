"""
What a convergence did, as `report.json` of the contract and as a few lines for a person.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from slipway.contract import paths
from slipway.contract.refusal import Note, Refusal
from slipway.system import atomic, files, pid_one, processes

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

    def __str__(self) -> str:
        return f"{self.task}: {self.name}: {self.detail}"

    def lines(self) -> list[str]:
        """
        Say what a check found: one line a thing that would change.

        Indented ones, of `-v`, belong to those above.
        """
        if self.outcome != "changed":
            return [str(self)]
        return [
            line if line.startswith(" ") else f"{self.task}: {line}"
            for line in self.detail.splitlines()
        ]


class Degraded(NamedTuple):
    """
    A feature that does not work here, and why.
    """

    feature: str
    condition: str

    def __str__(self) -> str:
        return f"{self.feature}: {self.condition}"


class Setting(NamedTuple):
    """
    A variable's value, and where it came from.
    """

    value: str
    source: str


class Report(NamedTuple):
    """
    One run; `settings` has secrets as "***" already.
    """

    phase: str
    started_at: str  # ISO 8601, UTC
    seconds: float
    operations: list[Operation]
    refusals: list[Refusal]
    degraded: list[Degraded]
    settings: Mapping[str, Setting]
    services: bool  # whether supervisord is expected to run
    boot: str  # identifies this start of the container, see `boot`
    notes: list[Note] = []  # noqa: RUF012 - nobody adds to one; what was understood all the same

    @classmethod
    def from_json(cls, document: Any) -> Report | None:
        """
        Return the report that `to_json` gave; None for a damaged one and one of another form.

        What a later version has added is left out.
        """
        try:
            return cls(
                phase=_text(document["phase"]),
                started_at=_text(document["started_at"]),
                seconds=_number(document["seconds"]),
                operations=[
                    Operation(
                        task=_text(each["task"]),
                        name=_text(each["name"]),
                        outcome=_text(each["outcome"]),
                        seconds=_number(each["seconds"]),
                        detail=_text(each["detail"]),
                    )
                    for each in document["operations"]
                ],
                refusals=[Refusal(*_texts(each, Refusal._fields)) for each in document["refusals"]],
                degraded=[
                    Degraded(*_texts(each, Degraded._fields)) for each in document["degraded"]
                ],
                settings=_settings(document["settings"]),
                services=bool(document.get("services", True)),
                boot=_text(document["boot"]),
                notes=[Note(*_texts(each, Note._fields)) for each in document.get("notes", [])],
            )
        except (KeyError, TypeError, AttributeError):
            return None

    @property
    def workspace(self) -> str:
        """
        Return where its workspace is.
        """
        return self.settings["WORKSPACE"].value

    @property
    def totals(self) -> dict[str, int]:
        """
        Count the outcomes.
        """
        counted = Counter(operation.outcome for operation in self.operations)
        return {outcome: counted[outcome] for outcome in OUTCOMES}

    @property
    def counts(self) -> str:
        """
        Return the totals that are not zero, as a person reads them.
        """
        return ", ".join(f"{count} {outcome}" for outcome, count in self.totals.items() if count)

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
        return {
            **self._asdict(),
            "operations": [operation._asdict() for operation in self.operations],
            "refusals": [refusal._asdict() for refusal in self.refusals],
            "degraded": [entry._asdict() for entry in self.degraded],
            "notes": [note._asdict() for note in self.notes],
            "settings": {
                name: {"value": setting.value, "from": setting.source}
                for name, setting in self.settings.items()
            },
            "totals": self.totals,
        }

    def to_bytes(self) -> bytes:
        """
        Return the content of `report.json`.
        """
        content = json.dumps(self.to_json(), indent=1, ensure_ascii=False) + "\n"
        return content.encode(errors="replace")

    def save(self) -> None:
        """
        Replace the last report. Raises OSError.
        """
        atomic.write(paths.REPORT, self.to_bytes(), mode=0o644, durable=False)

    def summary(self) -> list[str]:
        """
        Say in a few lines what was done, refused and missing.
        """
        verb = "could not converge" if self.failed else "converged"
        return [
            f"{verb} in {self.seconds:.2f} s: {self.counts or 'nothing to do'}",
            *self.concerns(),
        ]

    def including(self, within: Report) -> Report:
        """
        Return a run from outside with what the container's own slipway did for its extensions.
        """
        others = (
            [each for each in within.refusals if each not in self.refusals],
            [each for each in within.degraded if each not in self.degraded],
            [each for each in within.notes if each not in self.notes],
        )
        return self._replace(
            operations=[*self.operations, *within.operations],
            refusals=[*self.refusals, *others[0]],
            degraded=[*self.degraded, *others[1]],
            notes=[*self.notes, *others[2]],
            settings={**within.settings, **self.settings},
        )

    def concerns(self) -> list[str]:
        """
        Say what a person has to know, a line each.
        """
        return [
            *(f"failed: {operation}" for operation in self.failed),
            *(f"refused: {refusal}" for refusal in self.refusals),
            *(f"degraded: {entry}" for entry in self.degraded),
            *(f"noted: {note}" for note in self.notes),
        ]


def load() -> Report | None:
    """
    Return the last report; None where there is none that can be read.
    """
    return parse(files.readable(paths.REPORT) or b"")


def parse(content: bytes) -> Report | None:
    """
    Return the report that a file holds; None for one that can't be read.
    """
    try:
        return Report.from_json(json.loads(content))
    except ValueError:
        return None


def expects_services(last: Report | None, boot: str) -> bool:
    """
    Tell whether supervisord is expected to run, as the last convergence of this start had it.

    It is not beside a command of the user's (`docker run IMAGE command`).
    """
    return last is None or last.boot != boot or last.services


def boot() -> str:
    """
    Return what identifies this start of the container: /run survives `docker restart`.

    Its first process's start time in clock ticks since the host's boot (field 22 of /proc/PID/stat,
    proc(5)).
    """
    stat = files.readable(pid_one.path("stat"))
    return boot_of(stat) if stat else ""


def boot_of(stat: bytes) -> str:
    """
    Return the same from what that process's stat says.
    """
    return processes.fields(stat)[19].decode()


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _number(value: Any) -> float:
    if not isinstance(value, (int, float)):
        raise TypeError("not a number")
    return value


def _settings(document: Any) -> dict[str, Setting]:
    """
    Return what was set. Raises KeyError where WORKSPACE is missing: every report has it.
    """
    settings = {name: Setting(*_texts(each, ("value", "from"))) for name, each in document.items()}
    settings["WORKSPACE"]
    return settings


def _texts(entry: Any, names: tuple[str, ...]) -> list[str]:
    return [_text(entry[name]) for name in names]
