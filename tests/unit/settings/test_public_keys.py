"""
Keys, side by side with OpenSSH's own tools on this machine.
"""

from __future__ import annotations

import base64
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.settings import public_keys

ED25519 = "AAAAC3NzaC1lZDI1NTE5AAAAIIYIQ5u1YIYoX6oXqZl5HC0kXqP7yKJEgWj2bcXWk1cJ"
GOOD = f"ssh-ed25519 {ED25519}"


def blob(*fields: bytes) -> str:
    """
    Return fields as a key's base64.
    """
    packed = b"".join(struct.pack(">I", len(field)) + field for field in fields)
    return base64.b64encode(packed).decode()


def sk_key() -> str:
    """
    Return the public part of a key in a security token; making one needs no token.
    """
    public = base64.b64decode(ED25519)[-32:]
    kind = "sk-ssh-ed25519@openssh.com"
    return f"{kind} {blob(kind.encode(), public, b'ssh:')} token"


class Tools(NamedTuple):
    """
    Keys of every type, made by ssh-keygen.
    """

    directory: Path
    lines: dict[str, str]


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Tools:
    """
    One key of each type that ssh-keygen makes without a token, and a certificate.
    """
    directory = tmp_path_factory.mktemp("keys")
    lines = {}
    for name, words in {
        "ed25519": ["-t", "ed25519"],
        "rsa-2048": ["-t", "rsa", "-b", "2048"],
        "rsa-4096": ["-t", "rsa", "-b", "4096"],
        "ecdsa-256": ["-t", "ecdsa", "-b", "256"],
        "ecdsa-384": ["-t", "ecdsa", "-b", "384"],
        "ecdsa-521": ["-t", "ecdsa", "-b", "521"],
    }.items():
        path = directory / name
        command = ["ssh-keygen", "-q", *words, "-N", "", "-C", f"{name} ü", "-f", str(path)]
        subprocess.run(command, check=True)
        lines[name] = path.with_suffix(".pub").read_text().strip()
    subprocess.run(
        ["ssh-keygen", "-q", "-s", "ed25519", "-I", "x", "-n", "root", "ecdsa-256.pub"],
        check=True,
        cwd=directory,
    )
    lines["certificate"] = (directory / "ecdsa-256-cert.pub").read_text().strip()
    lines["sk-ed25519"] = sk_key()
    return Tools(directory, lines)


MADE = [
    "ed25519",
    "rsa-2048",
    "rsa-4096",
    "ecdsa-256",
    "ecdsa-384",
    "ecdsa-521",
    "sk-ed25519",
]
OPTIONS = [
    'command="echo \\"hi\\" there"',
    'from="10.0.0.1,*.example.org"',
    "no-pty",
    "restrict,pty",
    'environment="A=b c"',
    'expiry-time="20991231"',
    'permitopen="localhost:80",no-agent-forwarding',
    'permitlisten="8080"',
    'tunnel="0"',
    "cert-authority",
    'cert-authority,principals="root"',
    "NO-X11-FORWARDING",
    "no-pty,,pty,",
    "no-touch-required",
]


@pytest.mark.parametrize("name", MADE)
def test_what_ssh_keygen_makes_is_a_key(tools: Tools, name: str) -> None:
    """
    Every type, with a comment in any script.
    """
    line = tools.lines[name]

    assert public_keys.parse(line) == ([public_keys.PublicKey(line, line.split()[1])], [])


@pytest.mark.parametrize("options", OPTIONS)
def test_options_are_kept(options: str) -> None:
    """
    With quotes, escapes and commas in them, byte for byte.
    """
    line = f"{options} {GOOD} comment"

    assert public_keys.parse(line) == ([public_keys.PublicKey(line, ED25519)], [])


