"""
Places that are not a program's to log to.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from slipway.contract import paths
from slipway.services import log_places
from slipway.services.options import Options
from tests.unit.services.bad_files import GOOD, program
from tests.unit.services.conftest import CONFIGURATION, SLEEP

OURS = [
    "/run/slipway/report.json",
    "/run/slipway/new.log",
    "/run//slipway/./lock",
    "/run/slipway/log/../environment",
    "/run/slipway-health/verdict",
    "/var/lib/slipway/laid",
    "/var/lib/slipway/authorized_keys",
    "/var/lib/slipway/secrets/jupyter",
    "/opt/slipway/deploy.py",
    "/etc/slipway/jupyter/x.log",
    "/etc/ssh/ssh_host_ed25519_key",
    "/etc/ssh/sshd_config.d/x.log",
    "/etc/supervisor/supervisord.conf",
    "/etc/supervisor/conf.d/x.log",
    "/run/supervisor.sock",
    "/run/supervisord.pid",
    "/run/sshd.pid",
    "/run/utmp",
    "/root/.ssh/authorized_keys",
    "/workspace/remote/.cache/far/x.log",
    "/home/ann/.ssh/config",
    "/etc/passwd",
    "/etc/shadow",
    "/etc/sudoers.d/x",
    "/etc/pam.d/sshd",
    "/etc/cron.d/x",
    "/etc/rclone/rclone.conf",
    "/etc/bash.bashrc",
    "/usr/local/bin/slipway",
    "/../etc/./passwd",
]
FREE = [
    "/dev/stdout",
    "/dev/stderr",
    "/dev/null",
    "/dev/fd/1",
    "/proc/1/fd/1",
    "/tmp/x.log",
    "/workspace/logs/x.log",
    "/var/log/x.log",
    "/var/log/supervisor/web.log",
    "/var/log/supervisor/web-stderr.log",
    "/var/log/supervisor/web.log.1",
    "/var/log/supervisor/own/sshd.log",
    "/run/slipway/log/web.log",
    "/run/x.log",
    "/root/x.log",
    "/root/.sshrc.log",
    "/etc/x.log",
    "/opt/app/x.log",
]
OTHERS = {
    "/var/log/supervisor/sshd.log": "is the log of sshd",
    "/var/log/supervisor/sshd.log.1": "is the log of sshd",
    "/var/log/supervisor/cron-stderr.log": "is the log of cron",
    "/var/log/supervisor/supervisord.log": "is the log of supervisord",
    "/var/log/supervisor/api.log": "is the log of api",
    "/var/log/supervisor/remote-far.log": "is the log of remote-far",
    "/run/slipway/log/sshd.log": "is the log of sshd",
}
NAMES = {"sshd", "cron", "supervisord", "api"}


@pytest.mark.parametrize("path", OURS)
def test_what_is_ours_is_nobodys_log(path: str) -> None:
    """
    However it is written.
    """
    assert log_places.obstacle(path, NAMES) in ("is Slipway's own", "is a socket")


@pytest.mark.parametrize("path", FREE)
def test_where_a_program_may_log(path: str) -> None:
    """
    What looks like it, and is not.
    """
    assert log_places.obstacle(path, NAMES) == ""


@pytest.mark.parametrize(("path", "why"), OTHERS.items())
def test_another_programs_log(path: str, why: str) -> None:
    """
    With those that a rotation makes of it.
    """
    assert log_places.obstacle(path, NAMES) == why


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    A directory with a configuration, a program of Slipway's, a good one, and places of ours.
    """
    for name in ("own", "logs", "run", "ssh", "state"):
        (tmp_path / name).mkdir()
    (tmp_path / "own/sshd.conf").write_text(f"[program:sshd]\n{SLEEP}")
    for name in ("supervisord.conf", "own.conf"):
        (tmp_path / name).write_text(CONFIGURATION.format(here=tmp_path))
    (tmp_path / "good.conf.d").write_text(GOOD)
    monkeypatch.setattr(paths, "LOGS", tmp_path / "logs")
    monkeypatch.setattr(paths, "RUN", tmp_path / "run")
    monkeypatch.setattr(paths, "REPORT", tmp_path / "run/report.json")
    monkeypatch.setattr(paths, "SSH", tmp_path / "ssh")
    monkeypatch.setattr(paths, "OWN_PROGRAMS", tmp_path / "own")
    monkeypatch.setattr(paths, "OWN_SUPERVISORD_CONF", tmp_path / "own.conf")
    monkeypatch.setenv("LOG_FILE", "")
    paths.REPORT.touch()
    return tmp_path


