"""
The reference of docs/extending.md: docstrings as Markdown.
"""

from __future__ import annotations

from engine import reference


def example(*, path: str, mode: str = "644") -> None:
    """
    Have it.

    More words.

    **Example:**

    .. code:: python

        example(
            path="/x",
        )

    + path: where it is,
      on two lines
    + mode: octal
    """
    del path, mode


EXPECTED = """\
### test_reference.example

Have it.

More words.

```python
example(
    path="/x",
)
```

- `path`: where it is,
  on two lines
- `mode` (`'644'`): octal
"""


def test_a_docstring_is_a_section() -> None:
    """
    Its words, its example, and its arguments with their defaults.
    """
    assert reference.operation(example) == EXPECTED


def test_each_rule_that_extensions_may_import_is_in_the_table() -> None:
    table = reference.rules()

    assert "| `port` | Accept the number of a TCP port. |" in table
    assert '| `choice("small", "large")` |' in table
    assert "Refused" not in table


def test_the_examples_are_files_of_an_image() -> None:
    """
    Whole, under their names.
    """
    part = reference.parts()["dockerfile"]

    assert part.startswith("\n`Dockerfile`\n\n```dockerfile\nARG BASE=")
    assert part.endswith("--phase build\n```\n\n")
