"""
The command line itself: which subcommands there are, and what an error looks like.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shlex
import subprocess
from argparse import Namespace
from pathlib import Path

import pytest

from slipway.commands import cli, output
from slipway.contract import exits, paths

HERE = Path(cli.__file__).parent
NO_COMMANDS = {"__init__", "announcement", "cli", "entrypoint", "keeping", "output"}
NO_COMMANDS |= {"glance", "page", "platforms", "pod_spec", "remedies", "spec_fixtures"}
NO_COMMANDS |= {"undisturbed"}


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


def test_the_help_names_peoples_subcommands(capsys: pytest.CaptureFixture[str]) -> None:
    """
    In 80 columns, with the exit codes of each. None of their modules has to be imported for that.
    """
    with pytest.raises(SystemExit):
        cli.main(["--help"])

    lines = capsys.readouterr().out.splitlines()
    shown = [line.split()[0] for line in lines if line.startswith("  ")]
    people = set(cli.COMMANDS) - set(cli.INTERNAL)
    assert {name: shown.count(name) for name in people} == dict.fromkeys(people, 2)
    assert not set(shown) & set(cli.INTERNAL)
    assert "  python -m slipway.fleet --help" in lines
    assert max(map(len, lines)) <= 80


def options_of(name: str) -> set[str]:
    """
    Return the long options of a subcommand that people may use.
    """
    parser = argparse.ArgumentParser()
    importlib.import_module(f"slipway.commands.{name}").arguments(parser)
    return {
        option
        for action in parser._actions  # noqa: SLF001 - argparse tells no other way
        for option in action.option_strings
        if action.help != argparse.SUPPRESS and option.startswith("--")
    }


def completed(*words: str, logs: Path | None = None) -> set[str]:
    """
    Return what bash offers for the last of these words.
    """
    file = paths.FILES / "usr/share/bash-completion/completions/slipway"
    text = file.read_text()
    if logs:
        text = text.replace("/var/log/supervisor", str(logs))
    script = (
        f"{text}\nCOMP_WORDS=({' '.join(map(shlex.quote, words))})\n"
        f'COMP_CWORD={len(words) - 1}\n_slipway\nprintf "%s\\n" "${{COMPREPLY[@]}}"'
    )
    said = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert said.stderr == ""
    return set(said.stdout.split())


def test_bash_completes_subcommands() -> None:
    people = set(cli.COMMANDS) - set(cli.INTERNAL)

    assert completed("slipway", "") == people | {"--help"}
    assert completed("slipway", "st") == {"start", "status"}
    assert completed("slipway", "mo") == set()


@pytest.mark.parametrize("name", sorted(set(cli.COMMANDS) - set(cli.INTERNAL)))
def test_bash_completes_options(name: str) -> None:
    """
    All that its parser has, and no other.
    """
    assert completed("slipway", name, "--") == options_of(name)


def test_bash_completes_programs_for_logs(tmp_path: Path) -> None:
    """
    By their logs; a rotated one is the same program's. The words of other options, too.
    """
    for file in ("sshd.log", "sshd.log.1", "web-stderr.log", "web.log", ".offsets"):
        (tmp_path / file).touch()

    assert completed("slipway", "logs", "", logs=tmp_path) == {"sshd", "web", "web-stderr"}
    assert completed("slipway", "logs", "-f", "w", logs=tmp_path) == {"web", "web-stderr"}
    assert completed("slipway", "logs", "", logs=tmp_path / "none") == set()
    assert completed("slipway", "template", "r") == {"runpod"}
    assert completed("slipway", "converge", "--phase", "") == {"build", "start"}
    assert completed("slipway", "doctor", "") == set()


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

    assert command.run(Namespace(markdown=True, all=False)) == exits.OK
    assert capsys.readouterr().out.startswith("| Variable | Default | Meaning |\n")
