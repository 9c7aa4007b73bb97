"""
Extensions: whether there are any, and what they lay.
"""

from __future__ import annotations

from pathlib import Path

from slipway.contract import paths
from slipway.facts.extensions import ExtensionsSeen, Seen
from tests.unit.facts.conftest import ask


def test_what_extensions_lay_is_seen(tmp_path: Path) -> None:
    """
    Of the files that are asked for; a name may have any character.
    """
    asked = ["/etc/motd", "/etc/a b$(x)"]
    places = {str(paths.EXTENSIONS): tmp_path / "extensions"}
    assert ask(ExtensionsSeen(), files=asked, places=places) == Seen(False, frozenset())

    (tmp_path / "extensions/one").mkdir(parents=True)
    assert ask(ExtensionsSeen(), files=asked, places=places) == Seen(True, frozenset())
    file = tmp_path / f"extensions/one/files{asked[1]}"
    file.parent.mkdir(parents=True)
    file.touch()
    assert ask(ExtensionsSeen(), files=asked, places=places) == Seen(True, frozenset(asked[1:]))
