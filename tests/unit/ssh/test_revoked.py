"""
Keys that RevokedKeys take away.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from slipway.settings import public_keys
from slipway.ssh import revoked

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no OpenSSH here")


FINGERPRINT = "ssh-keygen -l -f b.pub | cut -d' ' -f2 | sed 's/^/hash: /'"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    Give a directory with the public keys `a` and `b`.
    """
    place = tmp_path_factory.mktemp("keys")
    for name, kind in (("a", "ed25519"), ("b", "ecdsa")):
        words = ["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", name, "-f", name]
        subprocess.run(words, check=True, cwd=place)
    return place


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("cat a.pub b.pub > it", [True, True, True]),
        ("cat a.pub > it", [True, False, False]),
        ("(echo '# of old'; echo; cat b.pub) > it", [False, True, False]),
        ("sed 's/^/from=\"10.0.0.1\" /' a.pub > it", [True, False, False]),
        ("ssh-keygen -q -k -f it a.pub b.pub", [True, True, True]),
        ("ssh-keygen -q -k -f it a.pub", [True, False, False]),
        (f"{FINGERPRINT} > h; ssh-keygen -q -k -f it h", [False, True, False]),
        ("head -c 40 /dev/zero | sed 's/^/SSHKRL/' > it", [False, False, False]),
        ("printf 'SSHKRL\\n\\0junk' > it", [False, False, False]),
        (": > it", [False, False, False]),
        ("mkfifo it", [False, False, False]),
        ("true", [False, False, False]),
    ],
)  # fmt: skip
def test_only_where_every_key_is_revoked_it_matters(
    place: Path, command: str, expected: list[bool]
) -> None:
    """
    In lines, and in a list of ssh-keygen's; what can't be read is named otherwise.
    """
    (place / "it").unlink(missing_ok=True)
    subprocess.run(["sh", "-c", command], check=True, cwd=place)
    a, b = (public_keys.identity((place / f"{name}.pub").read_text()) for name in "ab")

    assert [revoked.are_all(keys, f"{place}/it") for keys in ([a], [b], [a, b])] == expected
    assert not revoked.are_all([], f"{place}/it")
