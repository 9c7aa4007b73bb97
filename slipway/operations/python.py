"""
Python environments of an image's own: Slipway's venv is never one of them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand
from pyinfra.api.exceptions import OperationValueError
from pyinfra.context import ctx_state

from slipway.facts.python import RECORD, PythonEnvironment, normalized
from slipway.operations import foresight
from slipway.operations.degraded import degrade
from slipway.operations.independent import operation
from slipway.system.counting import counted

_PINNED = r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?\s*(?:==\s*([^\s;\\]+))?"
_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"  # the image's, with what was added to them


class Wanted(NamedTuple):
    """
    One requirement.
    """

    name: str
    version: str  # "" for any


@operation()
def environment(
    *,
    path: str,
    packages: Sequence[str] = (),
    requirements: str = "",
    interpreter: str = "/usr/bin/python3",
) -> Generator[StringCommand]:
    """
    Have a virtual environment with these packages; pip runs only when something is missing.

    A start installs none: what is missing then is said, and `slipway converge` installs it.

    + path: of the environment, `/opt/demo` say; its programs are in `bin`
    + packages: requirements as pip has them: `httpie==3.2.4`; without a version, any will do
    + requirements: a file of them, relative to the extension; with hashes pip checks these
    + interpreter: the Python that it is made with
    """
    if not path.startswith("/") or os.path.normpath(path) != path:
        raise OperationValueError(f"path must be an absolute path, not {path!r}")
    source = _source(requirements)
    wanted = [*_read(source.read_text() if source else ""), *_read("\n".join(packages))]
    record = _digest(source, packages)
    seen = host.get_fact(PythonEnvironment, path=path)
    missing = [each for each in wanted if not _is_there(each, seen.distributions)]
    if not missing and seen.record == record:
        host.noop(f"{path} has its {counted(len(wanted), 'package')}")
        return
    names = ", ".join(f"{each.name} {each.version}".strip() for each in missing)
    if host.data.get("is_start"):
        what = f"not installed: {names}" if names else "made of other requirements"
        degrade(path, f"{what}; `slipway converge` installs them")
        host.noop("a start installs no packages")
        return
    for each in missing:
        found = seen.distributions.get(normalized(each.name))
        state = f"{found}, should be {each.version}" if found else "not installed"
        foresight.change(path, f"{each.name} {state}")
    if not missing:
        foresight.change(path, "made of other requirements")
    place, files = QuoteString(path), ["-r", QuoteString(str(source))] if source else []
    # fmt: off
    yield StringCommand(
        "test", "-x", QuoteString(f"{path}/bin/pip"), "||",
        QuoteString(interpreter), "-m", "venv", "--clear", place,
    )
    yield StringCommand(
        f'PIP_CERT="${{PIP_CERT:-{_AUTHORITIES}}}"', QuoteString(f"{path}/bin/pip"), "install",
        "-q", "--no-input", "--no-cache-dir", "--disable-pip-version-check",
        *files, *([] if not packages else ["--", *map(QuoteString, packages)]),
    )
    # fmt: on
    yield StringCommand("echo", record, ">", QuoteString(f"{path}/{RECORD}"))


def _source(requirements: str) -> Path | None:
    if not requirements:
        return None
    path = Path(ctx_state.get().cwd or ".", requirements)
    if not path.is_file():
        raise OperationValueError(f"requirements: there is no file {path}")
    return path


def _digest(source: Path | None, packages: Sequence[str]) -> str:
    content = source.read_bytes() if source else b""
    return sha256(b"\0".join([content, *(each.encode() for each in packages)])).hexdigest()


def _read(text: str) -> list[Wanted]:
    """
    Return the requirements of a file that hold everywhere; pip knows of the others if they do.
    """
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        requirement = line.partition(" #")[0].partition("--hash")[0].strip()
        if not requirement or requirement.startswith(("#", "-")) or ";" in requirement:
            continue
        match = re.match(_PINNED, requirement)
        if match and "@" not in requirement:
            found.append(Wanted(match[1], match[2] or ""))
    return found


def _is_there(wanted: Wanted, distributions: dict[str, str]) -> bool:
    version = distributions.get(normalized(wanted.name))
    return version is not None and (not wanted.version or _plain(version) == _plain(wanted.version))


def _plain(version: str) -> str:
    """
    Return a version so that 2.0 is 2.0.0, as it is for pip (PEP 440).
    """
    return re.sub(r"(\.0)+$", "", version.lower())
