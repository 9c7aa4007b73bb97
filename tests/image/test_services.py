import contextlib
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import pytest
from testinfra.host import Host

RUNNING: list[str] = []  # whatever a container is given


def test_every_program_has_a_file_of_its_own() -> None:
    """
    One program a file, named after it, each with a log of its own.
    """
    for path in Path("/etc/supervisor/conf.d").glob("*.conf"):
        text = path.read_text()
        if "Slipway's" in text.splitlines()[0]:
            assert f"[program:{path.stem}]" in text
            assert text.count("[program:") == 1


def test_programs_are_patient_and_bounded() -> None:
    """
    Slipway's own: three seconds make a start, ends are in bounds, and logs are rotated.
    """
    for path in Path("/etc/supervisor/conf.d").glob("*.conf"):
        if "Slipway's" not in path.read_text().splitlines()[0]:
            continue
        parser = RawConfigParser()
        parser.read(path)
        program = parser[f"program:{path.stem}"]

        assert int(program["startsecs"]) >= 3, path
        assert int(program["startretries"]) >= 3, path
        assert int(program["priority"]) > 0, path
        if not path.stem.startswith("remote-"):  # these ask for the time of the user's uploads
            assert int(program["stopwaitsecs"]) <= 2, path
        assert program["stdout_logfile_maxbytes"] not in ("0", "0MB"), path
        assert int(program["stdout_logfile_backups"]) >= 1, path


def test_supervisords_socket_is_roots_alone(host: Host) -> None:
    """
    Whoever may write to the socket may run anything as root.
    """
    configuration = host.file("/etc/supervisor/supervisord.conf").content_string

    assert "chmod=0700" in configuration
    assert "inet_http_server" not in configuration
    socket = host.file("/run/supervisor.sock")
    if socket.exists:
        assert socket.mode == 0o700


@pytest.mark.start
def test_supervised_programs_run(host: Host, report: dict[str, Any]) -> None:
    """
    What should run does, with the same process a moment later; a keyless sshd is no fault.

    Nor is a remote whose server is away.
    """
    if not report["services"]:
        pytest.skip("started with a command: no services")
    lines = host.run("supervisorctl status").stdout.splitlines()
    states = dict(line.split()[:2] for line in lines)

    assert {states.get(name) for name in RUNNING} <= {"RUNNING", "STARTING"}
    down = {name for name, state in states.items() if state in ("FATAL", "BACKOFF", "UNKNOWN")}
    assert [name for name in down if not name.startswith("remote-")] == []


@pytest.mark.start
def test_nothing_listens_but_sshd(host: Host, chosen: dict[str, str]) -> None:
    """
    Of Slipway's programs, sshd alone has a TCP port open, and that is 22 unless the user chose one.

    What his own programs open is his choice.
    """
    listening = _listening()
    ours = _own_processes(host)
    open_ports = {
        port
        for pid in ours
        for inode in _sockets(pid)
        for port in listening.get(inode, ())
        if ours[pid] != "sshd"
    }
    sshd = {
        port
        for pid in ours
        if ours[pid] == "sshd"
        for inode in _sockets(pid)
        for port in listening.get(inode, ())
    }

    assert open_ports == set()
    if sshd - {22} and {"port", "listenaddress"} & chosen.keys():
        pytest.skip(f"chosen: {chosen.get('port') or chosen['listenaddress']}")
    assert sshd - {22} == set()


def _listening() -> dict[str, set[int]]:
    """
    Return the TCP ports that are open, by their sockets' inodes (proc(5)).
    """
    found: dict[str, set[int]] = {}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            row = line.split()
            if row[3] == "0A":
                found.setdefault(row[9], set()).add(int(row[1].rpartition(":")[2], 16))
    return found


def _own_processes(host: Host) -> dict[int, str]:
    """
    Return supervisord's process and those of Slipway's programs, with the names of these.

    With those below them, but for sshd's: these are sessions.
    """
    answer = host.run("supervisorctl pid")
    if answer.rc:  # started with a command: no services
        return {}
    found = {int(answer.stdout): "supervisord"}
    names = [line.split()[0] for line in host.run("supervisorctl status").stdout.splitlines()]
    pids = host.run("supervisorctl pid all").stdout.split()  # status has none while it is STARTING
    for name, pid in zip(names, pids, strict=True):
        if pid != "0" and (name in ("sshd", "cron") or name.startswith("remote-")):
            found[int(pid)] = name
    below = [pid for pid, name in found.items() if name not in ("supervisord", "sshd")]
    while below:
        parent = below.pop()
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            children = [int(word) for word in task.read_text().split()]
            found |= dict.fromkeys(children, found[parent])
            below += children
    return found


def _sockets(pid: int) -> set[str]:
    """
    Return the inodes of a process's sockets.
    """
    found = set()
    for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
        with contextlib.suppress(OSError):
            found.add(str(descriptor.readlink()).removeprefix("socket:[").removesuffix("]"))
    return found


@pytest.mark.start
def test_the_last_convergence_left_nothing_undone(host: Host, report: dict[str, Any]) -> None:
    """
    The report names no failed operation.
    """
    assert [entry for entry in report["operations"] if entry["outcome"] == "failed"] == []
    assert host.file("/run/slipway/report.json").user == "root"
