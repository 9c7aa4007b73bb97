"""
`slipway readme`: the README of this image, the base's with what its extensions add.
"""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, NamedTuple

from slipway.commands import output
from slipway.contract import exits, paths
from slipway.converge import light_pyinfra
from slipway.environment import extensions
from slipway.settings import variables
from slipway.system import markdown

if TYPE_CHECKING:
    from slipway.converge.declared import Image

BASE_IMAGE = "slipway/base:dev"  # as the base's README writes it
_LINK = r"(?<=\]\()(?![a-z]+:|#|/)([^)\s]+)"  # a link within the repository
_MARK = r"<!-- /?[a-z]+ -->\n"
_HEADING = r"## (.+)"
_FENCE = r"\s{0,3}(?:`{3,}|~{3,})"


class Document(NamedTuple):
    """
    A README: all before the first section, then each section's text by its heading.
    """

    introduction: str
    sections: dict[str, str]

    @classmethod
    def read(cls, text: str) -> Document:
        """
        Split it.
        """
        parts: dict[str, list[str]] = {"": []}
        heading = fence = ""
        for line in text.splitlines():
            found = None if fence else re.fullmatch(_HEADING, line)
            if found:
                heading = found[1]
                parts.setdefault(heading, [])
                continue
            mark = re.match(_FENCE, line)
            if mark:  # what is in a block of code is no heading
                fence = "" if fence and line.strip() == fence else fence or mark[0].strip()
            parts[heading].append(line)
        introduction, *sections = ("\n".join(lines).strip("\n") for lines in parts.values())
        return cls(introduction, dict(zip(list(parts)[1:], sections, strict=True)))

    def __str__(self) -> str:
        parts = [
            self.introduction,
            *(f"## {name}\n\n{text}" for name, text in self.sections.items()),
        ]
        return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare them.
    """
    parser.add_argument("--image", default=BASE_IMAGE, help="what the image is called")


def run(options: argparse.Namespace) -> int:
    """
    Print it.
    """
    image = this_image()
    print(text(image, name=options.image), end="")
    return exits.FAILED if image.problems else exits.OK


def this_image() -> Image:
    """
    Return what this image declares; what is wrong with its extensions is said.
    """
    light_pyinfra.install("blank")
    from slipway.converge import declared  # noqa: PLC0415 - pyinfra comes after its stand-ins

    image = declared.image(extensions.read())
    for problem in image.problems:
        output.fail(f"{problem.extension}: {problem.what}: {problem.why}")
    return image


def text(image: Image, *, name: str = BASE_IMAGE, links: str = "") -> str:
    """
    Return an image's README. Raises OSError for one that can't be read.

    The introduction is that of the last extension that has one. A section that the base has, too,
    is added to the base's; others come first.

    + name: what the image is called in the examples
    + links: what comes before links into Slipway's repository
    """
    base = Document.read(_base(image, links=links))
    introduction = base.introduction
    own: dict[str, str] = {}
    sections = dict(base.sections)
    for each in image.extensions.found:
        try:
            document = Document.read((each.path / "README.md").read_text())
        except FileNotFoundError:
            continue
        introduction = document.introduction or introduction
        for heading, body in document.sections.items():
            place = sections if heading in base.sections else own
            place[heading] = f"{place[heading]}\n\n{body}" if heading in place else body
    return str(Document(introduction, {**own, **sections})).replace(BASE_IMAGE, name)


def _base(image: Image, *, links: str) -> str:
    """
    Return the base's README with all variables, services and ports in its tables.
    """
    filled = (paths.PROJECT / "README.md").read_text()
    added = {
        "services": [
            (markdown.code(each.name), each.title or each.name) for each in image.programs
        ],
        "ports": [
            (str(each.declared.port), each.title or each.name)
            for each in image.programs
            if each.declared.port
        ],
    }
    for part, rows in added.items():
        end = f"<!-- /{part} -->"
        filled = filled.replace(end, f"{markdown.rows(rows)}{end}")
    begin, _, rest = filled.partition("<!-- variables -->\n")
    _, _, after = rest.partition("<!-- /variables -->\n")
    table = variables.as_table(image.extensions.variables)
    return re.sub(_LINK, rf"{links}\1", re.sub(_MARK, "", f"{begin}{table}{after}"))
