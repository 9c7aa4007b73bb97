"""
Lines of authorized_keys, judged by us, by a real sshd and by a real ssh-keygen.

sshd says which keys it finds without any private part: a client that only asks is told that a key
would do (SSH_MSG_USERAUTH_PK_OK, RFC 4252 section 7). So each line has a key of its own, all lines
stand in one file, and one connection asks for ninety of them.
"""

from __future__ import annotations

import base64
import hashlib
import random
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from slipway.settings import public_keys as keys

AT_ONCE = 90  # ssh(1) takes a hundred identities


def packed(*fields: bytes) -> str:
    """
    Return strings of RFC 4251 in base64.
    """
    return base64.b64encode(
        b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    ).decode()


def ed25519(seed: object) -> str:
    """
    Return a public key's base64, another one for each seed.
    """
    return packed(b"ssh-ed25519", hashlib.sha256(repr(seed).encode()).digest())


def mpint(number: int) -> bytes:
    """
    Return a positive number as RFC 4251 has it.
    """
    return (
        number.to_bytes(number.bit_length() // 8 + 1, "big")
        .lstrip(b"\0")
        .rjust((number.bit_length() + 8) // 8, b"\0")
    )


def rsa(bits: int) -> str:
    """
    Return an RSA key's base64 with a modulus of that many bits; nobody knows its factors.
    """
    modulus = random.Random(bits).getrandbits(bits) | 1 | 1 << (bits - 1)  # noqa: S311
    return packed(b"ssh-rsa", mpint(65537), mpint(modulus))


class Sshd:
    """
    An sshd on loopback that reads one file of keys.
    """

    def __init__(self, program: str, directory: Path) -> None:
        self.directory = directory
        self.authorized_keys = directory / "authorized_keys"
        host_key = directory / "host_key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", host_key], check=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        configuration = directory / "sshd_config"
        configuration.write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {host_key}\nPidFile none\n"
            f"AuthorizedKeysFile {self.authorized_keys}\nStrictModes no\nUsePAM no\n"
            "PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            "MaxAuthTries 100000\nLoginGraceTime 0\n"
        )
        Path("/run/sshd").mkdir(exist_ok=True)
        self.process = subprocess.Popen([program, "-D", "-e", "-f", configuration], stderr=-3)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)

    def accepts(self, content: bytes, public_keys: Sequence[str]) -> list[bool]:
        """
        Return of each public key whether sshd finds it in the content.
        """
        self.authorized_keys.write_bytes(content)
        accepted = []
        for start in range(0, len(public_keys), AT_ONCE):
            chunk = public_keys[start : start + AT_ONCE]
            words = []
            for number, line in enumerate(chunk):
                path = self.directory / f"id_{number}.pub"
                path.write_text(f"{line}\n")
                words += ["-i", str(path)]
            said = self.ssh("-v", *words).stderr
            found = set(re.findall(r"Server accepts key: \S*/id_(\d+)\.pub ", said))
            accepted += [str(number) in found for number in range(len(chunk))]
        return accepted

    def ssh(self, *words: str) -> subprocess.CompletedProcess[str]:
        """
        Log in as root and say so.
        """
        options = (
            "IdentitiesOnly=yes", "IdentityAgent=none", "BatchMode=yes",
            "PubkeyAcceptedAlgorithms=+ssh-dss", "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
        )  # fmt: skip
        return subprocess.run(
            ["ssh", "-F", "none", "-p", str(self.port), *words]
            + [word for option in options for word in ("-o", option)]
            + ["root@127.0.0.1", "echo in"],
            check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """
    One for all.
    """
    program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("this machine has no sshd; the live tests log in to a container's")
    server = Sshd(program, tmp_path_factory.mktemp("sshd"))
    yield server
    server.process.terminate()
    server.process.wait()


class Made(NamedTuple):
    """
    Keys of ssh-keygen: lines of the .pub files, and the directory they are in.
    """

    lines: dict[str, str]
    directory: Path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """
    One of each type that needs no token, those that do from their parts, and a certificate.
    """
    directory = tmp_path_factory.mktemp("made")
    lines = {}
    for name, words in {
        "ed25519": ("ed25519",), "ca": ("ed25519",), "dsa": ("dsa",), "rsa": ("rsa", "-b", "2048"),
        **{f"ecdsa-{bits}": ("ecdsa", "-b", bits) for bits in ("256", "384", "521")},
    }.items():  # fmt: skip
        path = str(directory / name)
        command = ["ssh-keygen", "-q", "-N", "", "-C", "", "-f", path, "-t", *words]
        done = subprocess.run(command, check=False, capture_output=True)
        if done.returncode == 0:  # OpenSSH 10 makes no DSA
            lines[name] = (directory / f"{name}.pub").read_text().strip()
    sign = ["ssh-keygen", "-q", "-s", "ca", "-I", "x", "-n", "root", "ed25519.pub"]
    subprocess.run(sign, check=True, cwd=directory)
    lines["certificate"] = (directory / "ed25519-cert.pub").read_text().strip()
    point = base64.b64decode(lines["ecdsa-256"].split()[1])[-65:]
    for kind, fields in {
        "sk-ssh-ed25519@openssh.com": (hashlib.sha256(b"sk").digest(), b"ssh:"),
        "sk-ecdsa-sha2-nistp256@openssh.com": (b"nistp256", point, b"ssh:"),
    }.items():
        lines[kind] = f"{kind} {packed(kind.encode(), *fields)}"
    return Made(lines, directory)


KINDS = [
    "ed25519", "rsa", "ecdsa-256", "ecdsa-384", "ecdsa-521", "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
]  # fmt: skip


def is_kept(line: str) -> bool:
    """
    Tell whether we take a line for a key.
    """
    found, refused = keys.parse(line)
    assert len(found) + len(refused) == 1
    return bool(found)


def fingerprint(line: str) -> bool:
    """
    Tell whether ssh-keygen finds a key on a line.
    """
    command = ["ssh-keygen", "-l", "-f", "-"]
    done = subprocess.run(command, input=line, text=True, capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.parametrize("name", KINDS)
def test_each_type_of_key_is_one_to_all_three(sshd: Sshd, made: Made, name: str) -> None:
    """
    Security keys included: asking takes no token.
    """
    line = made.lines[name]

    assert (is_kept(line), sshd.accepts(line.encode(), [line]), fingerprint(line)) == (
        True,
        [True],
        True,
    )


@pytest.mark.parametrize("name", ["ed25519", "rsa", "ecdsa-256", "ecdsa-384", "ecdsa-521"])
def test_a_line_that_we_write_opens_a_session(sshd: Sshd, made: Made, name: str) -> None:
    """
    From a text with all that editors do to one.
    """
    text = f'\ufeff# mine\r\nno-pty,environment="A=b c" {made.lines[name]} a "comment"\r\n'
    (key,), refused = keys.parse(text)
    sshd.authorized_keys.write_text(f"{key.line}\n")

    assert refused == []
    assert sshd.ssh("-i", str(made.directory / name), "-o", "CertificateFile=none").stdout == "in\n"


def test_a_certificates_line_opens_nothing_but_its_authoritys_does(sshd: Sshd, made: Made) -> None:
    """
    Hence a certificate is refused, and `cert-authority` is kept.
    """
    authority = f'cert-authority,principals="root" {made.lines["ca"]}'
    opened = {}
    for line in (
        made.lines["certificate"],
        f"cert-authority {made.lines['certificate']}",
        authority,
    ):
        sshd.authorized_keys.write_text(f"{line}\n")
        opened[line] = sshd.ssh("-i", str(made.directory / "ed25519")).stdout == "in\n"

    assert opened == {line: is_kept(line) for line in opened}
    assert list(opened.values()) == [False, False, True]


# Each {} is a key of its own. Expected is nothing but what this machine's sshd says.
OPTIONS = [
    "restrict", "restrict,pty", "RESTRICT,Pty", "restrict,", ",restrict", "restrict,,pty", ",",
    "restrict , pty", "restrict;pty", "restrictx", 'restrict="x"', "no-restrict", "no-no-pty",
    "no-cert-authority", "pty,pty", "no-touch-required,no-verify-required",
    "touch-required,verify-required", "no-X11-forwarding,x11-forwarding", "user-rc,no-user-rc",
    "no-agent-forwarding,no-port-forwarding", "cert-authority", 'command="echo a b"',
    'COMMAND="a"', 'command=""', "command=a", "command", "command='a'", 'command="a"b"',
    'command="a\\"b c"', 'command="a\\\\"', 'command="a\\"', 'command="a\\nb"',
    'command="a",command="b"', 'command="x"restrict', 'command="x" restrict', 'environment="A=b"',
    'environment="A="', 'environment="A"', 'environment="=b"', 'environment="A-B=c"',
    'environment="1=c"', 'environment="A=b",environment="A=c"', 'environment="Ä=c"',
    'expiry-time="20991231"', 'expiry-time="209912312359"', 'expiry-time="20991231235959"',
    'expiry-time="20991301"', 'expiry-time="2099123124"', 'expiry-time="never"', 'expiry-time=""',
    'from="127.0.0.1"', 'from="127.0.0.0/8,!10.0.0.1"', 'from="*"', 'from="127.0.0.1/8"',
    'from="10.0.0.1/8,*"', 'from="127.0.0.1/33,*"', 'from="999.0.0.0/8,*"', 'from=""',
    'from="*",from="*"', 'permitopen="h:22"', 'permitopen="h:*"', 'permitopen="*:22"',
    'permitopen="h"', 'permitopen="h/22"', 'permitopen="[::1]:22"', 'permitopen="::1:22"',
    'permitopen="h:0"', 'permitopen="h:65535"', 'permitopen="h:65536"', 'permitopen=""',
    'permitopen="h:"', 'permitopen=":22"', 'permitopen="h:22",permitopen="i:22"',
    'permitlisten="22"', 'permitlisten="*"', 'permitlisten=":22"', 'permitlisten="h:22"',
    'permitlisten="h:0"', 'permitlisten=""', 'tunnel="0"', 'tunnel="ANY"', 'tunnel="x"',
    'tunnel=""', 'tunnel="1:2"', 'tunnel="-1"', 'principals="root"', "no-such-option", 'allow="x"',
    "pty=yes", "example.org", "[example.org]:22", "|1|abc=|def=", "@cert-authority *", "*", "-",
    "1",
]  # fmt: skip
FORMS = [
    "ssh-ed25519 {}", "ssh-ed25519 {} a comment ü", "ssh-ed25519\t{}", "  ssh-ed25519 {}",
    "ssh-ed25519  {}  c", "ssh-ed25519 {}\r", "ED25519 {}", "Ssh-Ed25519 {}", "ssh-rsa {}",
    "ssh-ed25519{}", "ssh-ed25519,{}", "ssh-ed25519 {},c", "ssh-ed25519 {}=", "ssh-ed25519 {}====",
    "ssh-ed25519\x0b{}", "ssh-ed25519\xa0{}", "\xa0ssh-ed25519 {}", '"ssh-ed25519 {}"',
    "'ssh-ed25519 {}'", "SSH_PUBKEY=ssh-ed25519 {}", "ssh-ed25519-cert-v01@openssh.com {}",
    "ecdsa-sha2-nistp256 {}", "sk-ssh-ed25519@openssh.com {}", "restrict,ssh-ed25519 {}",
    'command="a b', "#ssh-ed25519 {}", "ssh-ed25519 #{}",
    *(f"{options} ssh-ed25519 {{}}" for options in OPTIONS),
]  # fmt: skip


def test_each_form_of_a_line_is_a_key_to_us_exactly_where_it_is_to_sshd(sshd: Sshd) -> None:
    """
    Types, blanks, quotes, escapes, every option with good and bad values: nothing that would open
    a session is lost, and nothing that sshd ignores is written.
    """
    public_keys = [f"ssh-ed25519 {ed25519(number)}" for number in range(len(FORMS))]
    lines = [form.format(line.split()[1]) for form, line in zip(FORMS, public_keys, strict=True)]
    # a lone quote would reach into no other line: sshd reads each by itself
    theirs = sshd.accepts("\n".join(lines).encode(), public_keys)
    ours = [bool(keys.parse(line)[0]) for line in lines]
    alone = "cert-authority ssh-ed25519 {}"  # opens sessions for what it signed, not for itself

    assert len(FORMS) >= 60
    assert {form: kept for form, kept in zip(FORMS, ours, strict=True) if form != alone} == {
        form: kept for form, kept in zip(FORMS, theirs, strict=True) if form != alone
    }


WORDS = [
    "pty", "no-pty", "restrict", "User-RC", 'command="a b"', 'from="*"', 'tunnel="7"',
    'environment="A=b"', 'permitopen="h:1"', "restrict", "no-touch-required", 'command="\\""',
    'from="127.0.0.1,x"',
]  # fmt: skip
BREAKS = ["", "", "", "", '"', "\\", '\\"', ",", " ", "\t", "=", "x", "no-", "'", "#", '="']


def test_random_options_mean_the_same_to_us_and_to_sshd(sshd: Sshd) -> None:
    """
    Combinations of names, values, quotes, escapes, commas and blanks: half of them are options.
    """
    chance = random.Random(4)  # noqa: S311 - the same lines in every run
    lines = {}
    for number in range(4 * AT_ONCE):
        words = [
            chance.choice(WORDS) + (chance.choice(BREAKS) if number % 2 else "")
            for _ in range(chance.randint(1, 3))
        ]
        blob = ed25519(number)
        lines[f"ssh-ed25519 {blob}"] = f"{','.join(words)} ssh-ed25519 {blob}"
    theirs = sshd.accepts("\n".join(lines.values()).encode(), list(lines))
    ours = [keys.identity(line) != "" for line in lines.values()]

    assert [line for line, a, b in zip(lines.values(), ours, theirs, strict=True) if a != b] == []
    assert AT_ONCE < sum(theirs) < 3 * AT_ONCE


def broken_points(line: str) -> Iterator[str]:
    """
    Yield an ECDSA key's line with a point that is none of its curve's.
    """
    kind, blob = line.split()
    content = base64.b64decode(blob)
    yield f"{kind} {base64.b64encode(content[:-1] + bytes([content[-1] ^ 1])).decode()}"
    name = kind.rpartition("-")[2].encode()
    size = {b"nistp256": 32, b"nistp384": 48, b"nistp521": 66}[name]
    point = content[-(2 * size + 1) :]
    for forged in (
        b"\0",
        b"\2" + point[1 : size + 1],
        b"\6" + point[1:],
        b"\4" + b"\xff" * 2 * size,
    ):
        yield f"{kind} {packed(kind.encode(), name, forged)}"


def test_blobs_are_checked_as_deep_as_ssh_keygen_checks_them(made: Made) -> None:
    """
    Lengths, names, trailing bytes, bits left over in the base64, points, signs, sizes of moduli.
    """
    ecdsa = [made.lines[f"ecdsa-{bits}"] for bits in (256, 384, 521)]
    good, token = ed25519("good"), "sk-ssh-ed25519@openssh.com"
    modulus = base64.b64decode(rsa(2048))[-256:]
    lines = [
        *ecdsa, *(broken for line in ecdsa for broken in broken_points(line)),
        *(f"ssh-rsa {rsa(bits)}" for bits in (768, 1023, 2048, 4096, 16384, 16385)),
        f"rsa-sha2-256 {rsa(2048)}", f"rsa-sha2-512 {rsa(2048)}",
        f"ssh-rsa {packed(b'ssh-rsa', mpint(65537), modulus)}",
        f"ssh-rsa {packed(b'ssh-rsa', mpint(65537))}",
        f"ssh-rsa {packed(b'ssh-rsa', mpint(65537), bytes(1) + modulus, b'')}",
        *(
            f"ssh-ed25519 {packed(*fields)}"
            for fields in (
                (b"ssh-ed25519", b"x" * 31), (b"ssh-ed25519", b"x" * 33), (b"ssh-ed25519",), (),
                (b"ssh-ed25519", b"x" * 32, b""), (b"ssh-rsa", b"x" * 32), (b"", b"x" * 32),
            )
        ),
        *(f"ssh-ed25519 {blob}" for blob in (good, good[:-1], good[:-4], f"{good}AAAA")),
        *(
            f"{token} {packed(token.encode(), b'x' * 32, *application)}"
            for application in ((b"",), (b"s",), (b"s\0x",), (b"s\0",), (b"s", b""), ())
        ),
    ]  # fmt: skip

    assert {line: is_kept(line) for line in lines} == {line: fingerprint(line) for line in lines}


@pytest.mark.parametrize("bits", [1024, 2047])
def test_rsa_keys_that_ssh_keygen_takes_are_too_short_for_our_sshd(bits: int) -> None:
    """
    RequiredRSASize is 2048 in it; tests/live/test_ssh_clients.py tries one.
    """
    line = f"ssh-rsa {rsa(bits)}"

    assert (is_kept(line), fingerprint(line)) == (False, True)


def test_base64_with_bits_left_over_is_none(sshd: Sshd) -> None:
    """
    The same key to a lenient decoder; sshd refuses it.
    """
    blob = rsa(2056)
    last = blob.rstrip("=")[-1]
    other = blob.replace(f"{last}=", f"{chr(ord(last) + 1)}=")

    assert base64.b64decode(blob) == base64.b64decode(other)
    assert (is_kept(f"ssh-rsa {other}"), fingerprint(f"ssh-rsa {other}")) == (False, False)
    assert sshd.accepts(f"ssh-rsa {other}\n".encode(), [f"ssh-rsa {blob}"]) == [False]


@pytest.mark.parametrize(
    "line",
    [
        "ssh-dss",
        "private",
        "glued",
    ],
)
def test_what_we_refuse_although_openssh_would_not(made: Made, line: str) -> None:
    """
    DSA, which ssh-keygen still shows; a private key; and two keys on one line, where sshd would
    take the second for a comment.
    """
    good = f"ssh-ed25519 {ed25519('one')}"
    text = {
        "ssh-dss": made.lines.get("dsa", f"ssh-dss {packed(b'ssh-dss')}"),
        "private": (made.directory / "ed25519").read_text(),
        "glued": f"{good} me@host{good}",
    }[line]

    assert keys.parse(text)[0] == []
    assert len(keys.parse(text)[1]) == 1
