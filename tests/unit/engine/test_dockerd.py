"""
An engine's life, with a stand-in for dockerd: real processes, real pid files, no containers.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import processes
from engine.commands import Failure
from engine.dockerd import Dockerd

# Writes its pid file and waits, as dockerd does; `docker info` answers while that process lives.
# The name of a process is its program's, so the stand-in is a copy of the shell.
DOCKERD = """
echo "$@" >> "$FOLDER/flags"
if [ -e "$FOLDER/refuse" ] && echo "$@" | grep -q overlay2; then
    echo "overlay2 is not supported here"; exit 1
fi
echo $$ > "$FOLDER/pid"
trap 'rm -f "$FOLDER/pid"; exit 0' TERM
while :; do sleep 0.05; done
"""
DOCKER = """#!/bin/sh
kill -0 "$(cat "$FOLDER/pid")" 2>/dev/null || { echo "Cannot connect" >&2; exit 1; }
[ "$(cat /proc/$(cat "$FOLDER/pid")/comm)" = dockerd ] || exit 1
echo '{"ServerVersion": "1"}'
"""

START = """
import os, sys
from pathlib import Path, PosixPath
from engine.dockerd import Dockerd
Dockerd(*map(eval, sys.argv[1:])).start(os.environ)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    Where the stand-ins are, and everything they write.
    """
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "dockerd").write_text(f"#!{tmp_path}/interpreter/dockerd\n{DOCKERD}")
    (programs / "docker").write_text(DOCKER)
    (tmp_path / "interpreter").mkdir()
    (tmp_path / "interpreter" / "dockerd").write_bytes(Path("/bin/sh").read_bytes())
    for path in (*programs.iterdir(), tmp_path / "interpreter" / "dockerd"):
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("FOLDER", str(tmp_path))
    return tmp_path


@pytest.fixture
def engine(folder: Path) -> Iterator[Dockerd]:
    """
    An engine of the stand-in's, stopped when the test ends.
    """
    dockerd = Dockerd(
        data=folder / "data",
        exec_root=folder / "exec",
        pid_file=folder / "pid",
        system_containerd=folder / "containerd.sock",
        configuration=folder / "daemon.json",
        record=folder / "record.json",
        log=folder / "log" / "dockerd.log",
    )
    yield dockerd
    dockerd.stop()


def _pid(folder: Path) -> int:
    return int((folder / "pid").read_text())


def test_it_starts_once_and_is_stopped_once(engine: Dockerd, folder: Path) -> None:
    """
    A second start finds the first; a second stop finds nothing of ours.
    """
    engine.start(os.environ)
    pid = _pid(folder)
    engine.start(os.environ)

    assert pid == _pid(folder)
    assert engine.stop()
    assert not processes.is_alive(pid)
    assert not engine.stop()


def test_it_outlives_its_shell(engine: Dockerd, folder: Path) -> None:
    """
    A session of its own: no terminal's hangup or Ctrl-C reaches it.
    """
    engine.start(os.environ)

    assert os.getsid(_pid(folder)) == _pid(folder)


def test_two_at_once_start_one(engine: Dockerd, folder: Path) -> None:
    """
    The later one waits for the earlier one's engine.
    """
    words = ["python3", "-c", START, *map(repr, vars(engine).values())]
    started = [subprocess.Popen(words) for _ in range(4)]

    assert [process.wait(timeout=30) for process in started] == [0, 0, 0, 0]
    assert len((folder / "flags").read_text().splitlines()) == 1


def test_after_a_kill_it_starts_again(engine: Dockerd, folder: Path) -> None:
    """
    The pid file of the killed one is still there.
    """
    engine.start(os.environ)
    first = _pid(folder)
    os.kill(first, signal.SIGKILL)
    while processes.is_alive(first):
        time.sleep(0.01)
    engine.start(os.environ)

    assert _pid(folder) != first


def test_pid_files_whose_number_is_another_programs_now(engine: Dockerd, folder: Path) -> None:
    """
    A new dockerd would believe both, and refuse to start, or wait for a containerd that isn't one.
    """
    containerd = folder / "exec" / "containerd" / "containerd.pid"
    containerd.parent.mkdir(parents=True)
    for path in (folder / "pid", containerd):
        path.write_text(f"{os.getpid()}\n")
    engine.start(os.environ)

    assert _pid(folder) != os.getpid()
    assert not containerd.exists()


def test_the_socket_of_a_dead_containerd_goes(engine: Dockerd, folder: Path) -> None:
    """
    A new dockerd takes the file for a containerd of the system's, and waits for it in vain.
    """
    path = folder / "containerd.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        engine.forget_the_dead()
        assert path.exists()
    engine.forget_the_dead()

    assert not path.exists()


def test_one_that_we_did_not_start_is_left_alone(engine: Dockerd, folder: Path) -> None:
    """
    Neither a stranger, nor a process that has the number of ours by now.
    """
    with subprocess.Popen(["dockerd"]) as stranger:
        while not (folder / "pid").exists():
            time.sleep(0.01)
        assert not engine.stop()
        record = {"pid": stranger.pid, "began": "1", "found": {}}
        engine.record.write_text(json.dumps(record))
        assert not engine.stop()
        assert processes.is_alive(stranger.pid)
        stranger.terminate()


def test_without_overlay2_the_engine_chooses(engine: Dockerd, folder: Path) -> None:
    """
    Refused once, it is started again with no driver named.
    """
    (folder / "refuse").touch()
    engine.start(os.environ)
    first, second = (folder / "flags").read_text().splitlines()

    assert "--storage-driver overlay2" in first
    assert "--storage-driver" not in second


def test_one_that_ends_at_once_is_a_sentence(engine: Dockerd, folder: Path) -> None:
    """
    With its log, that says why.
    """
    (folder / "bin" / "dockerd").write_text("#!/bin/sh\necho no cgroups; exit 1\n")
    with pytest.raises(Failure, match="dockerd ended") as caught:
        engine.start(os.environ)

    assert caught.value.tail() == ["no cgroups"]


def test_flags_that_the_configuration_sets_are_left_out(engine: Dockerd) -> None:
    """
    A directive in both places makes dockerd refuse to start.
    """
    wanted = ["--storage-driver", "overlay2", "--mtu", "1400"]
    assert engine.flags_for(wanted) == wanted

    engine.configuration.write_text('{"mtu": 1300}')
    assert engine.flags_for(wanted) == wanted[:2]

    engine.configuration.write_text("{broken")
    assert engine.flags_for(wanted) == wanted
