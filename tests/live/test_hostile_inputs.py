"""
Inputs written by strangers: each costs its own concern at most, and never the login.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from .conftest import KeyPair, Slipway
from .test_supervision import pid, program

Start = Callable[..., Slipway]

# What no start may change, whatever it is given.
SYSTEM = (
    "getfacl -nE / /etc /usr /var /opt /root/.profile /etc/passwd /etc/shadow 2>/dev/null; "
    "sha256sum /etc/passwd /etc/group /etc/shadow /etc/ssh/sshd_config /etc/profile "
    "/etc/bash.bashrc /root/.bashrc /root/.profile; ls /; test ! -e /pwned || echo PWNED"
)


class Case(NamedTuple):
    """
    Variables, and the refusals they must give.
    """

    environment: dict[str, str]
    refused: tuple[str, ...] = ()


INJECTIONS = {
    "quotes": "a\"b'c",
    "command substitution": "$(touch /pwned)",
    "backticks": "`touch /pwned`",
    "a separator": "x; touch /pwned",
    "a background": "x & touch /pwned",
    "a pipe": "x | touch /pwned",
    "a redirection": "> /pwned",
    "percent": "100% %s %(ENV_HOME)s %n",
    "equals": "=a=b==",
    "spaces": "  a  b  ",
    "UTF-8": "ü→你好🚢",
    "a backslash": "a\\b\\\\c\\",
    "a newline": "line 1\nline 2\n",
    "a tab and CR": "a\tb\r",
    "a comment": "# not a comment ; nor this",
    "an escape": "\x1b[31mred",
    "a glob": "* ? [a-z] {a,b} ~",
    "100 kB": "x" * 100_000,
}
WORKSPACES = [
    "/etc", "/etc/", "//etc", "/workspace/../etc", "/root", "/root/.ssh", "/", "/usr/share",
    "/proc/self", "/opt/slipway", "relative", "/a\nb", "$(touch /pwned)", "/bin", "/var/tmp",
]  # fmt: skip
COUNTS = ["abc", "-1", "1.5", "1e9", "$(touch /pwned)", "0x10", "99999999999999999999", "2;3"]
KEYS = {
    "a word": ("hello", ("SSH_PUBKEY line 1",)),
    "null": ("null", ()),
    "a cut key": ("ssh-ed25519 AAAAC3Nza", ("SSH_PUBKEY line 1",)),
    "a DSA key": ("ssh-dss AAAAB3NzaC1kc3MAAACB", ("SSH_PUBKEY line 1",)),
    "a private key": (
        "-----BEGIN OPENSSH PRIVATE KEY-----\nCANARY\n-----END OPENSSH PRIVATE KEY-----",
        ("SSH_PUBKEY line 1",),
    ),
    "an option injection": ('no-such="x" ssh-ed25519 AAAA', ("SSH_PUBKEY line 1",)),
    "shell in a key": ("$(touch /pwned)", ("SSH_PUBKEY line 1",)),
    "percent": ("%s%n%d", ("SSH_PUBKEY line 1",)),
    "garbage bytes": ("\udcff\udcfe", ("SSH_PUBKEY line 1",)),
}
CASES = {
    **{f"value: {name}": Case({"ODD": value}) for name, value in INJECTIONS.items()},
    **{f"workspace: {path}": Case({"WORKSPACE": path}, ("WORKSPACE",)) for path in WORKSPACES},
    **{f"GPU_COUNT: {word}": Case({"GPU_COUNT": word}, ("GPU_COUNT",)) for word in COUNTS},
    **{
        f"key: {name}": Case({"SSH_PUBKEY": text}, refused)
        for name, (text, refused) in KEYS.items()
    },
    "skip acl": Case({"SKIP_ACL": "perhaps"}, ("SKIP_ACL",)),
    "threads": Case({"SLIPWAY_THREADS": "0"}, ("SLIPWAY_THREADS",)),
    "a typo": Case({"SLIPWAY_STRIKT": "true"}, ("SLIPWAY_STRIKT",)),
    "ssh policy": Case({"SLIPWAY_SSH_POLICY": "loose"}, ("SLIPWAY_SSH_POLICY",)),
    "strict is no word": Case({"SLIPWAY_STRICT": "please"}, ("SLIPWAY_STRICT",)),
    "a file that is not there": Case({"WORKSPACE_FILE": "/nowhere"}, ("WORKSPACE_FILE",)),
    "value and file": Case(
        {"GPU_COUNT": "1", "GPU_COUNT_FILE": "/etc/hostname"}, ("GPU_COUNT_FILE",)
    ),
    "names with dots": Case({"a.b": "1", "a-b": "2", "ünï": "3"}),
    "the shell's own": Case({"BASH_ENV": "/pwned", "ENV": "/pwned", "PS1": "$(touch /pwned)"}),
    "the linker's": Case({"LD_PRELOAD": "/nowhere.so", "LD_LIBRARY_PATH": "/nowhere"}),
    "Python's": Case({"PYTHONPATH": "/nowhere", "PYTHONHOME": "/nowhere", "PYTHONSTARTUP": "/x"}),
    "a foreign locale": Case({"LANG": "xx_YY.UTF-99", "LC_ALL": "C"}),
    "a foreign home": Case({"HOME": "/nowhere", "USER": "nobody", "SHELL": "/bin/false"}),
    "a broken PATH": Case({"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:/x y:"}),
    "rclone's cache": Case({"RCLONE_CACHE_DIR": "/"}, ("RCLONE_CACHE_DIR",)),
    "rclone without remotes": Case({"RCLONE_CONFIG": "/nowhere/rclone.conf"}),
    "two thousand variables": Case({f"V{number}": str(number) for number in range(2000)}),
}


@pytest.fixture(scope="module")
def untouched(module_start: Start) -> str:
    """
    The system as it is where nothing was given.
    """
    slipway = module_start()
    slipway.wait_converged()
    return slipway.exec("sh", "-c", SYSTEM).stdout


@pytest.mark.parametrize("name", CASES)
def test_a_start_survives(
    start: Start, key: KeyPair, tmp_path: Path, untouched: str, name: str
) -> None:
    """
    The login works, exactly what is wrong is refused, nothing outside is changed.
    """
    case = CASES[name]
    mounted = tmp_path / "authorized_keys"
    mounted.write_text(key.public)
    slipway = start(
        environment=case.environment,
        volumes={str(mounted): {"bind": "/root/.ssh/authorized_keys_mount", "mode": "ro"}},
    )
    report = slipway.wait_converged()
    slipway.wait_ssh(key)

    assert tuple(entry["variable"] for entry in report["refusals"]) == case.refused
    assert [entry for entry in report["operations"] if entry["outcome"] == "failed"] == []
    assert slipway.exec("sh", "-c", SYSTEM).stdout == untouched
    assert "CANARY" not in str(report) + slipway.logs()
    assert slipway.converge()["totals"]["changed"] == 0


@pytest.fixture(scope="module")
def odd(module_start: Start, key: KeyPair, tmp_path_factory: pytest.TempPathFactory) -> Slipway:
    """
    A container with all of the values at once, each in a variable of its own, and a program.
    """
    web = program(tmp_path_factory.mktemp("odd"), "web", "sleep 1000")
    given = {f"ODD_{number}": value for number, value in enumerate(INJECTIONS.values())}
    slipway = module_start(environment={"SSH_PUBKEY": key.public, **given}, volumes=web)
    slipway.wait_ssh(key)
    return slipway


@pytest.mark.parametrize("name", INJECTIONS)
def test_every_session_sees_a_value_byte_for_byte(odd: Slipway, key: KeyPair, name: str) -> None:
    """
    A command over ssh, login and interactive shells, sh, and a supervised program.
    """
    value, variable = INJECTIONS[name], f"ODD_{list(INJECTIONS).index(name)}"
    seen = odd.check_output("cat", f"/proc/{pid(odd, 'web')}/environ").split("\0")

    assert odd.ssh(key, f"printenv {variable}").stdout == f"{value}\n"
    assert odd.ssh(key, f"bash -lc 'printenv {variable}'").stdout == f"{value}\n"
    assert odd.ssh(key, f"bash -ic 'printenv {variable}' 2>/dev/null").stdout == f"{value}\n"
    assert odd.ssh(key, f"sh -c 'printenv {variable}'").stdout == f"{value}\n"
    assert odd.check_output("env", "-i", "bash", "-lc", f"printenv {variable}") == f"{value}\n"
    assert f"{variable}={value}" in seen


def test_two_thousand_variables_reach_a_session(start: Start, key: KeyPair) -> None:
    """
    Each of them.
    """
    given = {f"V{number}": f"{number} '" for number in range(2000)}
    slipway = start(environment={"SSH_PUBKEY": key.public, **given})
    slipway.wait_ssh(key)
    seen = dict(line.partition("=")[::2] for line in slipway.ssh(key, "env").stdout.splitlines())

    assert {name: seen.get(name) for name in given} == given


def test_names_that_no_shell_can_hold_reach_commands(start: Start, key: KeyPair) -> None:
    """
    A dot in a name: dash drops it, sshd does not.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public, "a.b": "1"})
    slipway.wait_ssh(key)

    assert slipway.ssh(key, "env").stdout.splitlines().count("a.b=1") == 1


