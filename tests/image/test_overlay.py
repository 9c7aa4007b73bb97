from pathlib import Path

import pytest
from testinfra.host import Host

FILES = Path("/opt/slipway/files")
STATIC = sorted(path for path in FILES.rglob("*") if path.is_file())


@pytest.mark.parametrize("source", STATIC, ids=lambda path: str(path.relative_to(FILES)))
def test_files_mirrors_the_root(host: Host, source: Path) -> None:
    """
    Every file of files/ is at its path, byte for byte, root's, and executable where it is there.
    """
    installed = host.file(f"/{source.relative_to(FILES)}")
    if host.mount_point(installed.path).exists:
        pytest.skip(f"chosen: {installed.path} is mounted")

    assert installed.content == source.read_bytes()
    assert (installed.user, installed.group) == ("root", "root")
    assert installed.mode == (0o755 if source.stat().st_mode & 0o100 else 0o644)


@pytest.mark.parametrize("program", ["slipway", "supervisorctl", "rclone", "logtail.sh"])
def test_the_commands_are_on_path(host: Host, program: str) -> None:
    """
    The contract's commands are found without a path.
    """
    assert host.run("command -v %s", program).stdout.strip() == f"/usr/local/bin/{program}"


def test_the_greeting_names_the_useful_commands(host: Host) -> None:
    """
    A newcomer who logs in reads which commands there are.
    """
    if host.mount_point("/etc/motd").exists:
        pytest.skip("chosen: /etc/motd is mounted")
    greeting = host.file("/etc/motd").content_string

    for command in (
        "slipway status",
        "slipway logs",
        "slipway converge",
        "supervisorctl",
        "rclone",
    ):
        assert command in greeting


def test_interactive_shells_read_the_variables(host: Host) -> None:
    """
    /etc/bash.bashrc, which has no directory for drop-ins, has our line exactly once.
    """
    if host.mount_point("/etc/bash.bashrc").exists:
        pytest.skip("chosen: /etc/bash.bashrc is mounted")
    lines = host.file("/etc/bash.bashrc").content_string.splitlines()

    assert lines.count(". /etc/profile.d/slipway.sh") == 1


def test_no_draft_is_left(host: Host) -> None:
    """
    No file of ours was left half-way between its draft and its place.

    A draft of somebody who is at it now is none: it is gone at a second look, which waits for a
    convergence, or whoever makes a host key still has the lock for that.
    """
    first = _drafts(host)
    left = first & _drafts(host, after="/run/slipway/lock") if first else set()
    lock = "/run/slipway/host-key.lock"
    if host.run("test -e %s && ! flock --nonblock %s true", lock, lock).rc == 0:
        left = {draft for draft in left if not draft.startswith("/etc/ssh/.ssh_host_")}

    assert sorted(left) == []


def _drafts(host: Host, *, after: str = "") -> set[str]:
    """
    Return the drafts that are there, each with what tells it from a later one of that name.

    + after: a lock to wait for
    """
    if after:
        host.run("test ! -e %s || flock --shared --timeout 60 %s true", after, after)
    # without its capabilities, root may not read every directory
    found = host.run(
        "find /etc /root /run /var /usr/local -xdev -name '.*.slipway' -printf '%p %i %T@\\n'"
    )
    return set(found.stdout.splitlines())


def test_python_is_compiled_ahead(host: Host) -> None:
    """
    The start path imports byte-code: compiling takes three times as long as everything else.

    What reaches containers from outside is source alone: nothing inside imports it.
    """
    sources = set(Path("/opt/slipway/slipway").rglob("*.py"))
    compiled = {
        path.parent.parent / f"{path.name.partition('.')[0]}.py"
        for path in Path("/opt/slipway/slipway").rglob("*.pyc")
    }

    connectors = Path("/opt/slipway/slipway/connectors")
    assert {path.parent for path in sources - compiled} <= {connectors}
    for name in ("__init__", "blank", "ended", "live", "native", "text"):  # of the start path
        assert connectors / f"{name}.py" in compiled
    # by a hash that nobody checks (PEP 552): the same in each build, and no source is looked at
    own = {
        path
        for path in Path("/opt/slipway/slipway").rglob("*.pyc")
        if "pytest" not in path.name  # compiled by the specs themselves
    }
    flags = {path.read_bytes()[4:8] for path in own}
    assert flags == {b"\x01\0\0\0"}
    assert host.file("/opt/slipway/venv/bin/pip").exists is False
