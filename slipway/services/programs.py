"""
All programs that supervisord is to run, from files of which any may be unusable.

Slipway's own come first and depend on nothing. Each file of a user's is then judged by itself, and
beside those that come before it in the order of names: one that can't be used is left out whole.
What ran of it goes on as it was until the file is mended or removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from slipway.services import log_places
from slipway.services.program_file import GROUP, RUN, Parser, Problem, ProgramFile, Unusable

Build = Callable[[Parser], list[Any]]  # supervisor's process_groups_from_parser


class Composed(NamedTuple):
    """
    The groups of all usable files, and why the others are left out.
    """

    groups: list[Any]
    problems: list[Problem]


class Origin(NamedTuple):
    """
    What a group was made of, kept on its configuration.
    """

    files: frozenset[str]
    sections: frozenset[str]


class Composer:
    """
    Puts files together.

    + build: makes groups of a parser; raises anything for what it can't use
    + expansions: of ENV_ names
    + active: the groups that run now
    """

    def __init__(
        self, *, build: Build, expansions: Mapping[str, str], active: Iterable[Any] = ()
    ) -> None:
        self.build, self.expansions = build, expansions
        self.active = list(active)
        self.problems: list[Problem] = []
        self._names: set[str] = set()  # of all programs

    def compose(self, own: Sequence[ProgramFile], users: Iterable[ProgramFile]) -> Composed:
        """
        Return what can be run of both.

        + users: in the order in which the first of two with one name wins
        """
        users = list(users)
        self._names = {name for file in (*own, *users) for name in _names(file)}
        own_groups: list[Any] = []
        for file in own:
            if self._is_usable(file, is_own=True):
                own_groups += self._built([file])
        for process in (each for group in own_groups for each in group.process_configs):
            process.is_own = True
        ours = {group.name for group in own_groups}
        good = self._agreeing([file for file in users if self._is_usable(file)], ours)
        groups = self._kept(self._built(good), {group.name for group in own_groups})
        return Composed(sorted([*own_groups, *groups]), self.problems)

    def _is_usable(self, file: ProgramFile, *, is_own: bool = False) -> bool:
        """
        Judge a file alone: without its groups, whose members may be elsewhere.
        """
        file.parser.expansions = self.expansions
        try:
            file.check()
            groups = self._groups([file], RUN)
            _check_names(groups)
            if not is_own:
                log_places.check(file, groups, self._names)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever supervisor trips over
            self.problems.append(file.problem(error))
            return False
        return True

    def _groups(self, files: Sequence[ProgramFile], kinds: Sequence[str]) -> list[Any]:
        """
        Return the groups of some files; an error is about what was asked for last.
        """
        merged = _merged(files, kinds)
        merged.expansions = self.expansions
        try:
            return self.build(merged)
        finally:
            for file in files:
                file.parser.asked = merged.asked

    def _agreeing(self, files: list[ProgramFile], ours: set[str]) -> list[ProgramFile]:
        """
        Return the files that can be used together.
        """
        good = list(files)
        while problem := _disagreement(good, ours):
            good = [file for file in good if file.path != problem.file]
            self.problems.append(problem)
        try:
            self._built(good)
        except (Exception, SystemExit):  # noqa: BLE001 - which one of them is found one by one
            return self._one_by_one(good)
        return good

    def _one_by_one(self, files: list[ProgramFile]) -> list[ProgramFile]:
        good: list[ProgramFile] = []
        for file in files:
            try:
                self._built([*good, file])
            except (Exception, SystemExit) as error:  # noqa: BLE001, PERF203 - as above
                self.problems.append(file.problem(error))
            else:
                good.append(file)
        return good

    def _built(self, files: Sequence[ProgramFile]) -> list[Any]:
        """
        Return the groups of some files, each with its origin.
        """
        places = {section: file for file in files for section in file.parser.sections()}
        groups = self._groups(files, (*RUN, GROUP))
        for group in groups:
            sections = _sections_of(group.name, places)
            group.origin = Origin(
                frozenset(places[section].path for section in sections), frozenset(sections)
            )
        return groups

    def _kept(self, groups: list[Any], ours: set[str]) -> list[Any]:
        """
        Add what runs and came from a file that can't be used any more.
        """
        broken = {problem.file for problem in self.problems}
        kept = [
            group
            for group in self.active
            if (origin := getattr(group, "origin", None))
            and origin.files & broken
            and group.name not in ours
            and group.name not in {each.name for each in groups}
        ]
        taken = {section for group in kept for section in group.origin.sections}
        for number, problem in enumerate(self.problems):
            names = sorted(group.name for group in kept if problem.file in group.origin.files)
            if names:
                reason = f"{problem.reason} ({', '.join(names)} as before)"
                self.problems[number] = problem._replace(reason=reason)
        return [group for group in groups if not group.origin.sections & taken] + kept


def _names(file: ProgramFile) -> set[str]:
    """
    Return the names of a file's programs, as far as they are such.
    """
    return {section.partition(":")[2].strip() for section in file.parser.sections()} - {""}


def _check_names(groups: list[Any]) -> None:
    """
    Find what only an expansion shows. Raises Unusable.
    """
    for process in (process for group in groups for process in group.process_configs):
        if not process.name.isprintable():
            raise Unusable(f"process_name: {process.name!r} is not printable")


def _merged(files: Iterable[ProgramFile], kinds: Sequence[str]) -> Parser:
    """
    Return the sections of some kinds in one parser: a file's [DEFAULT] goes with its sections.
    """
    merged = Parser()
    for file in files:
        for section, _ in file.sections(*kinds):
            merged.add_section(section)
            for option, value in file.parser.items(section):
                merged.set(section, option, value)
            merged.section_to_file[section] = file.path
    return merged


def _disagreement(files: Sequence[ProgramFile], ours: set[str]) -> Problem | None:
    """
    Return the first file that can't be used beside the others, and why.
    """
    places: dict[str, ProgramFile] = {}
    for file in files:
        for section, _ in file.sections(*RUN, GROUP):
            if section in places:
                words = f"[{section}] is in {places[section].path}, too"
                return Problem(file.path, file.line(section), words)
            places[section] = file
    grouped = set()
    for section, file in places.items():
        if section.partition(":")[0] != GROUP:
            continue
        for member in file.members(section):
            kinds = (f"program:{member}", f"fcgi-program:{member}")
            found = [kind for kind in kinds if kind in places]
            if member in ours:
                words = f"{member} is Slipway's own and stays outside of groups"
            elif not found:
                words = f"{member} is in no file that can be used"
            elif len(found) > 1:
                words = f"{member} is both a program and an fcgi-program"
            else:
                grouped.add(found[0])
                continue
            line = file.line(section, "programs")
            return Problem(file.path, line, f"[{section}] programs: {words}")
    return _same_name(places, grouped, ours)


def _same_name(
    places: Mapping[str, ProgramFile], grouped: set[str], ours: set[str]
) -> Problem | None:
    """
    Return the first file that gives a name which is taken: by us, or by a file before it.
    """
    names: dict[str, tuple[str, str]] = {}
    for section, file in places.items():
        if section in grouped:
            continue
        name = section.partition(":")[2].strip()
        if name in ours:
            words = f"[{section}] is the name of a program of Slipway's: give yours another"
        elif name in names:
            other, path = names[name]
            words = f"[{section}] has the name of [{other}]" + (
                "" if path == file.path else f" in {path}"
            )
        else:
            names[name] = section, file.path
            continue
        return Problem(file.path, file.line(section), words)
    return None


def _sections_of(name: str, places: Mapping[str, ProgramFile]) -> list[str]:
    """
    Return the sections that a group is made of.
    """
    for section, file in places.items():
        if section.partition(":")[0] == GROUP and section.partition(":")[2].strip() == name:
            members = file.members(section)
            kinds = ("program", "fcgi-program")
            parts = [f"{kind}:{member}" for member in members for kind in kinds]
            return [section, *(part for part in parts if part in places)]
    return [
        section
        for section in places
        if section.partition(":")[0] in RUN and section.partition(":")[2].strip() == name
    ]
