"""
Facts: their commands run by sh on this machine, or what those print elsewhere, odd things included.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar
from xmlrpc.client import Fault, dumps

import pytest
from pyinfra.api import FactBase, StringCommand

from slipway.connectors.native import Inside
from slipway.environment.cpus import Cpus
from slipway.environment.gpus import NONE, Gpus
from slipway.facts.acl import Acl, AclObstacle, ExtendedAcls
from slipway.facts.authorized_keys import KeyFile, KeyFiles, UnsafePlace
from slipway.facts.cpus import CpuQuota
from slipway.facts.environment import EngineEnvironment
from slipway.facts.files import FileState, FileStates, FileText, LinkTargets
from slipway.facts.gpus import GpuDevices
from slipway.facts.mounts import DirectoryOwner, FuseObstacle, Mounts
from slipway.facts.packages import InstalledPackages
from slipway.facts.rclone import RcloneConfiguration, RcloneRemotes, RemotePrograms
from slipway.facts.ssh import (
    Abilities,
    HostKeyIsInTheMaking,
    HostKeys,
    SshdAbilities,
    SshdIsStale,
    SshPortIsTaken,
    WeakModuli,
)
from slipway.facts.supervisor import Program, Supervisord, SupervisordState
from slipway.remotes.states import PROGRAM_MARK
from slipway.system import atomic, supervisor_rpc
from slipway.system.atomic import temporary

T = TypeVar("T")

ODD = ["a b", "$(x)", "'quoted\"", "-n", "back\\nslash", "pipe|d", "ü", "\x01\r\x0b", "*"]

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting and chown need root")
needs_acl = pytest.mark.skipif(shutil.which("setfacl") is None, reason="no setfacl here")


def ask(
    fact: FactBase[Any],
    *,
    places: Mapping[str, object] | None = None,
    env: Mapping[str, str] | None = None,
    **arguments: Any,
) -> Any:
    """
    Return a fact of this machine, as pyinfra would; what a process does itself is the same.

    + places: paths of the contract to what stands in for them
    + env: added to the process's environment
    """
    command = fact.command(**arguments)
    script = command.get_raw_value() if isinstance(command, StringCommand) else command
    for place, stand_in in (places or {}).items():
        assert place in script
        script = script.replace(place, str(stand_in))
    done = subprocess.run(
        ["/bin/sh", "-c", script],
        env={**os.environ, **(env or {})},
        capture_output=True,
        check=True,
    )
    answer = _processed(fact, done.stdout)
    if isinstance(command, Inside) and not places:
        assert answer == _processed(fact, command.act().stdout)
    return answer


def _processed(fact: FactBase[Any], output: bytes) -> Any:
    lines = os.fsdecode(output).removesuffix("\n").split("\n")
    return fact.process(lines) if output else fact.default()


@pytest.mark.parametrize("name", ODD)
def test_files_of_any_name_are_seen(tmp_path: Path, name: str) -> None:
    """
    With their content, mode and owner; a literal backslash and n is no newline.
    """
    path = tmp_path / name
    path.write_bytes(b"\0\xff")
    path.chmod(0o640)
    expected = FileState("regular file", "640", "root", "root", sha256(b"\0\xff").hexdigest())

    assert {str(path): expected} == ask(FileStates(), paths=[str(path)])


def test_each_kind_of_file_is_told_apart(tmp_path: Path) -> None:
    """
    Links are not followed, an empty file is a file, what is not there is left out.
    """
    (tmp_path / "empty").touch()
    (tmp_path / "directory").mkdir()
    (tmp_path / "link").symlink_to("empty")
    (tmp_path / "loop").symlink_to("loop")
    names = ["empty", "directory", "link", "loop", "gone"]
    states = ask(FileStates(), paths=[str(tmp_path / name) for name in names])

    found = {path.rpartition("/")[2]: (state.type, state.sha256) for path, state in states.items()}

    assert found == {
        "empty": ("regular file", sha256(b"").hexdigest()),
        "directory": ("directory", ""),
        "link": ("symbolic link", ""),
        "loop": ("symbolic link", ""),
    }


def test_drafts_of_a_killed_run_are_seen(tmp_path: Path) -> None:
    """
    Beside a file that is there and beside one that is not.
    """
    paths = [str(tmp_path / name) for name in ("a", "b")]
    for path in (paths[0], *map(temporary, paths)):
        Path(path).touch()

    assert {paths[0], *map(temporary, paths)} == set(ask(FileStates(), paths=paths))


@pytest.fixture(scope="session")
def german(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """
    Variables of a user who has set a language, and whose image has its translations.
    """
    directory = tmp_path_factory.mktemp("locales")
    # exit code 1 is a warning here
    command = ["localedef", "-i", "de_DE", "-f", "UTF-8", str(directory / "de_DE.UTF-8")]
    if shutil.which("localedef"):
        subprocess.run(command, check=False, capture_output=True)
    variables = {"LOCPATH": str(directory), "LC_ALL": "de_DE.UTF-8"}
    kind = subprocess.run(
        ["stat", "-c", "%F", "/"], env={**os.environ, **variables}, capture_output=True, check=True
    )
    if kind.stdout != b"Verzeichnis\n":
        pytest.skip("no translations here")
    return variables


def test_a_users_language_changes_no_fact(tmp_path: Path, german: dict[str, str]) -> None:
    """
    stat(1) translates the kinds of files: in German nothing would ever be as it should.
    """
    (tmp_path / "file").touch()
    states = ask(FileStates(), env=german, paths=[str(tmp_path / "file"), str(tmp_path)])

    assert {state.type for state in states.values()} == {"regular file", "directory"}
    assert ask(DirectoryOwner(), env=german, path=str(tmp_path)) == (0, 0)


@pytest.mark.parametrize("name", ODD)
def test_links_are_read_whole(tmp_path: Path, name: str) -> None:
    """
    Also where they lead nowhere; other files are no links.
    """
    link, file = tmp_path / f"{name}1", tmp_path / f"{name}2"
    link.symlink_to(name)
    file.touch()
    paths = [str(file), str(link), str(tmp_path / "gone")]

    assert {str(link): name} == ask(LinkTargets(), paths=paths)


@pytest.mark.parametrize("name", ODD)
def test_a_text_is_read_line_by_line(tmp_path: Path, name: str) -> None:
    """
    Blank lines, a carriage return and bytes that are no UTF-8 stay; the last newline is given.
    """
    (tmp_path / name).write_bytes(b"a\r\n\n \xff\x0b\nlast")

    assert ask(FileText(), path=str(tmp_path / name)) == "a\r\n\n \udcff\x0b\nlast\n"
    assert ask(FileText(), path=str(tmp_path / "gone")) == ""


@needs_acl
@pytest.mark.parametrize("name", ODD)
def test_an_acl_is_read_with_numeric_ids(tmp_path: Path, name: str) -> None:
    """
    Default entries too; effective rights are no part of an entry.
    """
    path = tmp_path / name
    path.mkdir(mode=0o755)
    path.chmod(0o755)
    subprocess.run(["setfacl", "-m", "u:65534:rwx,m::r-x", "--", path], check=True)
    subprocess.run(["setfacl", "-d", "-m", "u:1234:rwx,m::rwx", "--", path], check=True)
    default = {"user::rwx", "user:1234:rwx", "group::r-x", "mask::rwx", "other::r-x"}

    assert ask(Acl(), path=str(path)) == {
        "user::rwx",
        "user:65534:rwx",
        "group::r-x",
        "mask::r-x",
        "other::r-x",
        *(f"default:{entry}" for entry in default),
    }
    assert ask(Acl(), path=str(path / "gone")) == set()


@needs_acl
@pytest.mark.parametrize("name", ODD)
def test_paths_with_more_than_their_mode_are_told(tmp_path: Path, name: str) -> None:
    """
    Named and default entries count; a path without them and one that is missing don't.
    """
    plain, named, default = (tmp_path / kind / name for kind in ("plain", "named", "default"))
    for path in (plain, named, default):
        path.mkdir(parents=True)
    subprocess.run(["setfacl", "-m", "u:65534:rwx", "--", named], check=True)
    subprocess.run(["setfacl", "-d", "-m", "u:1234:rwx", "--", default], check=True)
    paths = [str(path) for path in (tmp_path / "gone", plain, named, default)]

    assert ask(ExtendedAcls(), paths=paths) == [str(named), str(default)]
    assert ask(ExtendedAcls(), paths=[str(plain)]) == []


@needs_root
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("size=64k", ""),
        ("size=64k,ro", "the file system is read-only"),
    ],
)
def test_what_stands_against_an_acl_is_named(tmp_path: Path, options: str, expected: str) -> None:
    """
    Without writing anything: tmpfs has ACLs; where it can't be written to, that is said.
    """
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", tmp_path], check=True)
    try:
        assert ask(AclObstacle(), path=str(tmp_path)) == expected
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_a_file_system_without_acls_is_named() -> None:
    """
    /proc is one.
    """
    assert ask(AclObstacle(), path="/proc") == "the file system has no ACLs"


def test_key_files_come_through_byte_for_byte(tmp_path: Path) -> None:
    """
    NUL, bytes that are no UTF-8 and a missing last newline; what is no file is left out.
    """
    content = bytes(range(256)) * 20
    files = {"keys": content, "empty": b"", "a b $(x)": b"x"}
    for name, text in files.items():
        (tmp_path / name).write_bytes(text)
        (tmp_path / name).chmod(0o600)
    (tmp_path / "directory").mkdir()
    paths = [str(tmp_path / name) for name in (*files, "directory", "gone")]

    assert ask(KeyFiles(), paths=paths) == {
        str(tmp_path / name): KeyFile(text, "600", "root", str(tmp_path / name))
        for name, text in files.items()
    }


@needs_root
def test_key_files_are_seen_through_links(tmp_path: Path) -> None:
    """
    The mode and the owner are the file's; a link that leads nowhere yet has neither.
    """
    real = tmp_path / "real"
    real.write_bytes(b"x")
    real.chmod(0o644)
    os.chown(real, 65534, 65534)
    there, nowhere, loop = tmp_path / "there", tmp_path / "nowhere", tmp_path / "loop"
    there.symlink_to("real")
    nowhere.symlink_to("new")
    loop.symlink_to("loop")

    assert ask(KeyFiles(), paths=[str(there), str(nowhere), str(loop)]) == {
        str(there): KeyFile(b"x", "644", "nobody", str(real)),
        str(nowhere): KeyFile(b"", "", "", str(tmp_path / "new")),
        str(loop): KeyFile(b"", "", "", str(loop)),
    }


@needs_root
@pytest.mark.parametrize(
    ("uid", "mode", "is_safe"),
    [(0, 0o755, True), (0, 0o775, False), (0, 0o757, False), (65534, 0o755, False)],
)
def test_a_place_that_others_may_write_to_is_named(
    tmp_path: Path, uid: int, mode: int, *, is_safe: bool
) -> None:
    """
    Anywhere above the file that a link leads to; sshd would not read it.
    """
    root = Path("/root", tmp_path.name)  # /tmp is never safe
    below = root / "open to $(others)" / "below"
    below.mkdir(parents=True)
    try:
        (below / "keys").touch()
        (tmp_path / "link").symlink_to(below / "keys")
        below.parent.chmod(mode)
        os.chown(below.parent, uid, uid)
        place = ask(UnsafePlace(), path=str(tmp_path / "link"))
    finally:
        shutil.rmtree(root)

    assert place == ("" if is_safe else str(below.parent))


def test_the_first_unsafe_place_is_named() -> None:
    """
    Sticky bits make no place safe for sshd.
    """
    lines = ["0 700 /a/b c", "0 1777 /a", "0 755 /"]

    assert UnsafePlace().process(lines) == "/a"


def test_the_owner_of_a_directory(tmp_path: Path) -> None:
    """
    Links are followed; a file and nothing have no owner of a directory.
    """
    (tmp_path / "a b").mkdir()
    (tmp_path / "link").symlink_to("a b")
    (tmp_path / "file").touch()
    if os.geteuid() == 0:
        os.chown(tmp_path / "a b", 1234, 5678)
    owner = (tmp_path / "a b").stat()
    answers = [
        ask(DirectoryOwner(), path=str(tmp_path / name)) for name in ("a b", "link", "file", "gone")
    ]

    assert answers == [(owner.st_uid, owner.st_gid)] * 2 + [None] * 2


def test_mounts_of_this_machine() -> None:
    """
    /proc is among them, and lines in any number are read.
    """
    points = {mount.point: mount.type for mount in ask(Mounts())}

    assert points["/proc"] == "proc"
    assert len(points) > 1


ALL = "CapEff:\t000001ffffffffff"
DOCKER = "CapEff:\t00000000a80425fb"  # what Docker leaves to a container


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ([ALL], ""),
        (["no-device", "no-access", DOCKER], "no /dev/fuse"),
        (["no-device", "no-access", ALL], "no /dev/fuse"),
        (["no-access", DOCKER], "no CAP_SYS_ADMIN"),
        ([DOCKER], "no CAP_SYS_ADMIN"),
        (["no-access", ALL], "/dev/fuse can't be opened"),
        (["CapEff:\t0000000000200000"], ""),
    ],
)
def test_fuse_names_the_condition_that_is_missing(output: list[str], expected: str) -> None:
    """
    The device first, then the capability, then the permission to open it.
    """
    assert FuseObstacle().process(output).partition(";")[0] == expected


def test_fuse_of_a_stand_in(tmp_path: Path) -> None:
    """
    A file is no device; a device that opens is one.
    """
    (tmp_path / "file").touch()
    mine = Path("/proc/self/status").read_text()
    capable = int(mine.partition("CapEff:")[2].split()[0], 16) & 1 << 21
    answers = [
        ask(FuseObstacle(), places={"/dev/fuse": stand_in})
        for stand_in in (tmp_path / "file", "/dev/null")
    ]

    assert answers[0].startswith("no /dev/fuse")
    assert bool(answers[1]) is not bool(capable)


def test_gpus_of_a_machine_without_any() -> None:
    """
    No output is no GPU.
    """
    assert GpuDevices().default() == NONE


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (["dev/nvidia0", "dev/nvidia1", "dev/nvidiactl", "dev/nvidia-uvm"], Gpus("nvidia", 2)),
        (["dev/nvidiactl", "proc/driver/nvidia/gpus/0000:01:00.0"], Gpus("nvidia", 1)),
        (["dev/dxg"], Gpus("wsl", None)),
        (["dev/kfd", "nodes/0/properties=0", "nodes/1/properties=304"], Gpus("amd", 1)),
        (["nodes/0/properties=0"], NONE),
        ([], NONE),
    ],
)
def test_gpus_are_counted_by_what_they_leave(
    tmp_path: Path, made: list[str], expected: Gpus
) -> None:
    """
    Real listings of stand-ins for /dev, /proc and /sys.
    """
    for word in made:
        name, _, simd_count = word.partition("=")
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"cpu_cores_count 8\nsimd_count {simd_count}\nmax_waves_per_simd 10\n")
    places = {"/dev/": f"{tmp_path}/dev/", "/proc/": f"{tmp_path}/proc/"}
    command = (
        GpuDevices()
        .command()
        .get_raw_value()
        .replace("/sys/class/kfd/kfd/topology/", f"{tmp_path}/")
    )
    for place, stand_in in places.items():
        command = command.replace(f" {place}", f" {stand_in}")
    command = command.replace(" 2>" + places["/dev/"], " 2>/dev/")
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    lines = done.stdout.replace(str(tmp_path), "").splitlines()

    assert GpuDevices().process(lines) == expected


def test_cpus_of_this_machine() -> None:
    """
    As many as this process may run on, whatever OMP_NUM_THREADS says.
    """
    cpus = ask(CpuQuota(), env={"OMP_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1"})

    assert cpus.seen == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("quota", "expected"),
    [
        (["150000 100000"], 1.5),
        (["max 100000"], None),
        (["-1", "100000"], None),
        (["50000", "100000"], 0.5),
        ([], None),
        (["100000 0"], None),
    ],
)
def test_the_cpu_quota_of_either_version(quota: list[str], expected: float | None) -> None:
    """
    Version 2 has one file, version 1 two; none is no quota.
    """
    assert CpuQuota().process(["8", *quota]) == Cpus(8, expected)


def test_the_engines_environment_is_read_whole(tmp_path: Path) -> None:
    """
    With newlines, `=` and bytes that are no UTF-8.
    """
    (tmp_path / "environ").write_bytes(b"A=1\nB=2\0C==\0D=\xff\0E=\0")
    places = {"/proc/1/environ": tmp_path / "environ"}
    expected = {"A": "1\nB=2", "C": "=", "D": "\udcff", "E": ""}

    assert expected == ask(EngineEnvironment(), places=places)
    assert ask(EngineEnvironment(), places={"/proc/1/environ": tmp_path / "gone"}) == {}


@pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="not made of Debian's packages")
def test_installed_packages_are_told_from_unknown_ones() -> None:
    """
    One that dpkg does not know costs the others nothing.
    """
    packages = ["dpkg", "no-such-package", "base-files"]

    assert ask(InstalledPackages(), packages=packages) == {"dpkg", "base-files"}


def test_only_configured_packages_are_installed() -> None:
    """
    What was removed but for its configuration, or broke while unpacking, is not.
    """
    output = [
        "installed acl",
        "config-files nano",
        "half-configured git",
        "not-installed less",
        "unpacked screen",
    ]

    assert InstalledPackages().process(output) == {"acl"}


def test_host_keys_count_in_pairs(tmp_path: Path) -> None:
    """
    A private part alone, a public one alone or an empty file is none.
    """
    for name in ("ed25519_key", "ed25519_key.pub", "rsa_key", "ecdsa_key.pub", "dsa_key.pub"):
        (tmp_path / f"ssh_host_{name}").write_text("x")
    (tmp_path / "ssh_host_dsa_key").touch()

    assert ask(HostKeys(), places={"/etc/ssh": tmp_path}) == {"ed25519"}
    assert ask(HostKeys(), places={"/etc/ssh": tmp_path / "gone"}) == set()


def test_a_host_key_is_in_the_making_while_its_lock_is_held(tmp_path: Path) -> None:
    """
    Without a lock file none is made for the question's sake; a holder that died holds nothing.
    """
    lock = tmp_path / "lock"
    places = {"/run/slipway/host-key.lock": lock}
    asked = [ask(HostKeyIsInTheMaking(), places=places)]
    was_made = lock.exists()
    with atomic.lock(lock):
        asked.append(ask(HostKeyIsInTheMaking(), places=places))
    asked.append(ask(HostKeyIsInTheMaking(), places=places))

    assert (asked, was_made) == ([False, True, False], False)


@pytest.mark.skipif(shutil.which("ssh") is None, reason="no OpenSSH here")
def test_sshd_tells_what_it_knows(tmp_path: Path) -> None:
    """
    And os-release the distribution; one without a version, or none at all, costs nothing else.
    """
    release = tmp_path / "os-release"
    places = {"/etc/os-release": release}
    release.write_text("NAME='Debian GNU/Linux'\nID=debian\nVERSION_ID=\"12\"\n")
    stable = ask(SshdAbilities(), places=places)
    release.write_text("ID=debian\n")
    sid = ask(SshdAbilities(), places=places)
    release.unlink()
    none = ask(SshdAbilities(), places=places)

    assert [known.distribution for known in (stable, sid, none)] == ["debian-12", "debian", ""]
    assert all("curve25519-sha256" in known.key_exchanges for known in (stable, sid, none))
    assert all("" not in known.key_exchanges for known in (stable, sid, none))


def test_without_openssh_no_key_exchange_is_known() -> None:
    """
    An image in its first operation, say.
    """
    assert SshdAbilities().process(["debian-12", ""]) == Abilities("debian-12", [])


@pytest.mark.parametrize(("size", "weak"), [(1023, True), (3070, True), (3071, False)])
def test_weak_moduli_are_seen(tmp_path: Path, size: int, weak: bool) -> None:  # noqa: FBT001
    """
    A modulus of n + 1 bits is written down as n; comments and a file that is gone are no moduli.
    """
    moduli = tmp_path / "moduli"
    places = {"/etc/ssh/moduli": moduli}
    gone = ask(WeakModuli(), places=places, bits=3072)
    moduli.write_text(f"# 2 6 100 1 2\n2026 2 6 100 4095 5 C3\n2026 2 6 100 {size} 5 C3\n")

    assert (gone, ask(WeakModuli(), places=places, bits=3072)) == (False, weak)


YEAR = 365 * 24 * 3600


@pytest.mark.parametrize(
    ("pid_age", "file_age", "stale"),
    [
        (YEAR, 0, True),  # a pid file from before the change
        (YEAR, 2 * YEAR, True),  # an old file moved into place just now
        (-YEAR, 0, True),  # a pid file from when the clock was wrong: sshd is asked to renew it
        (0, -YEAR, False),  # a file dated in the future, from before sshd
        (0, YEAR, False),
    ],
)
def test_sshd_is_stale_when_its_files_changed_after_it(
    tmp_path: Path,
    pid_age: int,
    file_age: int,
    stale: bool,  # noqa: FBT001
) -> None:
    """
    Whatever the files' dates say: they can be set, and the clock can have been wrong.

    + pid_age, file_age: how many seconds ago each is dated
    """
    configuration, pid = tmp_path / "etc/sshd_config.d/x.conf", tmp_path / "pid"
    configuration.parent.mkdir(parents=True)
    configuration.touch()
    places = {
        "/etc/ssh/": f"{tmp_path}/etc/",
        "/run/slipway/": f"{tmp_path}/",
        "/run/sshd.pid": pid,
    }
    without = ask(SshdIsStale(), places=places)
    now = time.time()
    os.utime(configuration, (now - file_age, now - file_age))
    pid.touch()
    started = max(now, configuration.stat().st_ctime, configuration.parent.stat().st_ctime) + 0.001
    os.utime(pid, (started - pid_age, started - pid_age))
    while time.time() <= started:
        pass

    assert (without, ask(SshdIsStale(), places=places)) == (False, stale)


@pytest.mark.parametrize(
    ("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::")]
)
def test_a_listener_takes_its_port(family: socket.AddressFamily, address: str) -> None:
    """
    In either family; a port that is only connected to is free.
    """
    try:
        listener = socket.socket(family)
        listener.bind((address, 0))
    except OSError:
        pytest.skip("no such family here")
    with listener, socket.socket(family) as client:
        port = listener.getsockname()[1]
        places = {":0016": f":{port:04X}"}
        before = ask(SshPortIsTaken(), places=places)
        listener.listen()
        client.connect(("::1" if family == socket.AF_INET6 else address, port))
        listening = ask(SshPortIsTaken(), places=places)
        connected = ask(SshPortIsTaken(), places={":0016": f":{client.getsockname()[1]:04X}"})

    assert (before, listening, connected) == (False, True, False)


RCLONE = Path(sys.executable).with_name("rclone")


def ask_rclone(tmp_path: Path, *, variables: str = "") -> list[str] | None:
    """
    Return the remotes that the real rclone lists.
    """
    (tmp_path / "environment.sh").write_text(variables)
    places = {
        "/run/slipway/environment.sh": tmp_path / "environment.sh",
        "/etc/rclone/rclone.conf": tmp_path / "rclone.conf",
    }
    env = {"PATH": f"{RCLONE.parent}:{os.environ['PATH']}"}
    remotes: list[str] | None = ask(RcloneRemotes(), places=places, env=env)
    return remotes


def test_remotes_of_a_file_and_of_variables(tmp_path: Path) -> None:
    """
    With spaces and letters of any script in their names.
    """
    (tmp_path / "rclone.conf").write_text("[a b]\ntype = memory\n[ü]\ntype = memory\n")
    remotes = ask_rclone(tmp_path, variables="export RCLONE_CONFIG_ENV_TYPE=memory")

    assert remotes is not None
    assert sorted(remotes) == ["a b", "env", "ü"]


def test_a_configuration_elsewhere_is_read(tmp_path: Path) -> None:
    """
    RCLONE_CONFIG names it, with any characters in its path.
    """
    (tmp_path / "my $(x) file").write_text("[there]\ntype = memory\n")
    variables = f"export RCLONE_CONFIG='{tmp_path}/my $(x) file'"

    assert ask_rclone(tmp_path, variables=variables) == ["there"]


def test_a_users_options_keep_no_remote_from_being_seen(tmp_path: Path) -> None:
    """
    Not a level of its log, which rclone takes once only, nor a remote control at a bad address.
    """
    (tmp_path / "rclone.conf").write_text("[there]\ntype = memory\n")
    options = ["VERBOSE=2", "LOG_LEVEL=ERROR", "RC=true", "RC_ADDR=192.0.2.1:1"]
    found = [
        ask_rclone(tmp_path, variables=f"export RCLONE_{option} RCLONE_RC=true")
        for option in options
    ]

    assert found == [["there"]] * len(options)


def test_no_remotes_are_not_a_broken_configuration(tmp_path: Path) -> None:
    """
    Nothing to read: an empty list. A file that can't be parsed: none can be told.
    """
    nothing = ask_rclone(tmp_path)
    (tmp_path / "rclone.conf").touch()
    empty = ask_rclone(tmp_path)
    (tmp_path / "rclone.conf").write_text("[broken\n= =")

    assert (nothing, empty, ask_rclone(tmp_path)) == ([], [], None)


def test_mount_programs_are_ours_by_their_mark(tmp_path: Path) -> None:
    """
    A file without it is somebody else's, whatever it is called.
    """
    (tmp_path / "remote-a_b-0123.conf").write_text(f"{PROGRAM_MARK}a b\n[program:x]\n")
    (tmp_path / "remote-mine.conf").write_text("[program:mine]\n")
    found = ask(RemotePrograms(), places={"/etc/supervisor/conf.d": tmp_path})
    none = ask(RemotePrograms(), places={"/etc/supervisor/conf.d": tmp_path / "gone"})

    assert (found, none) == ({"remote-a_b-0123": "a b"}, {})


def _process(group: str, state: str, pid: int) -> dict[str, Any]:
    return {"name": group, "group": group, "statename": state, "pid": pid, "spawnerr": ""}


def _answer(*results: Any) -> list[str]:
    return dumps(((list(results)),), methodresponse=True).splitlines()


def test_supervisord_tells_programs_and_pending_changes() -> None:
    """
    Both come in one answer.
    """
    processes = [_process("sshd", "RUNNING", 7), _process("a&b <c>", "FATAL", 0)]
    pending = [[["new"], ["other"], ["old"]]]

    assert SupervisordState().process(_answer(processes, pending)) == Supervisord(
        {"sshd": Program("RUNNING", 7), "a&b <c>": Program("FATAL", 0)},
        added=["new"],
        changed=["other"],
        removed=["old"],
        broken="",
    )


def test_each_process_of_a_group_has_a_state_of_its_own() -> None:
    """
    Only what starts with the container and was stopped, or given up, is down.
    """
    first = {**_process("worker", "STOPPED", 0), "name": "a", "start": 5, "autostart": True}
    second = {**_process("worker", "RUNNING", 7), "name": "b", "start": 5, "autostart": True}
    manual = {**_process("manual", "STOPPED", 0), "start": 5, "autostart": False}
    state = SupervisordState().process(_answer([first, second, manual], [[[], [], []]]))

    assert state is not None
    assert state.down == ("worker:a",)
    assert state.programs == {
        "worker:a": Program("STOPPED", 0),
        "worker:b": Program("RUNNING", 7),
        "manual": Program("STOPPED", 0, autostart=False),
    }


def test_supervisord_says_what_is_broken() -> None:
    """
    A configuration that can't be read costs the programs' state nothing.
    """
    fault = {"faultCode": 92, "faultString": "CANT_REREAD: File contains no section headers"}
    state = SupervisordState().process(_answer([_process("sshd", "RUNNING", 7)], fault))

    assert state is not None
    assert state.broken == "CANT_REREAD: File contains no section headers"
    assert (state.added, state.changed, state.removed) == ([], [], [])
    assert state.programs == {"sshd": Program("RUNNING", 7)}


def test_where_no_supervisord_runs_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    An image build, say; nor behind a socket that nobody listens to.
    """
    gone = tmp_path / "gone"
    monkeypatch.setattr("slipway.facts.supervisor.SUPERVISOR_SOCKET", gone)
    without = ask(SupervisordState())
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(gone))

    assert (without, ask(SupervisordState())) == (None, None)