def test_refusals_are_named_and_the_system_stays_closed(start: Start, key: KeyPair) -> None:
    """
    Two wrong values: two lines with variable, rule and effect; under strict two
    without an effect: nothing is used instead.
    """
    given = {"GPU_COUNT": "abc", "WORKSPACE": "/etc", "SSH_PUBKEY": key.public}
    slipway = start(environment=given)
    slipway.wait_ssh(key)
    lines = [
        "WORKSPACE: must not be, or lead into, a directory of the system's (/workspace is used)",
        "GPU_COUNT: must be a whole number, 0 or more (it is ignored)",
    ]
    status = " ".join(slipway.ssh(key, "slipway status").stdout.split())
    strict = start(environment={**given, "SLIPWAY_STRICT": "true"})

    assert [line for line in lines if f"refused {line}" not in status] == []
    assert slipway.check_output("stat", "-c", "%a", "/etc") == "755\n"
    assert strict.container.wait(timeout=60)["StatusCode"] == 78
    named = [line.partition(" (")[0] for line in lines]
    assert [line for line in named if f"refused: {line}\n" not in strict.logs()] == []


def test_a_link_into_the_system_is_no_workspace(start: Start, key: KeyPair) -> None:
    """
    What counts is where it leads; after a restart, too.
    """
    slipway = start("WORKSPACE=/data", f"SSH_PUBKEY={key.public}")
    slipway.wait_converged()
    slipway.check_output("sh", "-c", "rmdir /data 2>/dev/null || rm -r /data; ln -s /etc /data")
    slipway.restart()
    report = slipway.wait_converged()

    assert [entry["variable"] for entry in report["refusals"]] == ["WORKSPACE"]
    assert "default:" not in slipway.check_output("getfacl", "-cpnE", "/etc")


