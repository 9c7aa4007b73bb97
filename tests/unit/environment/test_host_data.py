"""
A host's data: the Settings of a container seen from outside.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import slipway
from slipway.environment import host_data
from tests.unit.conftest import reported

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5TAFhRfFdCYUJlqOq1Ey4zsB2Fq3zsKxXQ9qL1yB0C a key"

# proc(5): the name may hold anything; field 22, counted from the pid, is when it started
STAT = b"1 (a ) b) S " + b" ".join(b"%d" % field for field in range(4, 53)) + b"\n"


def test_all_of_it_comes_from_the_container(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Variables, files that they name, the mounted key file, links on the workspace's path.
    """
    files = {
        "/run/slipway/environment": b"WORKSPACE=/data\0RCLONE_CONFIG_X_PASS_FILE=/run/secrets/x\0",
        "/run/secrets/x": b"hidden\n",
        "/proc/1/stat": STAT,
        "/opt/slipway/deploy.py": b"code",
        "/run/slipway/report.json": reported(boot="22", services=False).to_bytes(),
        "/root/.ssh/authorized_keys_mount": KEY.encode(),
    }
    monkeypatch.setenv("WORKSPACE", "/controller")
    monkeypatch.setenv("GPU_COUNT", "7")

    def read(path: str) -> bytes:
        try:
            return files[path]
        except KeyError:
            raise FileNotFoundError(2, "No such file or directory", path) from None

    data = host_data.seen(read, {"/data": "/mnt/volume"}.__getitem__)

    assert (data["phase"], data["live"]) == ("start", True)
    assert data["settings"].workspace == "/mnt/volume"
    assert data["settings"].keys == (KEY,)
    assert data["settings"].gpu_count is None
    assert data["settings"].environment["RCLONE_CONFIG_X_PASS"] == "hidden"
    assert data["loaded"].refusals == ()
    assert data["boot"] == "22"
    assert data["services"] is False
    assert data["is_ours"] is True


def test_without_a_start_of_ours_the_engines_variables_count() -> None:
    """
    A container whose PID 1 is something else.
    """

    def read(path: str) -> bytes:
        if path.startswith("/proc"):
            of_the_first = {"environ": b"SKIP_ACL=1\0", "cmdline": b"sleep\0", "stat": STAT}
            return of_the_first[path.removeprefix("/proc/1/")]
        raise FileNotFoundError(2, "No such file or directory", path)

    data = host_data.seen(read, str)

    assert data["settings"].skip_acl is True
    assert data["services"] is True
    assert data["is_ours"] is False


ROOT = Path(slipway.__file__).parent
READS = ("os.environ", "os.environb", "os.getenv", "os.getenvb")


def test_one_module_reads_the_processs_environment() -> None:
    """
    Everything else is given what it needs, so that a test and a fleet can give something else. Two
    more put what supervisord's programs and our own get in its place.
    """
    readers = {
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in READS
    }

    names = ("host_data", "at_start", "own")
    assert readers == {f"environment/{name}.py" for name in names}
