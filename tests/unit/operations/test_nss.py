"""
The name service's configuration.
"""

from __future__ import annotations

import pytest

from slipway.facts.files import FileText
from slipway.operations import nss
from tests.unit.conftest import Run


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("passwd: files\ngroup: files\n", "passwd: files more\ngroup: files\n"),
        (" passwd :\tfiles systemd  \n", " passwd :\tfiles systemd more\n"),
        ("", "passwd: files more\n"),
        (
            "# passwd: more\ngroup: files more\n",
            "# passwd: more\ngroup: files more\npasswd: files more\n",
        ),
    ],
)
def test_a_place_is_added_after_those_that_are_there(run: Run, text: str, expected: str) -> None:
    """
    Other lines stay as they are; a file without the line gets it.
    """
    commands = run(nss.source, database="passwd", place="more", facts={FileText: text})

    assert any(expected in command for command in commands)


def test_a_place_that_is_asked_is_left_alone(run: Run) -> None:
    """
    Wherever in the line it stands.
    """
    facts = {FileText: "passwd: more files\n"}

    assert run(nss.source, database="passwd", place="more", facts=facts) == []
