import json
from configparser import RawConfigParser
from pathlib import Path

import pytest
from testinfra.host import Host

RUNNING = ["logtail"]  # whatever a container is given


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
        if path.stem != "logtail":  # it shows the others' logs and has none
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
def test_supervised_programs_run(host: Host) -> None:
    """
    What should run does, with the same process a moment later; a keyless sshd is no fault.
    """
    report = json.loads(Path("/run/slipway/report.json").read_text())
    if not report["services"]:
        pytest.skip("started with a command: no services")
    lines = host.run("supervisorctl status").stdout.splitlines()
    states = dict(line.split()[:2] for line in lines)

    assert {states.get(name) for name in RUNNING} <= {"RUNNING", "STARTING"}
    assert not {"FATAL", "BACKOFF", "UNKNOWN"} & set(states.values())


@pytest.mark.start
def test_nothing_listens_but_sshd() -> None:
    """
    The only TCP port that is open is 22.
    """
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    ports = {
        int(row[1].rpartition(":")[2], 16)
        for row in rows
        if row[3] == "0A" and not row[1].startswith("0B00007F")  # Docker's own resolver
    }

    assert ports - {22} == set()


@pytest.mark.start
def test_the_last_convergence_left_nothing_undone(host: Host) -> None:
    """
    The report names no failed operation.
    """
    report = json.loads(Path("/run/slipway/report.json").read_text())

    assert [entry for entry in report["operations"] if entry["outcome"] == "failed"] == []
    assert host.file("/run/slipway/report.json").user == "root"
