"""
The command line itself: which subcommands there are, and what an error looks like.
"""

from __future__ import annotations

import importlib
import os
from argparse import Namespace
from pathlib import Path

import pytest

from slipway.commands import cli, output
from slipway.contract import exits

HERE = Path(cli.__file__).parent
NO_COMMANDS = {"__init__", "announcement", "cli", "entrypoint", "keeping", "output"}
NO_COMMANDS |= {"glance", "page", "spec_fixtures"}


def test_each_subcommand_is_a_module_of_its_name() -> None:
    """
    And each module beside this one is a subcommand.
    """
    modules = {path.stem for path in HERE.glob("*.py")} - NO_COMMANDS

    assert modules == set(cli.COMMANDS)


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_each_subcommand_has_a_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """
    With its own arguments; nothing is run.
    """
    with pytest.raises(SystemExit) as end:
        cli.main([name, "--help"])

    assert end.value.code == exits.OK
    assert f"usage: slipway {name}" in capsys.readouterr().out


def test_the_help_names_every_subcommand(capsys: pytest.CaptureFixture[str]) -> None:
    """
    None of their modules has to be imported for that.
    """
    with pytest.raises(SystemExit):
        cli.main(["--help"])

    said = capsys.readouterr().out
    assert [name for name in cli.COMMANDS if f"    {name}" not in said] == []


@pytest.mark.parametrize(
    "words", [[], ["convrege"], ["converge", "--phase", "x"], ["check", "--what"], ["mount"]]
)
def test_bad_usage_exits_with_64(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """
    In one line, which says where more is said.
    """
    with pytest.raises(SystemExit) as end:
        cli.main(words)

    assert end.value.code == exits.USAGE
    assert capsys.readouterr().err.startswith("slipway: ")


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (PermissionError(13, "Permission denied", "/etc/x"), 1, "/etc/x: Permission denied; run"),
        (FileNotFoundError(2, "No such file", "/x"), 1, "slipway: /x: No such file\n"),
        (OSError("supervisord does not answer"), 1, "slipway: supervisord does not answer\n"),
        (KeyboardInterrupt(), exits.INTERRUPTED, ""),
    ],
)
def test_an_error_is_one_line(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    No traceback reaches the user.
    """

    def fail() -> int:
        raise error

    assert output.guarded(fail) == code
    assert said in capsys.readouterr().err


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    """
    `slipway status | head`: what is still to be written goes nowhere.
    """
    reading, writing = os.pipe()
    os.close(reading)
    child = os.fork()
    if not child:
        os.dup2(writing, 1)

        def write() -> int:
            os.write(1, b"x")
            return exits.FAILED

        os._exit(output.guarded(write))
    os.close(writing)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == exits.OK


def test_the_settings_table_is_printed_for_the_readme(capsys: pytest.CaptureFixture[str]) -> None:
    """
    `slipway settings --markdown` is what README has.
    """
    command = importlib.import_module("slipway.commands.settings")

    assert command.run(Namespace(markdown=True)) == exits.OK
    assert capsys.readouterr().out.startswith("| Variable | Default | Meaning |\n")
