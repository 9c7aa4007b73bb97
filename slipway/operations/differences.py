"""
How what is at a path differs from what should be, in words; and as a unified diff where asked for.
"""

from __future__ import annotations

from collections import Counter

from pyinfra import host

from slipway.facts.files import FileState, FileText
from slipway.operations import foresight

_PUBLIC = 0o044  # a file that its group or others may read is no secret


def of_file(path: str, content: bytes, wanted: FileState, seen: FileState | None) -> None:
    """
    Note how a file differs, its content first.

    The difference itself is noted only of a file that is no secret, neither as it is nor as it
    should be.
    """
    is_public = all(int(each.mode, 8) & _PUBLIC for each in (wanted, seen) if each)
    differs = seen is None or seen.sha256 != wanted.sha256
    lines = unified(path, content) if is_public and differs else ()
    foresight.change(path, between(wanted, seen), difference=lines)


def between(wanted: FileState, seen: FileState | None) -> str:
    """
    Say how one state differs from another.
    """
    if seen is None:
        return "missing"
    if seen.type != wanted.type:
        return f"a {seen.type}, should be a {wanted.type}"
    found = ["content differs"] if seen.sha256 != wanted.sha256 else []
    if seen.mode != wanted.mode:
        found.append(f"mode {seen.mode}, should be {wanted.mode}")
    if (owner := seen[2:4]) != wanted[2:4]:
        found.append(f"owner {':'.join(owner)}, should be {':'.join(wanted[2:4])}")
    return ", ".join(found)


def of_directory(seen: FileState | None, mode: str) -> str:
    """
    Say how a directory differs, "" where it does not.

    + mode: octal; "" for any
    """
    if seen is None:
        return "missing"
    if seen.type not in ("directory", "symbolic link") or (mode and seen.type != "directory"):
        return f"a {seen.type}, should be a directory"
    return f"mode {seen.mode}, should be {mode}" if mode and seen.mode != mode else ""


def of_keys(seen: bytes, wanted: bytes) -> str:
    """
    Say how many lines of a file of keys are missing or too many, "" for none.
    """
    has, should = (Counter(filter(None, text.splitlines())) for text in (seen, wanted))
    missing, more = (sum(each.values()) for each in (should - has, has - should))
    found = [f"{missing} key{'s' * (missing > 1)} missing"] if missing else []
    return ", ".join(found + ([f"{more} key{'s' * (more > 1)} too many"] if more else []))


def unified(path: str, content: bytes, *, seen: bytes | None = None) -> tuple[str, ...]:
    """
    Return the lines of a unified diff from what is at a path; none where nobody wants them.

    + seen: what is there; None: it is still to be read
    """
    plan = foresight.plan()
    if plan is None or not plan.is_verbose:
        return ()
    import difflib  # noqa: PLC0415 - only for a person who asks

    before = host.get_fact(FileText, path=path) if seen is None else _text(seen)
    lines = difflib.unified_diff(
        before.splitlines(), _text(content).splitlines(), path, path, "is", "should be", lineterm=""
    )
    return tuple(lines)


def _text(content: bytes) -> str:
    return content.decode(errors="replace")
