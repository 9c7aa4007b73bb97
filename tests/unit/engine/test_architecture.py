"""
The picture of the imports and the table of rooms in docs/architecture.md.
"""

from __future__ import annotations

from pathlib import Path

from engine import architecture, marked

# a to c directly, and through b
IMPORTS = {"a/": {"b/", "c/"}, "b/": {"c/"}, "extension.py": {"a/"}}


def test_only_the_longest_way_is_drawn() -> None:
    """
    With all 59 arrows of today nobody could follow one.
    """
    lines = [line.strip() for line in architecture.picture(IMPORTS).splitlines()]

    assert [line for line in lines if "-->" in line] == [
        "a --> b",
        "b --> c",
        "extensionpy --> a",
    ]
    assert 'extensionpy["extension.py"]' in lines


def test_a_circle_is_drawn() -> None:
    """
    import-linter says what is wrong; drawing it ends all the same.
    """
    assert "```mermaid" in architecture.picture({"a/": {"b/"}, "b/": {"a/"}})


def test_the_arrows_are_those_of_the_code() -> None:
    """
    Rooms of slipway/, what functions import when they are called, the tasks and the deploy.
    """
    arrows = architecture.arrows(marked.ROOT)

    assert arrows["deploy.py"] == {"tasks/"}
    assert {"operations/", "settings/"} <= arrows["tasks/"]
    assert "converge/" in arrows["commands/"]
    assert not any(room in others for room, others in arrows.items())


def test_a_room_is_a_row_with_the_first_words_of_its_docstring(tmp_path: Path) -> None:
    """
    Of packages in packages, too.
    """
    inner = tmp_path / "house/inner"
    inner.mkdir(parents=True)
    (tmp_path / "house/__init__.py").write_text('"""\nA house.\n\nMore.\n"""\n')
    (inner / "__init__.py").write_text('"""\nOne room,\nand no more.\n"""\n')

    assert architecture.rooms(tmp_path / "house") == (
        "| Room | What it is for |\n| --- | --- |\n"
        "| `house/` | A house. |\n| `house/inner/` | One room, and no more. |\n"
    )
