"""
Directories of ours, and those above what sshd reads: there, root's, and closed to others.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand

from slipway.facts.attributes import Unchangeable
from slipway.facts.mounts import Mounts
from slipway.facts.places import Place, Places
from slipway.operations import foresight
from slipway.operations.degraded import degrade
from slipway.operations.independent import operation
from slipway.operations.mounted import why_fixed
from slipway.system.counting import counted

_Judge = Callable[[Place, str], bool]


@operation()
def present(*, directories: Mapping[str, str]) -> Generator[StringCommand]:
    """
    Have these directories, with their parents, with exactly these modes, and root's.

    What is in a directory's place is kept beside it as `.replaced`, a link to a directory is one.
    What is mounted stays as it is; where that lets others in it is said.

    + directories: path to octal mode; "" leaves mode and owner of one that is there as they are
    """
    yield from _had(directories, is_right=lambda place, mode: place.mode == mode)


@operation()
def guarded(*, directories: Mapping[str, str]) -> Generator[StringCommand]:
    """
    Have these directories root's and closed to others' writing, whatever else their modes allow.

    sshd ignores keys below a directory that others than root may write to (StrictModes). Those that
    are not there are not made, those that are something else are.

    + directories: path to octal mode, of one that has to be made or closed
    """
    there = host.get_fact(Places, paths=list(directories))
    yield from _had(
        {path: mode for path, mode in directories.items() if path in there},
        is_right=lambda place, _: not int(place.mode, 8) & 0o022,
    )


def aside(path: str) -> StringCommand:
    """
    Return the command that makes room at a path: what is there is kept beside it.
    """
    word, kept = QuoteString(path), QuoteString(f"{path}.replaced")
    # fmt: off
    return StringCommand(
        "rmdir", "--", word, "2>/dev/null", "||", "mv", "-T", "--backup=numbered", "--", word, kept,
    )
    # fmt: on


def _had(directories: Mapping[str, str], *, is_right: _Judge) -> Generator[StringCommand]:
    places = host.get_fact(Places, paths=list(directories))
    wrong = {
        path: mode
        for path, mode in directories.items()
        if not (_is_right(places.get(path), mode, is_right) or foresight.is_closed(path))
    }
    mounts = host.get_fact(Mounts) if wrong else []
    closed = host.get_fact(Unchangeable, paths=list(wrong)) if wrong else {}
    is_idle = True
    for path, mode in wrong.items():
        place = places.get(path)
        if place and place.is_silent:
            degrade(path, "its file system does not answer")
        elif why := why_fixed(mounts, path) or closed.get(path, ""):
            _say(path, place, mode, why)
        else:
            is_idle = False
            foresight.change(path, _words(place, mode))
            if place and place.is_directory:
                foresight.close(path)
            else:
                foresight.leave(path, b"")
            yield from _mended(path, place, mode)
    if is_idle:
        host.noop(f"{counted(len(directories), 'directory is', 'directories are')} as wanted")


def _is_right(place: Place | None, mode: str, is_right: _Judge) -> bool:
    if place is None or not place.is_directory:
        return False
    return not mode or (_is_roots(place) and is_right(place, mode))


def _words(place: Place | None, mode: str) -> str:
    if place is None:
        return "missing"
    if not place.is_directory:
        return "no directory"
    found = [f"mode {place.mode}, should be {mode}"] if place.mode != mode else []
    if not _is_roots(place):
        found.append(f"owner {place.user}:{place.group}, should be root:root")
    return ", ".join(found)


def _is_roots(place: Place) -> bool:
    return (place.user, place.group) == ("root", "root")


def _say(path: str, place: Place | None, mode: str, why: str) -> None:
    """
    Say of what can't be changed what is wrong with it; an unusual mode lets nobody in.
    """
    if place is None or not place.is_directory:
        degrade(path, f"there is no such directory, and it {why}; add `--tmpfs {path}:mode={mode}`")
    elif place.user != "root" or int(place.mode, 8) & 0o022:
        owner = f"{place.user}'s" if place.user != "root" else "root's"
        degrade(path, f"{why} and is not root's alone ({owner}, mode {place.mode}): it stays so")


def _mended(path: str, place: Place | None, mode: str) -> Generator[StringCommand]:
    word = QuoteString(path)
    steps: list[object] = []
    if place is None or not place.is_directory:
        if place is not None:
            yield aside(path)
        steps += ["&&", "mkdir", "-p", "--", word]
    elif mode and not _is_roots(place):
        steps += ["&&", "chown", "0:0", "--", word]
    if mode and (place is None or not place.is_directory or place.mode != mode):
        steps += ["&&", "chmod", f"00{mode}", "--", word]  # with fewer digits setgid stays
    yield StringCommand(*steps[1:])