DSA = blob(b"ssh-dss", b"\1" * 128, b"\1" * 20, b"\1" * 128, b"\1" * 128)
BAD = {
    "a word": "hello",
    "a type alone": "ssh-ed25519",
    "no base64": "ssh-ed25519 not*base64",
    "cut off": f"ssh-ed25519 {ED25519[:-8]}",
    "one character less": f"ssh-ed25519 {ED25519[:-1]}",
    "more than a key": f"ssh-ed25519 {blob(b'ssh-ed25519', b'x' * 32, b'more')}",
    "too short inside": f"ssh-ed25519 {blob(b'ssh-ed25519', b'x' * 31)}",
    "another type inside": f"ssh-rsa {ED25519}",
    "an unknown type": f"ssh-ed448 {ED25519}",
    "DSA": f"ssh-dss {DSA}",
    "DSA with options": f"no-pty ssh-dss {DSA}",
    "short RSA": f"ssh-rsa {blob(b'ssh-rsa', b'3', b'1' * 64)}",
    "an RSA key of 1024 bits": f"ssh-rsa {blob(b'ssh-rsa', b'3', b'1' * 128)}",
    "an RSA key of 2040 bits": f"ssh-rsa {blob(b'ssh-rsa', b'3', b'1' * 255)}",
    "RSA without modulus": f"ssh-rsa {blob(b'ssh-rsa', b'3')}",
    "a point of another curve": (
        f"ecdsa-sha2-nistp256 {blob(b'ecdsa-sha2-nistp256', b'nistp256', b'4' * 97)}"
    ),
    "a known_hosts line": f"example.org {GOOD}",
    "a hashed known_hosts line": f"|1|abc=|def= {GOOD}",
    "a known_hosts line with a port": f"[example.org]:22 {GOOD}",
    "an unknown option": f"no-such-option {GOOD}",
    "an unknown option with a value": f'allow="x" {GOOD}',
    "an option without its value": f"command {GOOD}",
    "a flag with a value": f'no-pty="x" {GOOD}',
    "an open quote": f'command="x {GOOD}',
    "a quoted key": f'"{GOOD}"',
    "a key in single quotes": f"'{GOOD}'",
    "two keys glued": f"{GOOD}{GOOD}",
    "two keys on one line": f"{GOOD} {GOOD}",
    "an assignment": f"SSH_PUBKEY={GOOD}",
    "a control character": f"{GOOD} a\x07b",
    "the private part's body": "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtz",
    "a fingerprint": "256 SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU one (ED25519)",
    "a path": "~/.ssh/id_ed25519.pub",
    "an address": "https://github.com/somebody.keys",
}


@pytest.mark.parametrize("line", BAD.values(), ids=BAD.keys())
def test_what_is_no_key_is_refused_by_its_number(line: str) -> None:
    """
    The lines around it are used.
    """
    found, refused = public_keys.parse(f"{GOOD} a\n{line}\n")

    assert [key.line for key in found] == [f"{GOOD} a"]
    assert [entry.line for entry in refused] == [2]


def test_a_certificate_is_refused_with_what_to_give_instead(tools: Tools) -> None:
    """
    A line with one in authorized_keys opens nothing.
    """
    _, (refused,) = public_keys.parse(tools.lines["certificate"])

    assert "is a certificate; give the key itself" in refused.rule


@pytest.mark.parametrize(
    "text",
    [
        f"{GOOD} a\r\n{GOOD} b\r\n",
        f"\ufeff{GOOD} a\n{GOOD} b",
        f"{GOOD} a\\n{GOOD} b",
        f"{GOOD} a\\n{GOOD} b\\n",
        f"\n\n  {GOOD} a  \n# a comment\n\t{GOOD} b\n\n",
        f"{GOOD} a\n\nnull\n{GOOD} b\0",
    ],
    ids=["CRLF", "BOM", r"literal \n", r"literal \n at the end", "blanks", "a NUL"],
)
def test_what_editors_and_consoles_do_to_a_text_is_understood(text: str) -> None:
    r"""
    CRLF, a byte order mark, a literal \n, blank lines, comments, a missing last newline.
    """
    found, refused = public_keys.parse(text)

    assert [key.line for key in found] == [f"{GOOD} a", f"{GOOD} b"]
    assert refused == []


@pytest.mark.parametrize("kind", ["OPENSSH PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"])
def test_a_private_key_is_refused_as_a_whole(kind: str) -> None:
    """
    One refusal for the block, at its first line, and nothing of its content.
    """
    text = f"-----BEGIN {kind}-----\nCANARY\nCANARY\n-----END {kind}-----\n{GOOD}\n"
    found, (refused,) = public_keys.parse(text)

    assert [key.line for key in found] == [GOOD]
    assert (refused.line, "private key" in refused.rule) == (1, True)
    assert "CANARY" not in str(refused)


def test_another_programs_public_key_is_refused_as_a_whole() -> None:
    """
    RFC 4716's form: sshd does not read it.
    """
    text = "---- BEGIN SSH2 PUBLIC KEY ----\nComment: x\nAAAA\n---- END SSH2 PUBLIC KEY ----"

    assert [entry.line for entry in public_keys.parse(text)[1]] == [1]


def test_a_private_key_that_ssh_keygen_made(tools: Tools) -> None:
    """
    The file beside the right one, given by mistake.
    """
    found, refused = public_keys.parse((tools.directory / "ed25519").read_text())

    assert found == []
    assert [entry.line for entry in refused] == [1]


FRAME = "-----{} OPENSSH PRIVATE KEY-----"


