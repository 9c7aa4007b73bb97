"""
The README's table of variables, made from the one place that declares them.

    .venv/bin/python -m engine.readme [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

from slipway.settings import variables

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- variables -->\n", "<!-- /variables -->"


def with_table(text: str) -> str:
    """
    Return a README with the present table between its marks.
    """
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}{variables.markdown()}{END}{tail}"


def main(arguments: list[str]) -> int:
    """
    Write the table, or with --check say whether it would change.
    """
    text = README.read_text()
    if arguments == ["--check"]:
        if with_table(text) != text:
            print("README.md: its table of variables is out of date: run make readme")  # noqa: T201
            return 1
        return 0
    README.write_text(with_table(text))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
