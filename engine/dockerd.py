"""
An engine of ours: started when none answers, and stopped only if we started it.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import socket
import struct
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine import processes
from engine.client import Silence, info
from engine.commands import Failure, ask
from engine.network import uplink_mtu

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PATIENCE = 60.0  # seconds for an engine to answer, or to end
POLL = 0.2
SIOCSIFFLAGS, SIOCBRDELBR = 0x8914, 0x89A1  # netdevice(7), linux/sockios.h
INTERFACES = Path("/sys/class/net")


@dataclass(frozen=True)
class Dockerd:
    """
    Where one dockerd keeps its things; the defaults are dockerd's own.
    """

    data: Path = Path("/var/lib/docker")
    exec_root: Path = Path("/var/run/docker")
    pid_file: Path = Path("/var/run/docker.pid")
    system_containerd: Path = Path("/run/containerd/containerd.sock")
    configuration: Path = Path("/etc/docker/daemon.json")
    record: Path = Path("/run/slipway-engine.json")
    log: Path = Path("/var/log/slipway-dockerd.log")
    flags: tuple[str, ...] = ()

    def start(self, environment: Mapping[str, str]) -> None:
        """
        Start it and wait for its answer; a second caller at the same time waits for the first.
        """
        with self._locked():
            if self._answers(environment):
                return
            if self._pid_in(self.pid_file, "dockerd"):  # still starting, or hung
                self._wait(environment, None)
                return
            self.forget_the_dead()
            if self.log.exists():
                self.log.replace(self.log.with_suffix(".log.1"))
            process = self._spawn(environment, ["--storage-driver", "overlay2"])
            try:
                self._wait(environment, process)
            except Failure:
                if process.poll() is None or "overlay2" not in self.log.read_text(errors="replace"):
                    raise
                # A file system that overlay2 can't stand on: the engine knows what it can.
                self._wait(environment, self._spawn(environment, []))

    def forget_the_dead(self) -> None:
        """
        Remove what a killed engine left and the next one would believe.
        """
        if not self._pid_in(self.pid_file, "dockerd"):
            self.pid_file.unlink(missing_ok=True)
        own = self.exec_root / "containerd" / "containerd.pid"
        if not self._pid_in(own, "containerd"):
            own.unlink(missing_ok=True)
        if self.system_containerd.exists() and not _accepts(self.system_containerd):
            self.system_containerd.unlink()

    def stop(self) -> bool:
        """
        Stop it, containers included, if we started it; returns whether there was one to stop.
        """
        with self._locked():
            pid = self._ours()
            if pid is None:
                self.record.unlink(missing_ok=True)
                return False
            os.kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + PATIENCE
            while processes.is_alive(pid):
                if time.monotonic() > deadline:
                    raise Failure(f"the engine (process {pid}) does not end: see its log", self.log)
                time.sleep(POLL)
            found = json.loads(self.record.read_text())["found"]
            if "docker0" not in found["bridges"]:
                _remove_network([name for name in _bridges() if name not in found["bridges"]])
            if not found["mount"] and self.data.is_mount():  # left when it was once killed
                subprocess.run(["umount", self.data], check=False)
            self.record.unlink()
            return True

    def flags_for(self, wanted: list[str]) -> list[str]:
        """
        Return the flags that the configuration file doesn't set: dockerd refuses both at once.
        """
        try:
            configured = json.loads(self.configuration.read_text())
        except (OSError, ValueError):  # a broken file: dockerd says it better
            configured = {}
        pairs = zip(wanted[::2], wanted[1::2])  # strict= is Python 3.10's
        return [
            word for flag, value in pairs if flag[2:] not in configured for word in (flag, value)
        ]

    def _spawn(self, environment: Mapping[str, str], storage: list[str]) -> subprocess.Popen[bytes]:
        wanted = [*storage, "--mtu", str(uplink_mtu())]
        found = {"bridges": _bridges(), "mount": self.data.is_mount()}
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                ["dockerd", *self.flags_for(wanted), *self.flags],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(environment),
                cwd="/",
                start_new_session=True,  # it outlives this shell
            )
        identity = {"pid": process.pid, "began": processes.began(process.pid)}
        self.record.write_text(json.dumps({**identity, "found": found}))
        return process

    def _wait(
        self, environment: Mapping[str, str], process: subprocess.Popen[bytes] | None
    ) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._answers(environment):
            if process is not None and process.poll() is not None:
                raise Failure(f"dockerd ended: its log {self.log} says why", self.log)
            if time.monotonic() > deadline:
                raise Failure(
                    f"dockerd runs and does not answer: end it, and see {self.log}", self.log
                )
            time.sleep(POLL)

    def _answers(self, environment: Mapping[str, str]) -> bool:
        try:
            info(environment)
        except Silence:
            return False
        return True

    def _pid_in(self, path: Path, program: str) -> int | None:
        """
        Return the process of a pid file, if it is that program and not a successor of its number.
        """
        try:
            pid = int(path.read_text())
        except (OSError, ValueError):
            return None
        return pid if processes.is_alive(pid) and processes.name(pid) == program else None

    def _ours(self) -> int | None:
        try:
            record = json.loads(self.record.read_text())
        except (OSError, ValueError):
            return None
        pid: int = record["pid"]
        return pid if processes.is_alive(pid) and processes.began(pid) == record["began"] else None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self.record.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True


def _bridges() -> list[str]:
    """
    Return the network bridges that have an engine's names.
    """
    names = (path.name for path in INTERFACES.iterdir())
    return [name for name in names if re.fullmatch(r"docker0|br-[0-9a-f]{12}", name)]


def _remove_network(bridges: list[str]) -> None:
    """
    Remove the bridges and packet rules that dockerd leaves behind, and makes again when it starts.
    """
    with socket.socket(socket.AF_INET) as control:  # `ip` may not be installed
        for name in map(str.encode, bridges):
            with suppress(OSError):
                fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", name, 0))  # down first
                fcntl.ioctl(control, SIOCBRDELBR, name + b"\0")
    theirs = ("docker", *bridges)
    for tool in ("iptables", "ip6tables"):
        lines = ask([f"{tool}-save"]).text.splitlines()
        kept = [line for line in lines if not any(word in line.lower() for word in theirs)]
        if kept != lines:
            rules = "\n".join([*kept, ""])
            subprocess.run([f"{tool}-restore"], input=rules, text=True, check=False)
