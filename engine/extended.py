"""
What is made of our images' declarations: a README of each, and its templates for clouds.

    .venv/bin/python -m engine.extended [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

from engine.commands import Failure
from slipway.converge import light_pyinfra

ROOT = Path(__file__).parent.parent
BASE = "base"
SUFFIXES = {"compose": "yaml", "runpod": "json", "vast": "json"}


def documents(root: Path) -> dict[str, str]:
    """
    Return the content of each document, by its path in the repository. Raises Failure.
    """
    light_pyinfra.install("blank")
    from slipway.commands import readme, template  # noqa: PLC0415 - after the stand-ins
    from slipway.converge import declared  # noqa: PLC0415 - likewise
    from slipway.environment import extensions  # noqa: PLC0415 - likewise

    found = {}
    names = [BASE, *sorted(path.parent.name for path in root.glob("images/*/slipway"))]
    for name in names:
        own = {} if name == BASE else {name: root / "images" / name / "slipway"}
        image = declared.image(extensions.read_from(own))
        for problem in image.problems:
            raise Failure(f"images/{problem.extension}: {problem.what}: {problem.why}")
        tag = f"slipway/{name}:dev"
        if own:
            found[f"images/{name}/README.md"] = readme.text(image, name=tag, links="../../")
        for cloud, form in template.FORMS.items():
            found[f"templates/{name}/{cloud}.{SUFFIXES[cloud]}"] = form(image, tag)
    return found


def main(arguments: list[str], root: Path = ROOT) -> int:
    """
    Write them, or with --check name those that are out of date; returns the exit code.
    """
    try:
        made = documents(root)
    except Failure as failure:
        print(failure.sentence)  # noqa: T201 - for a person
        return 1
    there = {
        str(path.relative_to(root))
        for pattern in ("images/*/README.md", "templates/*/*.*")
        for path in root.glob(pattern)
    }
    old = {
        name
        for name, text in made.items()
        if name not in there or (root / name).read_text() != text
    }
    if "--check" in arguments:
        for name in sorted(old | (there - made.keys())):
            print(f"{name}: out of date; run `make readme`")  # noqa: T201 - likewise
        return int(bool(old or there - made.keys()))
    for name in old:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(made[name])
    for name in there - made.keys():
        (root / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
