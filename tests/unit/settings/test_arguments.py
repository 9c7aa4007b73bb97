"""
`NAME=value` arguments.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.settings.arguments import given_arguments, split_arguments


@pytest.mark.parametrize(
    ("words", "given", "command"),
    [
        ([], {}, []),
        (["bash"], {}, ["bash"]),
        (["A=1", "B=x=y=", "C="], {"A": "1", "B": "x=y=", "C": ""}, []),
        (["A=1", "env", "B=2"], {"A": "1"}, ["env", "B=2"]),
        (["A=line\nline"], {"A": "line\nline"}, []),
        (["-c", "A=1"], {}, ["-c", "A=1"]),
        (["=x"], {}, ["=x"]),
        (["1A=x"], {}, ["1A=x"]),
        (["/bin/a=b"], {}, ["/bin/a=b"]),
        ([""], {}, [""]),
        (["A=1", "A=2"], {"A": "2"}, []),
    ],
)
def test_arguments(words: list[str], given: dict[str, str], command: list[str]) -> None:
    """
    Leading NAME=value words are variables; the first other word begins the command.
    """
    assert split_arguments(words) == (given, command)


@given(st.lists(st.text(max_size=20), max_size=6))
def test_arguments_are_never_lost(words: list[str]) -> None:
    """
    Whatever they are, each is a variable or part of the command.
    """
    given, command = split_arguments(words)

    assert words[len(words) - len(command) :] == command
    assert {word.partition("=")[0] for word in words[: len(words) - len(command)]} == set(given)


@pytest.mark.parametrize(
    ("command_line", "expected"),
    [
        (
            b"tini\0-s\0--\0python3\0-I\0-m\0slipway.commands.entrypoint\0A=1\0bash\0B=2\0",
            {"A": "1"},
        ),
        (b"/sbin/docker-init\0--\0/usr/local/bin/slipway-init\0A=1\0bash\0", {"A": "1"}),
        (b"/sbin/docker-init\0--\0slipway-init\0A=1\0", {"A": "1"}),
        (b"bash\0-c\0/setup; exec /usr/local/bin/slipway-init\0A=1\0", {}),
        (b"sleep\0A=1\0", {}),
        (b"", {}),
    ],
)
def test_arguments_of_a_container_are_those_after_our_entrypoint(
    command_line: bytes, expected: dict[str, str]
) -> None:
    """
    Another PID 1 has arguments of its own.
    """
    assert given_arguments(command_line) == expected
