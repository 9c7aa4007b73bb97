"""
Containers of podman's, looked at as those of the engine are.
"""

from __future__ import annotations

import json
import os
import resource
import shlex
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from engine.optional import PODMAN
from tests.live.conftest import PREFIX, KeyPair, Result, Slipway, wait_until

TIMEOUT = 120  # seconds for a command of podman's: it takes over images, too
SETTINGS = Path("/usr/share/containers/containers.conf")  # Debian's, with podman's capabilities
# A service that says on the volume that it was told to stop, and needs a moment for that
TOLD = "/workspace/told"
SLOW = f"""[program:slow]
command=bash -c 'trap "sleep 1; echo told > {TOLD}; exit 0" TERM; while :; do sleep 0.1; done'
startsecs=0
"""


class Podman:
    """
    podman as one user, with a storage of its own: the machine's other containers are not seen.
    """

    def __init__(self, place: Path, user: str = "") -> None:
        """
        Make its directories.

        + place: for images, containers and what lives as long as they run
        + user: not root, who is the default
        """
        self.user, self.place = user, place
        for name in ("storage", "running", "runtime", "temporary"):
            (place / name).mkdir()
            if user:
                shutil.chown(place / name, user, user)
        self._settle()

    def _settle(self) -> None:
        """
        Have limits that any root may set, as podman's own want CAP_SYS_RESOURCE; and its own locks.

        Those in shared memory are everybody's, and each new storage would begin with freeing all.
        """
        _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
        limits = f'default_ulimits = ["nofile={files}:{files}", "nproc=4096:4096"]'
        text = SETTINGS.read_text() if SETTINGS.exists() else ""
        for section, line in (("[containers]", limits), ("[engine]", 'lock_type = "file"')):
            text = text if f"{section}\n" in text else f"{text}\n{section}\n"
            text = text.replace(f"{section}\n", f"{section}\n{line}\n", 1)
        (self.place / "containers.conf").write_text(text)

    def words(self, *words: str) -> list[str]:
        """
        Return a command line of it, for whoever runs it from anywhere.
        """
        place = self.place
        # fmt: off
        return [
            "env", f"--chdir={place}", f"HOME={place}", f"XDG_RUNTIME_DIR={place}/runtime",
            f"CONTAINERS_CONF={place}/containers.conf",
            *(["runuser", "-u", self.user, "--"] if self.user else []),
            "podman", "--root", f"{place}/storage", "--runroot", f"{place}/running",
            "--tmpdir", f"{place}/temporary", "--storage-driver", "overlay", *words,
        ]
        # fmt: on

    def ask(self, *words: str, **options: Any) -> Result:
        """
        Run it, however it ends.
        """
        done = subprocess.run(
            self.words(*words), check=False, capture_output=True, timeout=TIMEOUT, **options
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    def check_output(self, *words: str, **options: Any) -> str:
        """
        Run it; it must succeed.
        """
        result = self.ask(*words, **options)
        assert result.code == 0, f"{words}: {result}"
        return result.stdout.strip()

    def load(self, image: str) -> str:
        """
        Take over an image of the engine's, once; returns its name here.
        """
        if self.ask("image", "exists", f"localhost/{image}").code == 0:
            return f"localhost/{image}"
        with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as sent:
            self.check_output("load", "--quiet", stdin=sent.stdout)
        return f"localhost/{image}"

    def start(self, image: str, *options: str) -> InPodman:
        """
        Start a container.
        """
        name = f"{PREFIX}{uuid.uuid4().hex[:12]}"
        self.check_output("run", "--detach", "--name", name, *options, image)
        return InPodman(self, name)

    def remove(self) -> None:
        """
        Remove all pods and containers, then all that it has written.
        """
        self.ask("pod", "rm", "--force", "--all")
        self.ask("rm", "--force", "--all", "--volumes", "--time", "1")
        if self.user:
            self.ask("system", "migrate")  # ends the process that holds the user's namespace
        shutil.rmtree(self.place, ignore_errors=True)


class Done(NamedTuple):
    """
    What the engine's client returns for a command in a container.
    """

    exit_code: int
    output: tuple[bytes, bytes]


class Contained:
    """
    A container of podman's, with what `Slipway` uses of the engine's.
    """

    def __init__(self, podman: Podman, name: str) -> None:
        self.podman, self.name = podman, name

    def exec_run(
        self, words: list[str], *, demux: bool, environment: dict[str, str] | None = None
    ) -> Done:
        """
        Run a command in it.
        """
        assert demux
        given = [f"--env={name}={value}" for name, value in (environment or {}).items()]
        result = self.podman.ask("exec", *given, self.name, *words)
        return Done(result.code, (result.stdout.encode(), result.stderr.encode()))

    def inspect(self, form: str) -> Any:
        """
        Return a part of what podman knows of it.
        """
        return json.loads(self.podman.check_output("inspect", "--format", form, self.name))

    def reload(self) -> None:
        """
        Nothing is kept.
        """

    @property
    def ports(self) -> Any:
        """
        Which port of the machine leads to which of its own.
        """
        return self.inspect("{{json .NetworkSettings.Ports}}")

    def logs(self) -> bytes:
        """
        Return what `podman logs` shows.
        """
        result = self.podman.ask("logs", self.name)
        return f"{result.stdout}{result.stderr}".encode()


class InPodman(Slipway):
    """
    A container of podman's under test.

    Where no port of the machine leads to it ssh goes through `podman exec`.
    """

    def __init__(self, podman: Podman, name: str, *, is_published: bool = False) -> None:
        self.contained = Contained(podman, name)
        super().__init__(self.contained)  # type: ignore[arg-type]
        self.is_published = is_published

    def way(self, port: int) -> list[str]:
        """
        Return ssh's options that lead to one of the container's ports.
        """
        if self.is_published:
            return super().way(port)
        podman, name = self.contained.podman, self.contained.name
        through = podman.words("exec", "--interactive", name, "nc", "127.0.0.1", str(port))
        return ["-o", f"ProxyCommand={shlex.join(through)}"]

    def exit_code(self) -> int:
        """
        Return that of its last end.
        """
        return int(self.contained.inspect("{{json .State.ExitCode}}"))


def opens_a_terminal(slipway: Slipway, key: KeyPair) -> bool:
    """
    Tell whether an interactive login has one.
    """
    return slipway.ssh_with(["-tt"], key, "tty").stdout.startswith("/dev/pts/")


def lay_slow(slipway: Slipway) -> None:
    """
    Have a service that a stop has to wait for; it runs, and the container is healthy with it.
    """
    slipway.check_output("sh", "-c", f"cat > /etc/supervisor/conf.d/slow.conf << 'EOF'\n{SLOW}EOF")
    assert slipway.converge()["totals"]["failed"] == 0
    is_up = ("sh", "-c", "supervisorctl status slow | grep -q RUNNING")
    wait_until(lambda: slipway.exec(*is_up).code == 0, "slow runs")
    slipway.wait_healthy()


@pytest.fixture(scope="session")
def place() -> Iterator[Path]:
    """
    A directory that any user may pass through; a skip where there is no podman to use it.
    """
    if shutil.which(PODMAN.program) is None or os.geteuid():
        pytest.skip("this machine has no podman: `make podman` as root installs it on Debian")
    place = Path(tempfile.mkdtemp(prefix=PREFIX))
    place.chmod(0o711)
    yield place
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="module")
def rootful(place: Path) -> Iterator[Podman]:
    """
    What root runs.
    """
    (place / "root").mkdir()
    podman = Podman(place / "root")
    yield podman
    podman.remove()


@pytest.fixture(scope="module")
def rootless(place: Path) -> Iterator[Podman]:
    """
    What a user runs who is made for this, and is gone again.
    """
    user = f"{PREFIX}{uuid.uuid4().hex[:6]}"
    home = place / "user"  # podman takes no path of more than fifty characters
    home.mkdir()
    subprocess.run(["useradd", "--no-create-home", "--home-dir", str(home), user], check=True)
    try:
        shutil.chown(home, user, user)
        podman = Podman(home, user)
        result = podman.ask("unshare", "true")
        if result.code:
            pytest.skip(f"this machine lets no user have containers: {result.stderr.strip()}")
        yield podman
        podman.remove()
    finally:
        subprocess.run(["userdel", user], check=True, capture_output=True)
