"""
How lines look to a terminal, to a file, and without UTF-8.
"""

from __future__ import annotations

import pytest

from slipway.commands import page
from slipway.commands.page import BAD, GOOD, Item, Style

UTF8 = {"LANG": "C.UTF-8", "TERM": "xterm"}


@pytest.mark.parametrize(
    ("environment", "is_terminal", "style"),
    [
        (UTF8, True, Style(is_coloured=True, is_unicode=True)),
        (UTF8, False, Style(is_coloured=False, is_unicode=True)),
        ({**UTF8, "NO_COLOR": "1"}, True, Style(is_coloured=False, is_unicode=True)),
        ({**UTF8, "NO_COLOR": ""}, True, Style(is_coloured=True, is_unicode=True)),
        ({**UTF8, "TERM": "dumb"}, True, Style(is_coloured=False, is_unicode=True)),
        ({"LANG": "de_DE.utf8"}, True, Style(is_coloured=False, is_unicode=True)),
        ({**UTF8, "LC_ALL": "C"}, True, Style(is_coloured=True, is_unicode=False)),
        ({**UTF8, "LC_CTYPE": "POSIX"}, True, Style(is_coloured=True, is_unicode=False)),
        ({**UTF8, "LC_ALL": ""}, False, Style(is_coloured=False, is_unicode=True)),
        ({"LANG": "C", "LC_ALL": "en_US.UTF-8"}, False, Style(False, is_unicode=True)),
        ({"LANG": "de_DE.ISO-8859-1"}, False, Style(False, is_unicode=False)),
        ({}, False, Style(is_coloured=False, is_unicode=False)),
    ],
)
def test_the_style_suits_the_reader(
    environment: dict[str, str], style: Style, *, is_terminal: bool
) -> None:
    assert Style.of(environment, is_terminal=is_terminal) == style


LINES = ["UNHEALTHY x", *page.items("services", [Item(GOOD, "ü"), Item(BAD, "web")])]


@pytest.mark.parametrize(
    ("style", "lines"),
    [
        (Style(), ["UNHEALTHY x", "services  ● ü  ✗ web"]),
        (Style(is_unicode=False), ["UNHEALTHY x", "services  + \\xfc  x web"]),
        (
            Style(is_coloured=True),
            [
                "\033[1;31mUNHEALTHY\033[0m x",
                "services  \033[32m●\033[0m ü  \033[31m✗\033[0m web",
            ],
        ),
    ],
)
def test_marks_and_colours_are_what_the_terminal_has(style: Style, lines: list[str]) -> None:
    assert page.styled(LINES, style) == lines
