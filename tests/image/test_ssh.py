import pytest
from testinfra.host import Host

from slipway.settings import Settings

AUTHORIZED_KEYS = "/root/.ssh/authorized_keys"


@pytest.fixture
def effective(host: Host) -> list[str]:
    """
    The configuration sshd runs with, which needs a host key to be printed.
    """
    if not host.file("/etc/ssh/ssh_host_ed25519_key").exists:
        pytest.skip("no host key, so no effective configuration, in an image")
    output: str = host.check_output("/usr/sbin/sshd -T")
    return output.splitlines()


def test_only_keys_open_a_session(effective: list[str]) -> None:
    """
    Sshd offers public keys and nothing else.
    """
    assert "passwordauthentication no" in effective
    assert "kbdinteractiveauthentication no" in effective
    assert "pubkeyauthentication yes" in effective
    assert "permitrootlogin without-password" in effective
    assert "permituserenvironment no" in effective
    assert "strictmodes yes" in effective


def test_root_has_no_password(host: Host) -> None:
    """
    No password is right for root.
    """
    assert host.check_output("getent shadow root").split(":")[1][:1] in ("*", "!")


def test_the_image_holds_no_host_key(host: Host) -> None:
    """
    A host key in an image is everybody's: each container makes its own.
    """
    if host.file("/run/slipway/environment").exists:
        pytest.skip("a started container has one")
    assert host.check_output("find /etc/ssh -name '*host*key*'") == ""


@pytest.mark.start
def test_the_container_has_host_keys_of_its_own(host: Host) -> None:
    """
    Private parts are root's alone, and each has the public part that belongs to it.
    """
    key = host.file("/etc/ssh/ssh_host_ed25519_key")
    public = host.file("/etc/ssh/ssh_host_ed25519_key.pub").content_string.split()[:2]

    assert (key.user, key.mode) == ("root", 0o600)
    assert host.check_output("ssh-keygen -y -f %s", key.path).split()[:2] == public


@pytest.mark.start
def test_each_given_key_is_there_once(host: Host, settings: Settings) -> None:
    """
    However often the container was started.
    """
    file = host.file(AUTHORIZED_KEYS)
    lines = file.content_string.splitlines() if file.exists else []

    assert [lines.count(key) for key in settings.keys] == [1] * len(settings.keys)


@pytest.mark.start
def test_nobody_else_can_add_a_key(host: Host) -> None:
    """
    Home, .ssh and authorized_keys are root's, with no entry for anybody in an ACL.
    """
    for path, mode in (("/root", None), ("/root/.ssh", 0o700), (AUTHORIZED_KEYS, 0o600)):
        file = host.file(path)
        if not file.exists:
            continue
        assert file.user == "root"
        assert mode in (None, file.mode)
        assert file.mode & 0o022 == 0
        assert host.check_output("getfacl -cpE --skip-base -- %s", path).strip() == ""


@pytest.mark.start
def test_sshd_answers_while_there_is_a_key(host: Host) -> None:
    """
    With a key, sshd greets on port 22; without one nothing listens there.
    """
    file = host.file(AUTHORIZED_KEYS)
    has_key = file.exists and "ssh-" in file.content_string
    banner = host.run("timeout 5 bash -c 'exec 3<>/dev/tcp/127.0.0.1/22 && head -c 4 <&3'")

    assert banner.stdout == ("SSH-" if has_key else "")
