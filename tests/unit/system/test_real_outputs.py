"""
What tools of the image have said, word for word, and the line of it that a person needs.

real_outputs.txt has each behind a line `%% NAME CODE`, and what is needed behind `%>`.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from slipway.system import words


class Output(NamedTuple):
    """
    What a tool has said.
    """

    code: int
    needed: list[str]
    text: str


def _read() -> dict[str, Output]:
    found = {}
    for block in Path(__file__).with_name("real_outputs.txt").read_text().split("%% ")[1:]:
        head, _, rest = block.partition("\n")
        name, code = head.split()
        lines = rest.split("\n")
        needed = [line[3:] for line in lines if line.startswith("%> ")]
        text = "\n".join(line for line in lines if not line.startswith("%> "))
        found[name] = Output(int(code), needed, text)
    return found


OUTPUTS = _read()


@pytest.mark.parametrize("name", OUTPUTS)
def test_what_a_person_needs_is_shown(name: str) -> None:
    """
    Among three lines at most: more are not read.
    """
    output = OUTPUTS[name]
    said = words.said(output.text, program=name, code=output.code)

    assert output.needed
    assert [part for part in output.needed if part not in said] == []
    assert len(said.split("; ")) <= words.MOST + output.text.count("; ")


def test_never_is_nothing_shown() -> None:
    """
    Whatever of an output has come: each beginning, each end, each line by itself.
    """
    for name, output in OUTPUTS.items():
        lines = output.text.split("\n")
        parts = [lines[:number] for number in range(len(lines))]
        parts += [lines[number:] for number in range(len(lines))]
        parts += [[line] for line in lines]
        assert all(words.said(part, program=name, code=1).strip() for part in parts), name


def test_there_are_many() -> None:
    """
    From programs of every kind.
    """
    assert len(OUTPUTS) > 200
    assert len({name.partition("-")[0] for name in OUTPUTS}) > 60
