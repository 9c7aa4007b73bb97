from typing import Any

import pytest
from testinfra.host import Host

from slipway.settings.variables import Settings

AUTHORIZED_KEYS = "/root/.ssh/authorized_keys"
KEYS_FALLBACK = "/var/lib/slipway/authorized_keys"


def test_only_keys_open_a_session(effective: list[str], chosen: dict[str, str]) -> None:
    """
    Sshd offers public keys and nothing else. Whether root may come at all, and how strict
    sshd is with his files, is his owner's choice.
    """
    assert "passwordauthentication no" in effective
    assert "kbdinteractiveauthentication no" in effective
    assert "pubkeyauthentication yes" in effective
    assert "permitrootlogin without-password" in effective or "permitrootlogin" in chosen
    assert "permituserenvironment no" in effective or "permituserenvironment" in chosen
    assert "strictmodes yes" in effective or "strictmodes" in chosen


# dev-sec's ssh-baseline (controls/sshd_spec.rb), as `sshd -T` prints it
BASELINE = {
    "allowagentforwarding": "no",
    "allowtcpforwarding": "no",
    "banner": "none",
    "clientalivecountmax": "3",
    "clientaliveinterval": "300",
    "gatewayports": "no",
    "gssapiauthentication": "no",
    "gssapicleanupcredentials": "yes",
    "hostbasedauthentication": "no",
    "ignorerhosts": "yes",
    "ignoreuserknownhosts": "yes",
    "kbdinteractiveauthentication": "no",
    "kerberosauthentication": "no",
    "kerberosorlocalpasswd": "no",
    "kerberosticketcleanup": "yes",
    "logingracetime": "30",
    "loglevel": "VERBOSE",
    "maxauthtries": "2",
    "maxsessions": "10",
    "passwordauthentication": "no",
    "permitemptypasswords": "no",
    "permitrootlogin": "without-password",
    "permittunnel": "no",
    "permituserenvironment": "no",
    "port": "22",
    "printlastlog": "no",
    "printmotd": "no",
    "pubkeyauthentication": "yes",
    "strictmodes": "yes",
    "syslogfacility": "AUTH",
    "tcpkeepalive": "no",
    "usepam": "yes",
    "x11forwarding": "no",
    "x11uselocalhost": "yes",
}
# What we have instead, and why
WAIVED = {
    "allowagentforwarding": ("yes", "git with the keys of the user's own machine"),
    "allowtcpforwarding": ("yes", "ssh -L to Jupyter, rclone's page; editors need it to connect"),
    "clientaliveinterval": ("60", "routers forget idle connections after a few minutes"),
    "loglevel": ("INFO", "the health check connects every five seconds, two lines each"),
    "maxauthtries": ("64", "each key of an agent is a try; there is no password to guess"),
}

# What no choice of a user's makes right: a password can be guessed
PROMISED = {"kbdinteractiveauthentication", "passwordauthentication", "permitemptypasswords"}


@pytest.mark.parametrize("option", BASELINE)
def test_sshd_meets_the_baseline(effective: list[str], chosen: dict[str, str], option: str) -> None:
    """
    dev-sec's values, but for those that are waived for a reason.
    """
    seen = [line.partition(" ")[2] for line in effective if line.startswith(f"{option} ")]
    wanted, _ = WAIVED.get(option, (BASELINE[option], ""))
    if seen not in ([wanted], []) and option in chosen and option not in PROMISED:
        pytest.skip(f"chosen: {chosen[option]}")

    assert seen in ([wanted], [])  # an OpenSSH without Kerberos has none of its options


def test_only_strong_moduli_are_left(host: Host) -> None:
    """
    The Diffie-Hellman group exchange has groups of 3072 bits and more, and it has some.

    Without a file sshd has some of its own. An empty volume at /etc/ssh hides the image's.
    """
    if host.mount_point("/etc/ssh").exists and not host.file("/etc/ssh/moduli").exists:
        return
    lines = host.file("/etc/ssh/moduli").content_string.splitlines()
    sizes = [int(line.split()[4]) + 1 for line in lines if not line.startswith("#")]

    assert sizes
    assert min(sizes) >= 3072


def test_sshd_offers_the_policys_algorithms(
    host: Host, effective: list[str], chosen: dict[str, str]
) -> None:
    """
    What the drop-in names is in force, and nothing that breaks with SHA-1, CBC or small groups.

    A user may choose others, if they are no weaker.
    """
    drop_in = host.file("/etc/ssh/sshd_config.d/00-slipway-algorithms.conf").content_string
    for line in drop_in.splitlines()[1:]:
        option, names = line.split(" ")
        assert f"{option.lower()} {names}" in effective or option.lower() in chosen
    offered = [line for line in effective if line.split(" ")[0] in ("kexalgorithms", "macs")]

    assert len(offered) == 2
    assert not any("sha1" in line or "group14" in line or "nistp" in line for line in offered)


def test_the_policy_is_the_one_that_was_asked_for(
    effective: list[str], chosen: dict[str, str], settings: Settings
) -> None:
    """
    MACs tell the two apart on every base: what libssh2 had before 1.11 is no part of a strict one.
    """
    if "macs" in chosen:
        pytest.skip(f"chosen: {chosen['macs']}")
    (macs,) = [line.split(" ")[1].split(",") for line in effective if line.startswith("macs ")]
    plain = [name for name in macs if "etm" not in name]

    assert plain == {"compatible": ["hmac-sha2-256"], "hardened": []}[settings.ssh_policy]


