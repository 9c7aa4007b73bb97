"""
What documents say where things are: the places exist.
"""

from __future__ import annotations

import re

import pytest

from slipway.contract.paths import PROJECT

DOCUMENTS = ["CONTRIBUTING.md", "SECURITY.md", "README.md", "docs/architecture.md"]
DOCUMENTS += ["docs/remotes.md", "docs/runbook.md", "docs/performance.md", "docs/services.md"]
DOCUMENTS += ["docs/extending.md"]
EXAMPLES = {"files/etc/supervisor/conf.d/beacon.conf"}  # what a recipe has somebody make
TOPS = "slipway|tasks|tests|files|engine|bench|docs"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_place_that_a_document_names_exists(document: str) -> None:
    """
    A path in backticks that begins with a folder of ours, and a link to a file.
    """
    path = PROJECT / document
    # what is between marks is made of the code, or is a file of an example
    text = re.sub(r"<!-- (\w+) -->.*?<!-- /\1 -->", "", path.read_text(), flags=re.DOTALL)
    named = set(re.findall(rf"`((?:{TOPS})/[\w./-]*)`", text)) - EXAMPLES
    linked = set(re.findall(r"\]\((?!https?:)([^)#]+)\)", text))
    gone = [name for name in sorted(named) if not (PROJECT / name).exists()]
    gone += [name for name in sorted(linked) if not (path.parent / name).exists()]

    assert not gone, f"{document} names what is not there: {gone}"


def test_the_recipes_are_short() -> None:
    """
    Six steps at most; one that needs more wants other code.
    """
    text = (PROJECT / "CONTRIBUTING.md").read_text()
    recipes = text.partition("## Recipes")[2].partition("\n## ")[0].split("\n### ")[1:]

    assert len(recipes) == 6
    assert all(len(re.findall(r"^\d\. ", recipe, re.MULTILINE)) <= 6 for recipe in recipes)
