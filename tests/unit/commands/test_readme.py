"""
The README of an extended image: the base's, with what its extensions add.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from slipway.commands import readme
from slipway.commands.readme import Document
from slipway.contract import paths
from slipway.converge.declared import Image
from slipway.environment.extensions import Extensions, Found
from slipway.services.declaration import Declared, Program
from slipway.settings.extension import Extension
from slipway.settings.rules import text
from slipway.settings.variable import Variable
from slipway.settings.variables import VARIABLES

BASE = """\
# Base

Of slipway/base:dev: [one](docs/one.md), [two](https://two.example), [three](#three).

## Environment variables

<!-- variables -->
| old |
<!-- /variables -->

After.

## Running services

<!-- services -->
| Service | What it does |
| --- | --- |
<!-- /services -->

## Open ports

<!-- ports -->
| Port | Service |
| --- | --- |
<!-- /ports -->
"""


@pytest.fixture
def extended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """
    Make an image of extensions' READMEs.
    """
    (tmp_path / "README.md").write_text(BASE)
    monkeypatch.setattr(paths, "PROJECT", tmp_path)

    def make(*readmes: str | None, variables: Any = (), programs: Any = ()) -> Image:
        found = []
        for number, content in enumerate(readmes):
            place = tmp_path / f"e{number}"
            place.mkdir()
            if content is not None:
                (place / "README.md").write_text(content)
            found.append(Found(place.name, place, Extension(title=place.name)))
        added = Extensions(tuple(found), (), (*VARIABLES, *variables))
        return Image(added, tuple(programs), ())

    return make


def test_without_extensions_it_is_the_base(extended: Any) -> None:
    """
    With its tables filled, and without the marks that are ours.
    """
    document = readme.text(extended())

    assert document.startswith("# Base\n")
    assert "<!--" not in document
    assert "| `WORKSPACE` |" in document
    assert "| old |" not in document
    assert document.endswith("| --- | --- |\n")


def test_an_introduction_takes_the_bases_place(extended: Any) -> None:
    """
    The last one; sections come before the base's, and what the base has a section for is added.
    """
    first = "# First\n\n## Own\n\nOf the first.\n"
    second = "# Second\n\nHello.\n\n## Own\n\nOf the second.\n\n## Open ports\n\nMore.\n"
    sections = Document.read(readme.text(extended(first, None, second))).sections

    assert list(sections) == ["Own", "Environment variables", "Running services", "Open ports"]
    assert sections["Own"] == "Of the first.\n\nOf the second."
    assert sections["Open ports"].endswith("| --- | --- |\n\nMore.")


def test_what_is_declared_is_in_the_right_table(extended: Any) -> None:
    """
    Whatever words it has.
    """
    variable = Variable("DEMO", text, default="a|b", meaning="One|two\nthree.")
    web = Program("web", ("x",), Declared(port=80), "The | web")
    plain = Program("plain", ("x",))
    sections = Document.read(
        readme.text(extended("", variables=[variable], programs=[web, plain]))
    ).sections

    assert r"| `DEMO` | `a\|b` | One\|two three. |" in sections["Environment variables"]
    assert "After." in sections["Environment variables"]
    assert sections["Running services"].endswith("| `web` | The \\| web |\n| `plain` | plain |")
    assert sections["Open ports"].endswith("| 80 | The \\| web |")


def test_the_images_name_and_links_are_its_own(extended: Any) -> None:
    """
    Links within the repository begin where the README is; others stay.
    """
    document = readme.text(extended(), name="me/x:1", links="../../")

    assert "Of me/x:1: [one](../../docs/one.md), [two](https://two.example), [three](#three)." in (
        document
    )


@pytest.mark.parametrize("fence", ["```", "~~~", "````", "   ```"])
def test_what_is_in_a_block_of_code_is_no_section(fence: str) -> None:
    """
    A comment of a shell begins as a heading does.
    """
    text_ = f"# A\n\n## One\n\n{fence}sh\n## no heading\n{fence}\n\n## Two\n\nx\n"

    document = Document.read(text_)
    assert list(document.sections) == ["One", "Two"]
    assert "## no heading" in document.sections["One"]
    assert str(document) == text_