def test_a_supervisord_that_ends_is_none() -> None:
    """
    A convergence under way while the container stops has nothing to tell it.
    """
    ending = {"faultCode": 6, "faultString": "SHUTDOWN_STATE"}
    unknown = {"faultCode": 1, "faultString": "UNKNOWN_METHOD"}

    assert SupervisordState().process(_answer(ending, ending)) is None
    with pytest.raises(supervisor_rpc.Fault, match="UNKNOWN_METHOD"):
        SupervisordState().process(_answer(unknown, ending))


def test_supervisord_that_refuses_everything_is_an_error() -> None:
    """
    Silence would look like a build.
    """
    answer = dumps(Fault(1, "UNKNOWN_METHOD"), methodresponse=True).splitlines()

    with pytest.raises(supervisor_rpc.Fault):
        SupervisordState().process(answer)


def configuration(tmp_path: Path, text: str) -> Any:
    """
    Return what is seen of a configuration file.
    """
    (tmp_path / "my $(x) file").write_text(text)
    return ask(RcloneConfiguration(), path=str(tmp_path / "my $(x) file"))


def test_the_configurations_mode_is_seen(tmp_path: Path) -> None:
    """
    Of a regular file only: a link's target is another's.
    """
    file = tmp_path / "my $(x) file"
    configuration(tmp_path, "[a]\ntype = memory\n")
    file.chmod(0o640)
    (tmp_path / "link").symlink_to(file)
    seen = ask(RcloneConfiguration(), path=str(file))

    assert (seen.mode, seen.is_changeable) == ("640", True)
    assert ask(RcloneConfiguration(), path=str(tmp_path / "link")).mode == ""
    assert ask(RcloneConfiguration(), path=str(tmp_path)).mode == ""
    assert ask(RcloneConfiguration(), path=str(tmp_path / "gone")) is None