@pytest.mark.parametrize(
    "text",
    [
        f"{FRAME.format('BEGIN')}\nCANARY\n{GOOD}",
        f"{FRAME.format('BEGIN')} CANARY {FRAME.format('END')}\n{GOOD}",
        f"{FRAME.format('BEGIN')}\\nCANARY\\n{FRAME.format('END')}\\n{GOOD}",
        f"{FRAME.format('BEGIN')}\nCANARY\n{FRAME.format('END')}\n{GOOD}".replace(" ", "___"),
        f"PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\nCANARY\nPrivate-MAC: 0\n{GOOD}",
        f"{GOOD} me b3BlbnNzaC1rZXktdjEAAAAACANARY\n{GOOD}",
        f'command="{FRAME.format("BEGIN")} CANARY" {GOOD}\n{GOOD}',
    ],
    ids=["without END", "one line", r"literal \n", "___", "PuTTY", "in a comment", "in an option"],
)
def test_a_private_key_in_another_form_is_one_too(text: str) -> None:
    """
    One refusal that says so; the public key after it is used, and no more is kept.
    """
    found, refused = public_keys.parse(text, underscores=True)

    assert [key.line for key in found] == [GOOD]
    assert [entry.rule for entry in refused] == [public_keys.PRIVATE]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{GOOD} CORP\\nora@laptop", [f"{GOOD} CORP\\nora@laptop"]),
        (f'command="printf a\\nb" {GOOD}', [f'command="printf a\\nb" {GOOD}']),
        (f'command="a\\npty x" {GOOD}\\n{GOOD}', [f'command="a\\npty x" {GOOD}', GOOD]),
        (f'{GOOD} a\\nfrom="*",pty {GOOD}', [f"{GOOD} a", f'from="*",pty {GOOD}']),
        (f"# it's \"odd\\n{GOOD}", [GOOD]),
        (f'{GOOD} 12" disk\\n{GOOD} b', [f'{GOOD} 12" disk', f"{GOOD} b"]),
        (f"{GOOD} a\\r\\n{GOOD} b\\r\\n", [f"{GOOD} a", f"{GOOD} b"]),
        (f"{GOOD} a\r{GOOD} b\r", [f"{GOOD} a", f"{GOOD} b"]),
        (f"{GOOD} a\n\ufeff{GOOD} b", [f"{GOOD} a", f"{GOOD} b"]),
        (f"{GOOD} a\x85b\u2028c", [f"{GOOD} a\x85b\u2028c"]),
        (f"{GOOD} my___laptop", [f"{GOOD} my___laptop"]),
        (f'command="a___b" {GOOD}', [f'command="a___b" {GOOD}']),
        (f"{GOOD} me".replace(" ", "___") + f"\\n{GOOD}___b", [f"{GOOD} me", f"{GOOD} b"]),
        (f'command="a___b"___{GOOD}', [f'command="a b" {GOOD}']),
        (f"ssh-ed25519 {ED25519[:30]}___{ED25519[30:]}", []),
    ],
)
def test_only_what_separates_keys_is_taken_for_a_newline_or_a_space(
    text: str, expected: list[str]
) -> None:
    r"""
    A literal \n within quotes or a Windows name, and ___ in a line that is a key, are themselves.
    """
    assert [key.line for key in public_keys.parse(text, underscores=True)[0]] == expected


def test_underscores_in_a_file_are_underscores() -> None:
    """
    They stand for spaces in variables only, which can't always hold some.
    """
    assert public_keys.parse(f"{GOOD} me".replace(" ", "___"))[0] == []


def test_a_file_of_powershell_is_read() -> None:
    """
    `>` writes UTF-16 there; anything else is UTF-8 or kept as it is.
    """
    assert public_keys.decode(f"{GOOD}\r\n".encode("utf-16")) == f"{GOOD}\r\n"
    assert public_keys.decode(b"\xc3\xbc\xff") == "ü\udcff"


def test_what_sshd_finds_in_a_file_counts() -> None:
    """
    Other people's lines are judged as sshd does: it stops for none of our own rules.
    """
    assert public_keys.any_valid(f"# x\n{GOOD} a {GOOD}\n".encode())
    assert not public_keys.any_valid(f"\ufeff{GOOD}\nnull\nssh-ed25519 AAAA\n".encode())
    assert public_keys.identity(f"no-pty {GOOD} x\r") == ED25519


@pytest.mark.parametrize(
    "text",
    [
        f"{GOOD} {'ssh-ssh-' * 15_000}AAAA",
        'command="' + "\\n#" * 40_000 + f'" {GOOD}',
        "\\nssh-" * 20_000,
        "-----BEGIN " * 10_000,
        'a"' * 60_000,
        "," * 120_000 + " x",
        'permitopen="' + "[" * 100_000 + f'" {GOOD}',
    ],
    ids=range(7),
)
def test_no_text_of_a_variables_size_takes_long(text: str) -> None:
    """
    128 kB made to be slow; the first one once took 80 s.
    """
    started = time.monotonic()
    public_keys.parse(text, underscores=True)

    assert time.monotonic() - started < 3