@pytest.fixture
def problems(here: Path) -> Callable[..., list[str]]:
    """
    Return what is left out with a file that has a program `bad` with these options.
    """

    def read(*options: str) -> list[str]:
        (here / "z.conf.d").write_bytes(program(*options))
        made = Options()
        try:
            made.realize(["-n", "-c", str(here / "supervisord.conf")])
        finally:
            made.poller.close()
        return [str(each).removeprefix(f"{here}/") for each in made.problems]

    return read


@pytest.mark.parametrize(
    ("option", "line", "why"),
    [
        ("stdout_logfile=", 3, "or NONE for no log"),
        ("stdout_logfile =   ", 3, "or NONE for no log"),
        ("stdout_logfile= ; to be filled in", 3, "or NONE for no log"),
        ("stdout_logfile=%(ENV_LOG_FILE)s", 3, "or NONE for no log"),
        ("stderr_logfile:", 3, "or NONE for no log"),
        ("stdout_logfile=%(here)s/run/report.json", 3, "is Slipway's own"),
        ("stderr_logfile=%(here)s/ssh/x", 3, "is Slipway's own"),
        ("stdout_logfile=%(here)s/linked", 3, "is Slipway's own"),
        ("stdout_logfile=%(here)s/through/report.json", 3, "is Slipway's own"),
        ("stdout_logfile=%(here)s/twice", 3, "is Slipway's own"),
        ("stdout_logfile=%(here)s/sock", 3, "is a socket"),
        ("stdout_logfile=%(here)s/logs/sshd.log", 3, "is the log of sshd"),
        ("stdout_logfile=%(here)s/logs/good.log", 3, "is the log of good"),
        ("stdout_logfile=%(here)s/logs/supervisord.log", 3, "is the log of supervisord"),
        ("stdout_logfile=%(here)s/loglink", 3, "is the log of sshd"),
    ],
)
def test_a_file_that_logs_there_is_left_out(
    here: Path, problems: Callable[..., list[str]], option: str, line: int, why: str
) -> None:
    """
    With its line; expansions, links and second names are seen through.
    """
    (here / "linked").symlink_to(here / "run/new")
    (here / "through").symlink_to(here / "run")
    (here / "loglink").symlink_to(here / "logs/sshd.log")
    os.link(paths.REPORT, here / "twice")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(here / "sock"))
    (problem,) = problems(option)

    assert problem.startswith(f"z.conf.d line {line}: [program:bad] {option[:14]}: ")
    assert problem.endswith(why)


@pytest.mark.parametrize(
    "options",
    [
        ("stdout_logfile=%(here)s/logs/bad.log",),
        ("stdout_logfile=%(here)s/logs/%(program_name)s.log", "redirect_stderr=true"),
        ("stdout_logfile=%(here)s/all.log", "stderr_logfile=%(here)s/all.log"),
        ("stdout_logfile=/dev/stdout", "stdout_logfile_maxbytes=0"),
        ("stdout_logfile=NONE", "stderr_logfile=AUTO"),
        ("redirect_stderr=true", "stderr_logfile="),
        ("stdout_logfile=syslog",),
        ("numprocs=2", "process_name=p%(process_num)s", "stdout_logfile=%(here)s/all.log"),
        (),
    ],
)
def test_a_log_of_its_own_is_fine(
    problems: Callable[..., list[str]], options: tuple[str, ...]
) -> None:
    """
    Or one that a program shares with itself.
    """
    assert problems(*options) == []


@pytest.mark.parametrize("option", ["logfile=/root/.ssh/authorized_keys", "pidfile=/etc/passwd"])
def test_a_main_file_that_writes_there_is_not_used(
    here: Path, problems: Callable[..., list[str]], option: str
) -> None:
    """
    It is as much a user's as the others.
    """
    text = CONFIGURATION.format(here=here)
    name = option.partition("=")[0]
    kept = [line for line in text.splitlines() if not line.startswith(f"{name}=")]
    at = kept.index("[supervisord]") + 1
    (here / "supervisord.conf").write_text("\n".join([*kept[:at], option, *kept[at:], ""]))
    (problem,) = problems()

    assert problem.startswith(f"supervisord.conf line {at + 1}: [supervisord] {name}: ")
    assert "is Slipway's own; " in problem