def test_a_linked_key_file_is_followed_and_stays_a_link(start: Start, key: KeyPair) -> None:
    """
    vast.ai's home sync links .ssh into a volume: others may write there, sshd ignores the file,
    and the login works all the same.
    """
    slipway = start("sleep", "600", environment={"SSH_PUBKEY": key.public})
    slipway.wait_converged()
    move = (
        "mkdir -m 777 /data && mv /root/.ssh/authorized_keys /data/keys && "
        "ln -s /data/keys /root/.ssh/authorized_keys"
    )
    slipway.check_output("sh", "-c", move)
    assert slipway.exec("slipway", "start").code == 0
    slipway.wait_ssh(key)
    report = slipway.report()

    assert report is not None
    assert slipway.check_output("readlink", "/root/.ssh/authorized_keys") == "/data/keys\n"
    assert [entry["feature"] for entry in report["degraded"]] == ["authorized_keys"]
    assert slipway.converge()["totals"]["changed"] == 0


def test_secrets_are_in_no_file_that_others_read(start: Start, key: KeyPair) -> None:
    """
    A canary in every kind of variable: no world-readable file, log, report or argv has it.
    """
    canary = "CANARY-7f3a"
    given = {"HF_TOKEN": canary, "RCLONE_CONFIG_X_TYPE": "alias", "RCLONE_CONFIG_X_PASS": canary}
    slipway = start(environment={"SSH_PUBKEY": key.public, **given})
    slipway.wait_ssh(key)
    slipway.converge()
    found = slipway.exec(
        "sh",
        "-c",
        f"find / -xdev -type f -perm -o=r -size -2M ! -path '/opt/*' -exec grep -l {canary} {{}} +",
    ).stdout

    assert found == ""
    assert canary not in slipway.logs()
    assert canary not in slipway.check_output("cat", "/run/slipway/report.json")
    assert canary not in slipway.check_output("slipway", "settings")
    argv = "for f in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < $f; done"
    assert canary not in slipway.check_output("sh", "-c", argv)


@pytest.mark.parametrize("kind", ["directory", "unreadable", "100,000 keys"])
def test_a_mounted_key_file_that_is_odd(
    start: Start, key: KeyPair, tmp_path: Path, kind: str
) -> None:
    """
    What Docker makes of a missing file, one without permission, 8 MB: the other keys work.
    """
    mounted = tmp_path / "authorized_keys"
    if kind == "directory":
        mounted.mkdir()
    elif kind == "unreadable":
        mounted.write_text(key.public)
        mounted.chmod(0)
    else:
        many = (f"{key.public.split()[0]} {key.public.split()[1]} {n}" for n in range(100_000))
        mounted.write_text("\n".join(many))
    slipway = start(
        environment={"SSH_PUBKEY": key.public},
        volumes={str(mounted): {"bind": "/root/.ssh/authorized_keys_mount", "mode": "ro"}},
    )
    slipway.wait_ssh(key)

    assert slipway.check_output("cat", "/root/.ssh/authorized_keys") == f"{key.public}\n"
