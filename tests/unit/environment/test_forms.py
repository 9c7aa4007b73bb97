"""
What sessions see: any value through sshd's and the shell's forms, read back by sshd and by shells.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.environment import forms, saved
from tests.unit.environment.conftest import names, values

SHELLS = [name for name in ("sh", "bash", "dash") if shutil.which(name)]
SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
needs_sshd = pytest.mark.skipif(SSHD is None, reason="no sshd here; tests/live has a container's")

HOSTILE = {
    "QUOTES": 'a"b\'c"',
    "SUBSTITUTION": "$(touch pwned) `touch pwned` ${HOME} $HOME",
    "SEPARATORS": "a; touch pwned & b | c > pwned",
    "PERCENT": "100% %s %(ENV_HOME)s %%",
    "EQUALS": "=a=b==",
    "SPACES": "  a  b  ",
    "BACKSLASHES": "\\ \\\\ \\\" \\' \\n \\",
    "ESCAPED_QUOTE": "\\'a\\\\'",
    "HASH": "# no comment",
    "UTF8": "ü→你好",
    "BYTES": b"\xff\xfe\x80".decode(errors="surrogateescape"),
    "TAB_CR": "\ta\rb\r",
    "CONTROL": "\x01\x1b[31m\x7f\f\v",
    "GLOB": "* ? [a-z] {a,b} ~ !x",
    "DASH": "-n",
    "EMPTY": "",
}
NEWLINES = {"LINES": "a\nb\n", "ONLY": "\n", "CODE": "\n$(touch pwned)\n'\n"}

# Two bytes that were apart may be one character of UTF-8 once what was between them is gone.
one_line = values.map(lambda value: os.fsdecode(os.fsencode(value.replace("\n", ""))))


def given_by(shell: str, text: str, before: Mapping[str, str], cwd: Path) -> dict[str, str]:
    """
    Return the environment of a program that a shell starts after it has read a file of ours.
    """
    (cwd / "file").write_bytes(text.encode(errors="surrogateescape"))
    done = subprocess.run(
        [shell, "-c", ". ./file && exec /usr/bin/env -0"],
        env={**before},
        cwd=cwd,
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    return saved.parse(done.stdout.split(b"\0"))


def read_by_sshd(line: str, host_key: Path) -> list[str]:
    """
    Return what sshd understood, NAME=value each.
    """
    (host_key.parent / "config").write_bytes(line.encode(errors="surrogateescape"))
    done = subprocess.run(
        [str(SSHD), "-T", "-f", host_key.parent / "config", "-h", host_key],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = os.fsdecode(done.stdout).split("\n")
    return [text.removeprefix("setenv ") for text in lines if text.startswith("setenv ")]


@pytest.fixture(scope="module")
def host_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A key, which `sshd -T` wants to see.
    """
    path = tmp_path_factory.mktemp("sshd") / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    Path("/run/sshd").mkdir(exist_ok=True)
    return path


@pytest.mark.parametrize("shell", SHELLS)
def test_shells_read_hostile_values_byte_for_byte(shell: str, tmp_path: Path) -> None:
    """
    Newlines included; nothing in a value is run.
    """
    wanted = HOSTILE | NEWLINES
    seen = given_by(shell, forms.for_shell(wanted, engine={}), {}, tmp_path)

    assert {name: seen.get(name) for name in wanted} == wanted
    assert not (tmp_path / "pwned").exists()


@settings(deadline=None, max_examples=25)
@given(st.dictionaries(names, values, max_size=40))
def test_shells_read_any_value(
    tmp_path_factory: pytest.TempPathFactory, wanted: dict[str, str]
) -> None:
    """
    Names that no shell can hold are left out, and break nothing that comes after them.
    """
    text = forms.for_shell(wanted, engine={})
    held = {name: value for name, value in wanted.items() if name.isascii() and name.isidentifier()}
    directory = tmp_path_factory.mktemp("shell")

    for shell in SHELLS:
        seen = given_by(shell, text, {}, directory)
        assert {name: seen.get(name) for name in held} == held


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("name", ["A\n", "\nA", "A B", "1A", "A-B", "A$(touch pwned)", "ü", "a.b"])
def test_a_name_that_is_none_costs_no_other_its_value(
    shell: str, name: str, tmp_path: Path
) -> None:
    """
    Dash stops reading a file at the first bad substitution, so such a name must not be in it.
    """
    text = forms.for_shell({name: "$(touch pwned)", "B": "1"}, engine={})

    assert given_by(shell, text, {}, tmp_path)["B"] == "1"
    assert not (tmp_path / "pwned").exists()


def test_what_a_session_has_set_itself_stays(tmp_path: Path) -> None:
    """
    `VARIABLE=x ssh host` with SendEnv, say; also where it is empty.
    """
    text = forms.for_shell({"A": "ours", "B": "ours", "C": "ours"}, engine={})
    seen = given_by("sh", text, {"A": "theirs", "B": ""}, tmp_path)

    assert (seen["A"], seen["B"], seen["C"]) == ("theirs", "", "ours")