@given(st.text(max_size=200))
def test_no_text_raises_or_gives_a_line_that_is_no_line(text: str) -> None:
    """
    Whatever it is.
    """
    found, refused = public_keys.parse(text)

    assert all("\n" not in key.line and public_keys.identity(key.line) == key.blob for key in found)
    assert all(entry.line >= 1 and entry.rule for entry in refused)


@given(st.binary(max_size=120))
def test_no_blob_raises(content: bytes) -> None:
    """
    Lengths that point outside, and fields that are missing.
    """
    body = base64.b64encode(content).decode()

    for kind in ("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "sk-ssh-ed25519@openssh.com"):
        public_keys.identity(f"{kind} {body}")


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("options", ["", *OPTIONS[:3]])
def test_ssh_keygen_accepts_each_line_we_accept(tools: Tools, name: str, options: str) -> None:
    """
    `ssh-keygen -l` prints the fingerprint of what we write.
    """
    (key,), _ = public_keys.parse(f"{options} {tools.lines[name]}".strip())
    done = subprocess.run(
        ["ssh-keygen", "-l", "-f", "-"], input=key.line, text=True, capture_output=True, check=False
    )

    assert done.returncode == 0, done.stderr


class Sshd(NamedTuple):
    """
    A real sshd on loopback, and the file it reads.
    """

    port: int
    authorized_keys: Path


@pytest.fixture(scope="module")
def sshd(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """
    An sshd of our own, which logs root in with what stands in the file.
    """
    program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("this machine has no sshd; the live tests log in to a container's")
    directory = tmp_path_factory.mktemp("sshd")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    Path("/run/sshd").mkdir(exist_ok=True)
    # fmt: off
    process = subprocess.Popen(
        [
            program, "-D", "-e", "-f", "/dev/null", "-p", str(port),
            "-h", str(tools.directory / "ed25519"), "-o", "ListenAddress=127.0.0.1",
            "-o", f"AuthorizedKeysFile={directory}/authorized_keys", "-o", "StrictModes=no",
            "-o", f"PidFile={directory}/pid", "-o", "PasswordAuthentication=no",
        ],
        stderr=subprocess.DEVNULL,
    )
    # fmt: on
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.02)
    yield Sshd(port, directory / "authorized_keys")
    process.terminate()
    process.wait()


def opens(sshd: Sshd, identity: Path) -> bool:
    """
    Tell whether a key opens a session.
    """
    # fmt: off
    command = [
        "ssh", "-F", "none", "-p", str(sshd.port), "-i", str(identity), "-o", "BatchMode=yes",
        "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no", "-o", "CertificateFile=none",
        "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "root@127.0.0.1", "true",
    ]
    # fmt: on
    return subprocess.run(command, check=False, capture_output=True, timeout=30).returncode == 0


@pytest.mark.parametrize("name", [name for name in MADE if not name.startswith("sk-")])
def test_a_real_sshd_accepts_each_line_we_accept(sshd: Sshd, tools: Tools, name: str) -> None:
    """
    Also below a thousand other lines, and with harmless options.
    """
    (key,), _ = public_keys.parse(f"no-agent-forwarding,pty {tools.lines[name]}\r\n")
    sshd.authorized_keys.write_text(f"{key.line}\n")

    assert opens(sshd, tools.directory / name)


REFUSED_BY_BOTH = [
    "no-such-option {line}",
    'allow="x" {line}',
    'command="x {line}',
    "'{line}'",
    '"{line}"',
    "example.org {line}",
    "SSH_PUBKEY={line}",
    "no-pty;pty {line}",
]


@pytest.mark.parametrize("form", REFUSED_BY_BOTH)
def test_a_real_sshd_ignores_what_we_refuse(sshd: Sshd, tools: Tools, form: str) -> None:
    """
    So nothing that would have worked is lost.
    """
    line = form.format(line=tools.lines["ed25519"])
    sshd.authorized_keys.write_text(f"{line}\n")

    assert public_keys.parse(line)[0] == []
    assert not opens(sshd, tools.directory / "ed25519")


def test_a_hundred_thousand_keys() -> None:
    """
    8 MB of keys are read, each of them, and not one line is refused.
    """
    text = "\n".join(
        f"ssh-ed25519 {blob(b'ssh-ed25519', number.to_bytes(32, 'big'))} {number}"
        for number in range(100_000)
    )
    found, refused = public_keys.parse(text)

    assert (len(found), refused) == (100_000, [])
    assert len({key.blob for key in found}) == 100_000
