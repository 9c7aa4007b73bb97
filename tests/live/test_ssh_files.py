"""
Files over SSH, whatever the start-up files of root's shell do.

docs/ssh.md says what can't be had: `scp -O` and rsync start a program through that shell.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import KeyPair, Result, Slipway

Start = Callable[..., Slipway]

OPTIONS = (
    "-i /tmp/key -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "
    "-o LogLevel=ERROR"
)
# Each puts /tmp/sent there as /tmp/there, and gets that back as /tmp/back
BY_SFTP = {
    "sftp": (
        "printf 'put /tmp/sent /tmp/there\\nget /tmp/there /tmp/back\\n' "
        f"| sftp -q {OPTIONS} -b - root@$0"
    ),
    "scp": f"scp -q {OPTIONS} /tmp/sent root@$0:/tmp/there"
    f" && scp -q {OPTIONS} root@$0:/tmp/there /tmp/back",
}
BY_SHELL = {
    "scp -O": BY_SFTP["scp"].replace("scp -q", "scp -O -q"),
    "rsync": f"rsync -e 'ssh {OPTIONS}' /tmp/sent root@$0:/tmp/there"
    f" && rsync -e 'ssh {OPTIONS}' root@$0:/tmp/there /tmp/back",
}
COMMAND = f"ssh {OPTIONS} root@$0 'cat /etc/hostname'"

PRINTS, EXITS, BREAKS, HANGS = "echo welcome", "exit 3", "if [", "sleep 600"
HOSTILE = {
    f"{path} {what}": (path, line)
    for path in ("/root/.bashrc", "/root/.profile", "/root/.bash_profile", "/etc/profile.d/a.sh")
    for what, line in {
        "prints": PRINTS,
        "exits": EXITS,
        "is broken": BREAKS,
        "hangs": HANGS,
    }.items()
}


@pytest.fixture(scope="module")
def server(module_start: Start, key: KeyPair) -> Slipway:
    """
    Where files are put.
    """
    slipway = module_start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_ssh(key)
    slipway.wait_host_keys()
    return slipway


@pytest.fixture(scope="module")
def client(module_start: Start, key: KeyPair) -> Slipway:
    """
    Who puts them, with the tools of the image.
    """
    client = module_start("infinity", entrypoint=["sleep"], init=True)
    script = 'umask 077; printf "%s\\n" "$1" > /tmp/key; echo content > /tmp/sent'
    client.check_output("sh", "-c", script, "sh", key.path.read_text())
    return client


def there_and_back(client: Slipway, server: Slipway, script: str) -> tuple[bool, Result]:
    """
    Send a file and get it back; tells whether it is the same then.
    """
    done = run(client, server, script)
    same = client.exec("cmp", "/tmp/sent", "/tmp/back").code == 0
    client.check_output("rm", "-f", "/tmp/back")
    server.check_output("rm", "-f", "/tmp/there")
    return same and done.code == 0, done


def run(client: Slipway, server: Slipway, script: str) -> Result:
    """
    Run a shell's line in the client, within a bound: some start-up files wait for ever.
    """
    server.container.reload()
    (network,) = server.container.attrs["NetworkSettings"]["Networks"].values()
    return client.exec("timeout", "8", "bash", "-c", script, network["IPAddress"])


@pytest.fixture
def hostile(request: pytest.FixtureRequest, server: Slipway) -> str:
    """
    A start-up file that gets in the way; gone with the test.
    """
    path, line = HOSTILE[request.param]
    keep = f"[ ! -e {path} ] || mv {path} {path}.kept"
    server.check_output("sh", "-c", f'{keep}; echo "$1" > {path}', "sh", line)
    request.addfinalizer(  # noqa: PT021 - what it undoes is above
        lambda: server.check_output(
            "sh", "-c", f"rm {path}; [ ! -e {path}.kept ] || mv {path}.kept {path}"
        )
    )
    return str(request.param)


each_hostile = pytest.mark.parametrize("hostile", HOSTILE, indirect=True)


@pytest.mark.parametrize("way", [*BY_SFTP, *BY_SHELL])
def test_files_come_and_go(client: Slipway, server: Slipway, way: str) -> None:
    """
    By all four ways, with the start-up files of the image.
    """
    worked, done = there_and_back(client, server, {**BY_SFTP, **BY_SHELL}[way])

    assert worked, done


@each_hostile
def test_sftp_and_scp_need_no_shell(client: Slipway, server: Slipway, hostile: str) -> None:
    """
    So none of its start-up files can break them, and a broken one can be mended by sftp.
    """
    worked = {way: there_and_back(client, server, script) for way, script in BY_SFTP.items()}

    assert all(fine for fine, _ in worked.values()), worked


@each_hostile
def test_what_goes_through_the_shell_depends_on_its_own_file_alone(
    client: Slipway, server: Slipway, hostile: str
) -> None:
    """
    On ~/.bashrc, which bash reads for every command of an sshd, and on no login shell's file.

    A command gets through one that prints, as what is printed is printed, and no further.
    """
    worked = {way: there_and_back(client, server, script)[0] for way, script in BY_SHELL.items()}
    said = run(client, server, COMMAND)
    is_read = hostile.startswith("/root/.bashrc")
    breaks_files = is_read and not hostile.endswith("is broken")
    breaks_commands = is_read and hostile.endswith(("exits", "hangs"))

    assert worked == dict.fromkeys(BY_SHELL, not breaks_files), said
    hostname = server.check_output("cat", "/etc/hostname").strip()
    assert (hostname in said.stdout.split()) is not breaks_commands, said


def test_the_line_of_a_user_stays(start: Start, key: KeyPair) -> None:
    """
    Another program for sftp is its author's; the package's own comes back as sshd's.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_ssh(key)
    slipway.wait_converged()
    main = "/etc/ssh/sshd_config"
    slipway.check_output("sed", "-i", "s,internal-sftp,/opt/sftp-server,", main)
    assert "subsystem sftp /opt/sftp-server\n" in slipway.check_output("/usr/sbin/sshd", "-T")
    slipway.converge()
    assert "/opt/sftp-server" in slipway.check_output("cat", main)

    slipway.check_output("sed", "-i", "s,/opt/sftp-server,/usr/lib/openssh/sftp-server,", main)
    assert slipway.exec("slipway", "check").code == 2
    assert slipway.converge()["totals"]["failed"] == 0
    assert slipway.exec("slipway", "check").code == 0
    assert "subsystem sftp internal-sftp\n" in slipway.check_output("/usr/sbin/sshd", "-T")