def test_what_the_engine_gave_is_replaced_where_slipway_knows_better(tmp_path: Path) -> None:
    """
    `docker exec` opens a session with the engine's value; one that differs is the session's own.
    """
    engine = {"A": "engine's $(x)", "B": "engine's", "C": "same"}
    text = forms.for_shell({"A": "ours", "B": "ours", "C": "same"}, engine=engine)
    seen = given_by("sh", text, {**engine, "B": "theirs"}, tmp_path)

    assert (seen["A"], seen["B"], seen["C"]) == ("ours", "theirs", "same")


def test_a_default_path_is_replaced(tmp_path: Path) -> None:
    """
    /etc/profile has just set it; one that a session has made its own, for a venv say, stays.
    """
    text = forms.for_shell({"PATH": "/a b:/usr/bin"}, engine={"PATH": "/engine/bin"})
    seen = [
        given_by("/bin/sh", text, {"PATH": path}, tmp_path)["PATH"]
        for path in ("/usr/bin:/bin", "", "/engine/bin", "/venv/bin:/a b:/usr/bin")
    ]

    assert seen == ["/a b:/usr/bin"] * 3 + ["/venv/bin:/a b:/usr/bin"]


def test_reading_twice_is_reading_once(tmp_path: Path) -> None:
    """
    A login shell's child shells read the file again.
    """
    text = forms.for_shell(HOSTILE, engine={})
    once = given_by("sh", text, {}, tmp_path)

    assert given_by("sh", text + text, {}, tmp_path) == once


@needs_sshd
def test_sshd_reads_hostile_values_byte_for_byte(host_key: Path) -> None:
    """
    All but those with a newline, which have no form there.
    """
    expected = sorted(f"{name}={value}" for name, value in HOSTILE.items())

    assert expected == read_by_sshd(forms.for_sshd(HOSTILE | NEWLINES), host_key)


@needs_sshd
@settings(deadline=None, max_examples=60)
@given(st.dictionaries(names.filter(lambda name: "\n" not in name), one_line, max_size=40))
def test_sshd_reads_any_value(host_key: Path, wanted: dict[str, str]) -> None:
    """
    With any name, too.
    """
    expected = sorted(f"{name}={value}" for name, value in wanted.items())

    assert expected == sorted(read_by_sshd(forms.for_sshd(wanted), host_key))


def test_no_variables_no_line() -> None:
    """
    `SetEnv` alone is an error that ends sshd.
    """
    assert forms.for_sshd({}) == ""
    assert forms.for_sshd(NEWLINES) == ""


@needs_sshd
def test_names_that_no_shell_can_hold_come_first_to_sshd(host_key: Path) -> None:
    """
    It takes 900 of ours; the others reach a session through the shell, these only by sshd.
    """
    wanted = {f"V{number:04}": "x" for number in range(1000)} | {"a.b": "1", "z-z": "2"}
    seen = read_by_sshd(forms.for_sshd(wanted), host_key)

    assert seen[:2] == ["a.b=1", "z-z=2"]
    assert len(seen) == 900


def test_a_value_too_large_for_sshd_costs_no_other() -> None:
    """
    What is left out is the shell's to give.
    """
    line = forms.for_sshd({"A": "a", "B": "b" * 150_000, "C": '"' * 50_000, "D": "d"})

    assert [word.partition("=")[0] for word in line.split(' "')] == ["SetEnv", "A", "B", "D"]


@needs_sshd
def test_no_size_of_environment_closes_ssh(host_key: Path) -> None:
    """
    A real session opens, with 1.5 MB of variables around; 252,000 bytes told to sshd would end it.
    """
    directory = host_key.parent
    large = {f"V{number:02}": "x" * 50_000 for number in range(30)}
    line = forms.for_sshd({"SMALL": "seen", **large})
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    (directory / "large").write_text(
        f"{line}HostKey {host_key}\nAuthorizedKeysFile {host_key}.pub\nStrictModes no\n"
        f"PidFile {directory}/pid\nListenAddress 127.0.0.1:{port}\n"
    )
    (directory / "pid").unlink(missing_ok=True)
    # fmt: off
    client = [
        "ssh", "-F", "none", "-p", port, "-i", str(host_key), "-o", "BatchMode=yes",
        "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR",
        "-o", "UserKnownHostsFile=/dev/null", "root@127.0.0.1", "printenv SMALL",
    ]
    # fmt: on
    server = subprocess.Popen(
        [str(SSHD), "-D", "-e", "-f", directory / "large"], stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 10
        while not (directory / "pid").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        done = subprocess.run(client, capture_output=True, text=True, check=False, timeout=30)
    finally:
        server.terminate()
        server.wait()

    assert (done.stdout, done.stderr) == ("seen\n", "")


def test_each_user_gets_his_own_variables_from_sshd() -> None:
    """
    Root all of them, others those that are no secret; a form without variables has no line.
    """
    text = forms.for_sshd_by_user({"A": "1", "TOKEN": "x"}, {"A": "1"})

    assert text.splitlines() == [
        "Match User root",
        'SetEnv "A=1" "TOKEN=x"',
        "Match User *,!root",
        'SetEnv "A=1"',
    ]
    assert forms.for_sshd_by_user({}, {}) == ""