def test_nobody_behind_an_address_pays_for_another(effective: list[str]) -> None:
    """
    One address has room for many, and not for all; wrong keys close it to nobody.
    """
    options = dict(line.partition(" ")[::2] for line in effective)
    begin, _, full = map(int, options["maxstartups"].split(":"))

    assert begin == full  # nobody is turned away by chance
    assert 32 <= full // 2 <= int(options["persourcemaxstartups"]) < full
    assert options["persourcenetblocksize"] == "32:64"
    assert options.get("persourcepenalties", "no") == "no"  # older ones have none


def test_sshd_serves_sftp_itself(host: Host) -> None:
    """
    No shell in between, whose start-up files might print or exit.
    """
    main = host.file("/etc/ssh/sshd_config").content_string.splitlines()
    named = [line.split()[1:] for line in main if line.startswith("Subsystem")]

    assert named == [["sftp", "internal-sftp"]]


def test_short_rsa_keys_are_refused(effective: list[str]) -> None:
    """
    By an OpenSSH that has the option: from 9.1 on.
    """
    required = [line for line in effective if line.startswith("requiredrsasize ")]

    assert required in (["requiredrsasize 2048"], [])


@pytest.mark.build
def test_root_has_no_password(host: Host) -> None:
    """
    No password is right for root. A container's user may set one, for `su` say: sshd takes none.
    """
    assert host.check_output("getent shadow root").split(":")[1][:1] in ("*", "!")


@pytest.mark.build
def test_the_image_holds_no_host_key(host: Host) -> None:
    """
    A host key in an image is everybody's: each container makes its own.
    """
    assert host.check_output("find /etc/ssh -name '*host*key*'") == ""


@pytest.mark.start
@pytest.mark.parametrize(("kind", "bits"), [("ed25519", 256), ("rsa", 3072)])
def test_the_container_has_host_keys_of_its_own(host: Host, kind: str, bits: int) -> None:
    """
    Private parts are root's alone, and each has the public part that belongs to it.

    Slipway's RSA key has 4096 bits; a platform may have made one before it, as ssh-keygen -A does.
    """
    key = host.file(f"/etc/ssh/ssh_host_{kind}_key")
    if kind == "rsa" and not key.exists:
        pytest.skip("it is made in the background, and only where supervisord runs")
    public = host.file(f"{key.path}.pub").content_string.split()[:2]

    assert (key.user, key.mode) == ("root", 0o600)
    assert host.check_output("ssh-keygen -y -f %s", key.path).split()[:2] == public
    assert int(host.check_output("ssh-keygen -lf %s", key.path).split()[0]) >= bits


@pytest.mark.start
def test_each_given_key_is_there_once(host: Host, settings: Settings) -> None:
    """
    However often the container was started; beside a file that is not Slipway's to replace.
    """
    files = [host.file(path) for path in (AUTHORIZED_KEYS, KEYS_FALLBACK)]
    places = [file.content_string.splitlines() for file in files if file.exists]
    counts = [[lines.count(key) for lines in places] for key in settings.keys]

    assert all(set(count) <= {0, 1} for count in counts)
    assert all(sum(count) >= 1 for count in counts)


@pytest.mark.start
def test_nobody_else_can_add_a_key(host: Host) -> None:
    """
    Home, .ssh and authorized_keys are root's, with no entry for anybody in an ACL.
    """
    made_for_a_mount = host.mount_point(AUTHORIZED_KEYS).exists  # by the engine, with its mode
    directory = None if made_for_a_mount else 0o700
    for path, mode in (("/root", None), ("/root/.ssh", directory), (AUTHORIZED_KEYS, 0o600)):
        file = host.file(path)
        if not file.exists or host.mount_point(path).exists:
            continue  # what is mounted is the user's own
        assert file.user == "root"
        assert mode in (None, file.mode)
        assert file.mode & 0o022 == 0
        assert host.check_output("getfacl -cpE --skip-base -- %s", path).strip() == ""


@pytest.mark.start
def test_sshd_answers_while_there_is_a_key(
    host: Host, effective: list[str], report: dict[str, Any]
) -> None:
    """
    With a key, sshd greets on its port; without one nothing listens there.
    """
    if "sshd" in [entry["feature"] for entry in report["degraded"]]:
        pytest.skip("another server has the port, and the report says so")
    files = [host.file(path) for path in (AUTHORIZED_KEYS, KEYS_FALLBACK)]
    lines = [line for file in files if file.exists for line in file.content_string.splitlines()]
    has_key = any("AAAA" in line and not line.lstrip().startswith("#") for line in lines)
    port = next(line.split(" ")[1] for line in effective if line.startswith("port "))
    # sshd closes its port for an instant when it reads its files again
    shell = f"for again in 1 2 3; do head -c 4 </dev/tcp/127.0.0.1/{port} && break; sleep 0.3; done"
    banner = host.run("timeout 5 bash -c %s", shell)

    assert banner.stdout == ("SSH-" if has_key else "")
