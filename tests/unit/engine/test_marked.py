"""
Documents with parts that are written from the code, and README's.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import marked, readme
from engine.commands import Failure

TEXT = "# A\n\n<!-- one -->\nold\n<!-- /one -->\n\nwords\n\n<!-- two -->\n<!-- /two -->\n"


def test_parts_are_written_between_their_marks() -> None:
    """
    What stands around them stays as it is.
    """
    expected = (
        "# A\n\n<!-- one -->\nnew\n<!-- /one -->\n\nwords\n\n<!-- two -->\n2\n<!-- /two -->\n"
    )

    assert marked.filled(TEXT, {"one": "new\n", "two": "2\n"}) == expected


def test_the_parts_that_the_code_has_other_words_for_are_named() -> None:
    """
    Only those.
    """
    with pytest.raises(Failure, match="out of date: one; run"):
        marked.check(TEXT, {"one": "new\n", "two": ""})
    marked.check(TEXT, {"one": "old\n", "two": ""})


@pytest.mark.parametrize("text", ["", "<!-- one -->\nold\n", "old\n<!-- /one -->"])
def test_marks_that_are_gone_are_named(text: str) -> None:
    """
    A document is never cut off where one of the two is missing.
    """
    with pytest.raises(Failure, match="<!-- one -->, and <!-- /one -->"):
        marked.filled(text, {"one": "new\n"})


def test_a_document_is_checked_or_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    A check changes nothing, and says which part is out of date and what to run.
    """
    monkeypatch.setattr(marked, "ROOT", tmp_path)
    document = tmp_path / "A.md"
    document.write_text(TEXT)

    def main(*arguments: str) -> int:
        return marked.main(arguments, "A.md", lambda: {"one": "new\n"})

    assert main("--check") == 1
    assert capsys.readouterr().out == "A.md: out of date: one; run `make readme`\n"
    assert document.read_text() == TEXT
    assert (main(), main("--check")) == (0, 0)
    assert "new" in document.read_text()


def test_a_service_is_a_row_with_the_words_of_its_file(tmp_path: Path) -> None:
    """
    However many lines they take; comments further down are for those who read the file.
    """
    (tmp_path / "web.conf").write_text(
        "; Slipway's. Shows [pages],\n; one by one.\n[program:web]\n; why\ncommand=web\n"
    )

    assert "| `web` | Shows [pages], one by one. |\n" in readme.services(tmp_path)


@pytest.mark.parametrize(
    "head", ["", "; Shows pages.\n", "; Slipway's.\n", "\n; Slipway's. Web.\n"]
)
def test_a_service_without_such_words_is_named(tmp_path: Path, head: str) -> None:
    """
    With its file and what has to stand there.
    """
    (tmp_path / "web.conf").write_text(f"{head}[program:web]\ncommand=web\n")

    with pytest.raises(Failure, match=r"files/etc/supervisor/conf.d/web.conf has to begin with"):
        readme.services(tmp_path)
