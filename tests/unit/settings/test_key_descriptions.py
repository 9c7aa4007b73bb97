"""
Keys as people know them.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from slipway.settings import key_descriptions


@pytest.mark.parametrize(("kind", "bits"), [("ed25519", "256"), ("rsa", "2048"), ("ecdsa", "256")])
@pytest.mark.parametrize("comment", ["you@laptop", "two words", ""])
def test_a_key_is_described_as_ssh_keygen_does(
    tmp_path: Path, kind: str, bits: str, comment: str
) -> None:
    path = tmp_path / "key"
    words = ["ssh-keygen", "-q", "-t", kind, "-b", bits, "-N", "", "-C", comment, "-f", str(path)]
    subprocess.run(words, check=True)
    line = path.with_suffix(".pub").read_text()
    listed = subprocess.check_output(["ssh-keygen", "-lf", path.with_suffix(".pub")], text=True)
    key = key_descriptions.of(f'from="10.0.0.1",command="x y" {line}')

    assert key is not None
    assert key.fingerprint == listed.split()[1]
    assert key.comment == comment
    assert key.name == (comment or key.type)
    assert key.type == line.split()[0]


def test_each_key_of_files_is_named_once(tmp_path: Path) -> None:
    """
    What is no key is none.
    """
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "a\tb", "-f", tmp_path / "key"],
        check=True,
    )
    line = (tmp_path / "key.pub").read_bytes()
    found = key_descriptions.of_files(b"# mine\n" + line, b"nonsense\n", line.rstrip())

    assert [key.comment for key in found] == ["a\\tb"]
