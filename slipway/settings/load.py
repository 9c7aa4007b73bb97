"""
Settings, read from an environment: values, refusals, and where each value came from.

Pure: a mapping goes in, Settings and the complete list of refusals come out. What has to be read
from files or resolved on a disk is passed in as a function.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from slipway.contract import paths
from slipway.contract.refusal import Note, Refusal
from slipway.settings import authorized, providers, public_keys
from slipway.settings.authorized import Keys
from slipway.settings.discovery import announced
from slipway.settings.holding import MAX_VARIABLE, can_be_held
from slipway.settings.rclone_variables import is_refused_for_mounts, names_a_file
from slipway.settings.secrecy import KEY_VARIABLES, printable, shown
from slipway.settings.variable import IGNORED, Refused, Variable
from slipway.settings.variables import VARIABLES, Settings
from slipway.system.counting import counted

KEY_FILE = str(paths.AUTHORIZED_KEYS_MOUNT)

# Of a process, not of a container: sessions and services have their own.
_PROCESS = {"HOME", "PWD", "OLDPWD", "SHLVL", "HOSTNAME", "TERM", "USER", "LOGNAME", "SHELL", "_"}


class Row(NamedTuple):
    """
    A setting for a person: secrets as ***.
    """

    name: str
    value: str
    source: str


class Loaded(NamedTuple):
    """
    Settings, what was refused on the way, and where each value came from.
    """

    settings: Settings
    refusals: tuple[Refusal, ...]
    sources: Mapping[str, str]
    variables: Mapping[str, Any] = MappingProxyType({})  # of every declared name, its typed value
    declared: Sequence[Variable[Any]] = VARIABLES
    notes: tuple[Note, ...] = ()
    withheld: frozenset[str] = frozenset()  # variables with a private key in them: for nobody
    key_sources: tuple[str, ...] = ()  # of each key in `settings.keys`

    def table(self) -> list[Row]:
        """
        Return every setting, the keys of all variables in one row, then rclone's variables.
        """
        number = counted(len(self.settings.keys), "key")
        rows = [Row("SSH_PUBKEY", number, self.sources["SSH_PUBKEY"])]
        rows += [
            Row(each.name, printable(each.shown(value)), self.sources[each.name])
            for each in self.declared
            if not isinstance(value := self.variables[each.name], Keys)
        ]
        rows += [
            Row(printable(name), shown(name, value), self.sources.get(name, printable(name)))
            for name, value in sorted(self.settings.environment.items())
            if name.startswith("RCLONE_")
        ]
        return rows


def load(  # noqa: PLR0913 - what is read comes from several places
    environ: Mapping[str, str],
    *,
    read: Callable[[str], bytes] | None = None,
    resolve: Callable[[str], str] = posixpath.normpath,
    arguments: Collection[str] = (),
    declared: Sequence[Variable[Any]] = VARIABLES,
    programs: Callable[[], Collection[str]] | None = None,
) -> Loaded:
    """
    Read the Settings of a container from its environment. Raises nothing, whatever is in it.

    + read: returns a file's content or raises OSError; the mounted key file and `NAME_FILE` need it
    + resolve: returns a path without symbolic links, so that a link into /etc is seen as one
    + arguments: names of the variables that were given as `NAME=value` arguments
    + declared: ours, and those of extended images
    + programs: returns the names of all supervised programs; None where they can't be known
    """
    reader = _Reader(environ, read or _no_file, arguments, declared)
    values = {variable.name: reader.value(variable, resolve) for variable in declared}
    keys = reader.keys(values)
    reader.lock_nobody_out(values)
    settings = Settings(
        keys=keys,
        environment=reader.environment(),
        provider=reader.provider.name,
        others=_others(values),
        **{variable.field: values[variable.name] for variable in VARIABLES},
    )
    if programs and settings.services_off:
        reader.strangers(settings.services_off, programs())
    reader.unknown()
    return Loaded(
        settings,
        tuple(reader.refusals),
        reader.sources,
        MappingProxyType(values),
        declared,
        tuple(reader.notes),
        frozenset(reader.withheld),
        reader.key_sources,
    )


def _others(values: Mapping[str, Any]) -> dict[str, Any]:
    ours = {variable.name for variable in VARIABLES}
    return {name: value for name, value in values.items() if name not in ours}


def _no_file(path: str) -> bytes:
    raise FileNotFoundError(path)


class _Reader:
    """
    Reads one environment, collecting what it refuses.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        read: Callable[[str], bytes],
        arguments: Collection[str],
        declared: Sequence[Variable[Any]],
    ) -> None:
        self.environ: dict[str, str] = {}
        self.read = read
        self.arguments = frozenset(arguments)
        self.own = {variable.name for variable in declared}
        self.refusals: list[Refusal] = []
        self.notes: list[Note] = []
        self.sources: dict[str, str] = {}
        self.services: set[str] = set()
        self.from_files: dict[str, str] = {}
        self.withheld: set[str] = set()
        self.key_sources: tuple[str, ...] = ()
        self.defaults = {variable.name: variable.effect for variable in declared}
        for name, value in environ.items():
            if can_be_held(name, value):
                self.environ[name] = value
            else:
                self.refuse(
                    name or "a variable", "can't be held by an environment", "it is ignored"
                )
        self.services |= announced(self.environ)
        self.provider = providers.detect(self.environ)
        for name in sorted(self.environ):
            if self.environ[name] and names_a_file(name, self.environ, own=self.own):
                self._from_file(name)

    def refuse(self, variable: str, rule: str, effect: str) -> None:
        if variable not in self.services:  # which nobody has given as ours
            self.refusals.append(Refusal(printable(variable), rule, effect))

    def value(self, variable: Variable[Any], resolve: Callable[[str], str]) -> Any:
        """
        Return a variable's typed value: its default where none is given, or one that is refused.
        """
        given = self._text(variable.name)
        try:
            return variable.checked(given if given.strip() else variable.default, resolve)
        except Refused as refused:
            effect = refused.effect or variable.effect
            self.refuse(self._origin(variable.name), refused.rule, effect)
            if refused.instead is not None:
                return refused.instead
        self.sources[variable.name] = "default"
        try:
            return variable.checked(variable.default, resolve)
        except Refused:  # a default that is a link into /etc, say
            return variable.default

    def keys(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """
        Return the keys of all variables and of the mounted file, as lines.
        """
        given = [
            (self._origin(name), value) for name, value in values.items() if isinstance(value, Keys)
        ]
        mounted = authorized.keys(self._key_file(), underscores=False)
        merged = authorized.merge([*given, (KEY_FILE, mounted)])
        self.refusals += merged.refusals
        self.notes += merged.notes
        named = {source: self.sources.get(source, source) for source in merged.sources}
        self.key_sources = tuple(named[source] for source in merged.origins)
        self.sources["SSH_PUBKEY"] = ", ".join(named.values()) or "default"
        return merged.lines

    def environment(self) -> dict[str, str]:
        """
        Return what sessions and services see, in declared variables with ___ as a space.
        """
        seen = {}
        for name, value in self.environ.items():
            is_own = name in self.own or name.removesuffix("_FILE") in self.own
            if is_own and public_keys.holds_private_key(value):
                self.withheld.add(name)  # given by mistake: it must not reach every session
            elif name not in _PROCESS:
                seen[name] = value.replace("___", " ") if is_own else value
        for name, value in self.from_files.items():
            if name.startswith("RCLONE"):
                seen[name] = value
                self.sources[name] = f"{name}_FILE"
        for name, value in sorted(seen.items()):
            if value and is_refused_for_mounts(name):
                rule = "is set by Slipway for its mounts"
                self.refuse(self._origin(name), rule, "mounts do without it")
        return seen

    def strangers(self, asked: Sequence[str], known: Collection[str]) -> None:
        """
        Refuse names of programs that are no program's.
        """
        if missing := [name for name in asked if name.partition(":")[0] not in known]:
            names = ", ".join(map(printable, missing))
            rule = f"names no program of this container: {names}"
            where = self._origin(Settings.services_off.name)
            self.refuse(where, rule, "others are switched off")

    def lock_nobody_out(self, values: dict[str, Any]) -> None:
        root, user = Settings.root_login.name, Settings.user.name
        if not values[root] and not values[user]:
            self.refuse(root, f"would lock everybody out without {user}", "root's login stays")
            self.sources[root], values[root] = "default", True

    def unknown(self) -> None:
        ours = [name for name in sorted(self.environ) if name.startswith("SLIPWAY_")]
        for name in (name for name in ours if name.removesuffix("_FILE") not in self.own):
            self.refuse(name, "is no variable of Slipway's; a typo?", "it is ignored")

    def _origin(self, name: str) -> str:
        """
        Return the variable that a person has to mend: the one that names the file, where one does.
        """
        return f"{name}_FILE" if name in self.from_files else name

    def _text(self, name: str) -> str:
        """
        Return a variable's text as it was given, "" where it was not; note where it came from.
        """
        if name in self.from_files:
            self.sources[name] = f"{name}_FILE"
            return self.from_files[name]
        text = self.environ.get(name, "")
        given = f"argument {name}" if name in self.arguments else self.provider.explain(name)
        self.sources[name] = given if text.strip() else "default"
        return text

    def _key_file(self) -> str:
        try:
            return public_keys.decode(self.read(KEY_FILE))
        except (FileNotFoundError, IsADirectoryError):
            return ""  # what Docker makes of a mount whose source is not there
        except OSError as error:
            self.refuse(KEY_FILE, f"can't be read: {_reason(error)}", "its keys are left out")
            return ""

    def _from_file(self, variable: str) -> None:
        name, path = variable.removesuffix("_FILE"), self.environ[variable]
        unset = self.defaults.get(name, IGNORED)
        if self.environ.get(name):
            name = printable(name)
            self.refuse(variable, f"is given together with {name}", f"{name} is used")
            return
        if not path.startswith("/"):
            self.refuse(variable, "must be an absolute path", unset)
            return
        try:
            content = public_keys.decode(self.read(path)).rstrip("\r\n")
        except OSError as error:
            self.refuse(variable, f"names a file that can't be read: {_reason(error)}", unset)
            return
        size = len(f"{name}={content}".encode(errors="surrogateescape")) + 1
        if name not in KEY_VARIABLES and (size > MAX_VARIABLE or "\0" in content):
            self.refuse(variable, "names a file that is too large for a variable, or binary", unset)
            return
        self.from_files[name] = content


def _reason(error: OSError) -> str:
    """
    Return why a file can't be read, without its path.
    """
    return error.strerror or "unknown error"