@needs_root
def test_a_configuration_on_a_read_only_mount_is_not_ours_to_change(tmp_path: Path) -> None:
    """
    Also for root.
    """
    configuration(tmp_path, "")
    subprocess.run(["mount", "--bind", tmp_path, tmp_path], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", tmp_path], check=True)
        seen = ask(RcloneConfiguration(), path=str(tmp_path / "my $(x) file"))
    finally:
        subprocess.run(["umount", tmp_path], check=True)

    assert not seen.is_changeable


@pytest.mark.parametrize(
    "other",
    [
        "[a]\ntype = sftp\nhost = elsewhere\n",
        "[a]\ntype = sftp\nhost = x\npass = secret\n",
        "[a]\ntype = sftp\n",
    ],
)
def test_a_remotes_options_are_told_apart(tmp_path: Path, other: str) -> None:
    """
    By a digest: changed, added, gone. What they are is not in it.
    """
    before = configuration(tmp_path, "[a]\ntype = sftp\nhost = x\n[b c]\ntype = memory\n")
    after = configuration(tmp_path, other + "# a comment\n\n[b c]\n type=memory\n")

    assert before.digests["a"] != after.digests["a"]
    assert before.digests["b c"] == after.digests["b c"]
    assert "secret" not in repr(after)


@pytest.mark.parametrize("value", ["far:", "far:p", "x: far:p:ro", "dir=far:p", '"far:a b"'])
def test_what_stands_on_a_changed_remote_is_changed(tmp_path: Path, value: str) -> None:
    """
    A crypt, a union or an alias, over others or not; what stands on another one is not.
    """
    form = (
        "[far]\ntype = sftp\npass = %s\n[not.far]\ntype = sftp\n"
        f"[safe]\ntype = crypt\nremote = {value}\n[part]\ntype = alias\nremote = safe:d\n"
        "[other]\ntype = alias\nremote = not.far:d\n"
    )
    before = configuration(tmp_path, form % "one").digests
    after = configuration(tmp_path, form % "two").digests

    assert {name for name in before if before[name] != after[name]} == {"far", "safe", "part"}


def test_remotes_that_stand_on_each_other_are_no_endless_question(tmp_path: Path) -> None:
    """
    A mistake, which rclone reports when it mounts them.
    """
    text = "[a]\ntype = alias\nremote = b:\n[b]\ntype = alias\nremote = a:\n"

    assert configuration(tmp_path, text).digests.keys() == {"a", "b"}


def test_what_rclone_writes_back_is_no_change(tmp_path: Path) -> None:
    """
    A refreshed token must not mount a remote anew at the next convergence.
    """
    form = "[a]\ntype = drive\ntoken = %s\nclient_id = x\n"
    first = configuration(tmp_path, form % '{"access_token":"1","expiry":"2026"}')
    second = configuration(tmp_path, form % '{"access_token":"2","expiry":"2027"}')

    assert first.digests == second.digests
    assert "a" in first.digests


def test_an_encrypted_configuration_tells_nothing(tmp_path: Path) -> None:
    """
    And breaks nothing.
    """
    text = "# Encrypted rclone configuration File\n\nRCLONE_ENCRYPT_V0:\nabc=\n"

    assert configuration(tmp_path, text).digests == {}
