"""
Bytes and text as pyinfra exchanges them with connectors.
"""

from __future__ import annotations

from io import BytesIO, StringIO
from pathlib import Path

import pytest

from slipway.connectors import text


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        ("", b"\n"),
        ("a", b"a\n"),
        ("a\nb\n", b"a\nb\n"),
        (["a", "b\n"], b"a\nb\n"),
        (("a",), b"a\n"),
        ([], b""),
        (StringIO("a\nb"), b"a\nb\n"),
        (BytesIO(b"\xff"), b"\xff\n"),
        (b"\0a", b"\0a"),
        ("\udcff", b"\xff\n"),
    ],
)
def test_stdin_is_what_pyinfra_makes_of_it(given: object, expected: bytes | None) -> None:
    """
    Each line ended (pyinfra.connectors.util.write_stdin); bytes, which it does not take, as they
    are.
    """
    assert text.stdin(given) == expected


def test_content_is_left_as_it_is(tmp_path: Path) -> None:
    """
    From a file, or an open one of either kind.
    """
    path = tmp_path / "x"
    path.write_bytes(b"\0\r\n\xff")

    assert text.content(str(path)) == b"\0\r\n\xff"
    assert text.content(BytesIO(b"a")) == b"a"
    assert text.content(StringIO("ü")) == "ü".encode()


def test_output_is_lines_with_every_byte_kept() -> None:
    """
    A newline ends a line; bytes that are no UTF-8 come back by surrogateescape.
    """
    output = text.output(b"a\n\n\xff", b"err\n")

    assert output.stdout_lines == ["a", "", "\udcff"]
    assert output.stderr_lines == ["err"]
    assert text.output(b"", b"").output_lines == []
