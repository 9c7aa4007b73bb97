"""
How far a real shell comes at a terminal, with start-up files of all kinds.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from slipway.ssh.terminal_session import Asked, Came

# A process of its own: it waits for all that is its child
TRY = """
import json, sys
from pathlib import Path
from slipway.contract import paths
paths.TERMINAL, paths.TERMINAL_LOCK = Path(sys.argv[1]), Path(sys.argv[2])
from slipway.ssh import terminal_session
terminal_session.{name} = {value}
terminal_session.main(terminal_session.Asked(*json.loads(sys.stdin.read())))
"""


def came(home: Path, *, program: str = "/bin/bash", name: str = "_LATE", value: float = 2) -> Came:
    """
    Return how far a shell comes with the files of a home directory.

    + name, value: of a bound that is another here
    """
    kept = home / "kept"
    asked = Asked("somebody", os.geteuid(), os.getegid(), str(home), program, ["stamp"])
    subprocess.run(
        [sys.executable, "-c", TRY.format(name=name, value=value), str(kept), str(home / "lock")],
        input=json.dumps(asked),
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    stamp, how, words, is_final, _ = json.loads(kept.read_text())
    assert stamp == ["stamp"]
    assert is_final
    return Came(how, words)


@pytest.mark.parametrize(
    ("text", "how", "words"),
    [
        ("", "prompt", ""),
        ("PS1='$ '", "prompt", ""),
        ("cd /no/such", "prompt", ""),
        ("set -u; echo $NO_SUCH_NAME", "prompt", ""),
        ("mkfifo ~/fifo; read x < ~/fifo", "prompt", ""),  # mkfifo is kept from it
        ("no-such-program", "prompt", ""),
        ("if true; then", "prompt", ""),  # bash says so, and goes on
        ("TMOUT=1; readonly TMOUT", "prompt", ""),
        ("set -o vi", "prompt", ""),
        ("HISTCONTROL=; set -o history", "prompt", ""),
        ("stty -echo raw", "prompt", ""),
        ("sleep 0.2", "prompt", ""),
        ("exec bash --norc", "prompt", ""),
        ("sh -c 'exit 5'; true", "prompt", ""),
        ("alias exit=true", "prompt", ""),
        ("exit 3", "ends", "ends with exit code 3 before its prompt"),
        ("logout", "ends", "exit code 0"),
        ("exec true", "ends", "exit code 0"),
        ("set -e; false", "ends", "exit code 1"),
        ("exec no-such-program", "ends", "exec: no-such-program: not found"),
        ("exec /no/such", "ends", "/no/such: No such file or directory"),
        ("kill -9 $$", "ends", "is killed by signal 9"),
        ("PROMPT_COMMAND=exit", "ends", "exit code 0"),
        ("trap exit DEBUG", "ends", "exit code"),
        ("PROMPT_COMMAND='trap exit DEBUG'", "ends", "at its first command"),
        ("exec < /dev/null", "ends", "exit code 0"),
        ("sleep 98", "waits", "it waits in `bash` > `sleep`"),
        ("exec sleep 98", "waits", "it waits in `sleep`"),
        ("PROMPT_COMMAND='sleep 98'", "waits", "`sleep`"),
        ("read x < ~/pipe", "waits", "it waits in `bash`"),
        ("cat", "waits", "`cat`"),
        ("kill -STOP $$", "waits", "`bash`"),
        ("read x", "line", ""),
        ("read -p 'Which one? ' x", "line", ""),
        ("read -s x; exit", "line", ""),
        ("select x in a b; do break; done", "line", ""),
    ],
)
def test_what_a_start_up_file_does_to_a_terminal(
    tmp_path: Path, text: str, how: str, words: str
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / ".bash_profile").write_text(f"{text}\n")
    found = came(tmp_path)

    assert found.how == how, found
    assert words in found.words


@pytest.mark.parametrize(
    ("bound", "how", "words"),
    [("_ENDLESS", "waits", "computes without end"), ("_MOST", "unknown", "")],
)
def test_one_that_computes_without_end(tmp_path: Path, bound: str, how: str, words: str) -> None:
    (tmp_path / ".bash_profile").write_text("while :; do :; done\n")

    assert came(tmp_path, name=bound, value=1) == Came(how, words)


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("exec {tmux} {ran}", "prompt"),  # it is handed over
        ("{tmux} {ran}", "prompt"),
        ("{tmux} {ran} || exit", "unknown"),
        ("{tmux} {ran} & wait; sleep 98", "unknown"),
        ("(setsid {tmux} {ran} &)", "prompt"),
        ("sh -c '{tmux} {ran}'", "prompt"),
        ("timeout 5 {tmux} {ran}", "prompt"),
        ("echo {ran} | xargs {tmux}", "prompt"),
    ],
)
def test_no_program_runs_that_does_more_than_tell(tmp_path: Path, text: str, how: str) -> None:
    """
    A multiplexer would take its user's sessions, another would send a mail.
    """
    program, ran = tmp_path / "tmux", tmp_path / "ran"
    shutil.copy("/usr/bin/touch", program)
    (tmp_path / ".bash_profile").write_text(text.format(tmux=program, ran=ran) + "\n")

    assert came(tmp_path).how == how
    assert not ran.exists()


def test_nothing_is_left_of_it(tmp_path: Path) -> None:
    """
    No process, and no line in a history.
    """
    (tmp_path / ".bash_profile").write_text(
        "(sleep 9871 &) ; sleep 9871 & trap '' HUP TERM; echo 'exit 0' > ~/.bash_logout\n"
    )
    assert came(tmp_path).how == "prompt"

    listed = subprocess.run(["ps", "-eo", "args"], check=True, capture_output=True, text=True)
    assert "sleep 9871" not in listed.stdout
    assert not (tmp_path / ".bash_history").exists()


@pytest.mark.parametrize(
    ("text", "how"), [("", "prompt"), ("exit 3", "ends"), ("sleep 98", "waits")]
)
def test_a_shell_without_an_editor(tmp_path: Path, text: str, how: str) -> None:
    (tmp_path / ".profile").write_text(f"{text}\n")

    assert came(tmp_path, program="/bin/dash").how == how


def test_a_shell_that_can_not_run_ends(tmp_path: Path) -> None:
    (tmp_path / "sh").write_text("")
    (tmp_path / "sh").chmod(0o755)

    assert came(tmp_path, program=str(tmp_path / "sh")).how in {"ends", "unknown"}
