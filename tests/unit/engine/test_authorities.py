"""
The host's certificate authorities on their way into an image.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import authorities


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    The host's folder, empty.
    """
    folder = tmp_path / "host"
    folder.mkdir()
    monkeypatch.setattr(authorities, "HOSTS", folder)
    return folder


def _gathered(host: Path) -> dict[str, str]:
    folder = host.parent / "gathered"
    authorities.gather(folder)
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_they_are_mirrored(host: Path) -> None:
    """
    One that the host no longer trusts goes; what is no certificate stays out.
    """
    (host / "old.crt").write_text("old")
    assert _gathered(host) == {"old.crt": "old"}

    (host / "old.crt").rename(host / "new.crt")
    (host / "readme.txt").touch()
    assert _gathered(host) == {"new.crt": "old"}


def test_those_in_subfolders_come_too(host: Path) -> None:
    """
    Where update-ca-certificates finds them as well. None takes another's place.
    """
    for name in ("x.crt", "corp_x.crt", "corp/x.crt", "corp/sub/x.crt"):
        (host / name).parent.mkdir(parents=True, exist_ok=True)
        (host / name).write_text(name)
    (host / "folder.crt").mkdir()

    assert _gathered(host) == {
        "x.crt": "x.crt",
        "corp_x.crt": "corp_x.crt",
        "_corp_x.crt": "corp/x.crt",
        "corp_sub_x.crt": "corp/sub/x.crt",
    }


def test_one_that_cannot_be_read_is_named(host: Path) -> None:
    """
    A dangling link, say: the others come, and nothing fails.
    """
    (host / "a.crt").symlink_to("gone")
    (host / "b.crt").write_text("b")

    (said,) = authorities.gather(host.parent / "gathered")
    assert said.startswith(f"{host}/a.crt can't be read (No such file or directory)")
    assert _gathered(host) == {"b.crt": "b"}


def test_an_unchanged_one_is_not_touched(host: Path) -> None:
    """
    Its content and mode are what a builder's cache goes by, whatever the host's mode is.
    """
    (host / "a.crt").write_text("a")
    (host / "a.crt").chmod(0o600)
    _gathered(host)
    copied = host.parent / "gathered" / "a.crt"
    before = copied.stat().st_mtime_ns
    _gathered(host)

    assert before == copied.stat().st_mtime_ns
    assert copied.stat().st_mode & 0o777 == 0o644
