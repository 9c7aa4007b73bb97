"""
Every variable that Slipway accepts: name, type, default, rule and meaning, here and nowhere else.

Pure: a mapping goes in, frozen Settings and the complete list of refusals come out. What has to be
read from files or resolved on a disk is passed in as a function.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from slipway import keys as public_keys
from slipway import providers


class Refusal(NamedTuple):
    """
    A value that can't be used: the rule it breaks, and what happens instead. Never the value.
    """

    variable: str
    rule: str
    effect: str

    def __str__(self) -> str:
        return f"{self.variable}: {self.rule} ({self.effect})"


class Variable(NamedTuple):
    """
    One variable of the contract.
    """

    name: str
    default: str
    meaning: str


VARIABLES = (
    Variable("SSH_PUBKEY", "", "Your public SSH key, or several, one a line."),
    Variable("PUBLIC_KEY", "", "The same; the name that RunPod uses."),
    Variable("SSH_PUBLIC_KEY", "", "The same; the name that vast.ai and RunPod use."),
    Variable(
        "WORKSPACE", "/workspace", "Absolute path of the workspace: where your volume is mounted."
    ),
    Variable("SKIP_ACL", "false", "`true` leaves the ACL of the workspace alone."),
    Variable(
        "GPU_COUNT",
        "",
        "At most so many GPUs are visible to sessions and services; all by default.",
    ),
    Variable(
        "SLIPWAY_THREADS",
        "",
        "Threads for OpenMP, BLAS and their like; by default as many as the CPU quota allows.",
    ),
    Variable(
        "SLIPWAY_SSH_ADDRESS",
        "",
        "`host:port` that reaches SSH from outside, for `slipway status`; clouds tell it.",
    ),
    Variable("SLIPWAY_STRICT", "false", "`true` stops the start when any value is refused."),
    Variable(
        "RCLONE_*", "", "Passed to rclone: options and, with `RCLONE_CONFIG_NAME_TYPE`, remotes."
    ),
    Variable(
        "NAME_FILE",
        "",
        "A file with the value of any of these and of `RCLONE_CONFIG_*`: for secrets.",
    ),
)

KEY_VARIABLES = ("SSH_PUBKEY", "PUBLIC_KEY", "SSH_PUBLIC_KEY")
KEY_FILE = "/root/.ssh/authorized_keys_mount"
WORKSPACE = "/workspace"

_OWN = {variable.name for variable in VARIABLES} - {"RCLONE_*", "NAME_FILE"}
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}
_COUNT = re.compile(r"[0-9]{1,6}")
_ARGUMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]*)=(.*)", re.DOTALL)

# Of a process, not of a container: sessions and services have their own.
_PROCESS = {"HOME", "PWD", "OLDPWD", "SHLVL", "HOSTNAME", "TERM", "USER", "LOGNAME", "SHELL", "_"}

# Where a workspace would take the system's own directories, or the home, over.
_TAKEN = {"/", "/root", "/home", "/opt", "/mnt", "/srv", "/media", "/tmp"}  # noqa: S108 - refused
_SYSTEM = re.compile(r"/(bin|boot|dev|etc|lib[^/]*|proc|run|sbin|sys|usr|var|opt/slipway)(/.*)?")
_DOTTED = re.compile(r"/root/\..*")

# What our mounts set themselves: another value would lose writes or cut the remote control off.
_MOUNT_OPTIONS = re.compile(r"RCLONE_(VFS_CACHE_MODE|CACHE_DIR|RC(_.*)?|DAEMON(_.*)?)")
_SECRET = re.compile(
    r"KEY|TOKEN|PASS|SECRET|CREDENTIAL|AUTH|PRIVATE|CERT|RCLONE_CONFIG_.*", re.IGNORECASE
)
_NOT_SECRET = {*KEY_VARIABLES}


class Settings(NamedTuple):
    """
    What the container is asked to be.
    """

    keys: tuple[str, ...] = ()  # valid lines for authorized_keys, each key once
    workspace: str = WORKSPACE  # canonical, absolute
    skip_acl: bool = False
    gpu_count: int | None = None  # None: no limit
    threads: int | None = None  # None: as the CPU quota says
    strict: bool = False
    environment: Mapping[str, str] = {}  # what sessions and services see of the container's
    provider: str = "docker"

    def to_environment(self) -> dict[str, str]:
        """
        Return variables that read as these Settings again.
        """
        return {
            **self.environment,
            "SSH_PUBKEY": "\n".join(self.keys) + "\n" * bool(self.keys),
            "PUBLIC_KEY": "",
            "SSH_PUBLIC_KEY": "",
            "WORKSPACE": self.workspace,
            "SKIP_ACL": str(self.skip_acl).lower(),
            "GPU_COUNT": "" if self.gpu_count is None else str(self.gpu_count),
            "SLIPWAY_THREADS": "" if self.threads is None else str(self.threads),
            "SLIPWAY_STRICT": str(self.strict).lower(),
        }


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

    def table(self) -> list[Row]:
        """
        Return every setting, then rclone's variables.
        """
        settings = self.settings
        values = {
            "SSH_PUBKEY": f"{len(settings.keys)} keys",
            "WORKSPACE": settings.workspace,
            "SKIP_ACL": str(settings.skip_acl).lower(),
            "GPU_COUNT": "all" if settings.gpu_count is None else str(settings.gpu_count),
            "SLIPWAY_THREADS": str(settings.threads or "as the quota says"),
            "SLIPWAY_STRICT": str(settings.strict).lower(),
        }
        rows = [Row(name, value, self.sources[name]) for name, value in values.items()]
        rows += [
            Row(name, shown(name, value), self.sources.get(name, name))
            for name, value in sorted(settings.environment.items())
            if name.startswith("RCLONE_")
        ]
        return rows


def load(
    environ: Mapping[str, str],
    *,
    read: Callable[[str], bytes] | None = None,
    resolve: Callable[[str], str] = posixpath.normpath,
) -> Loaded:
    """
    Read the Settings of a container from its environment.

    + read: returns a file's content or raises OSError; the mounted key file and `NAME_FILE` need it
    + resolve: returns a path without symbolic links, so that a link into /etc is seen as one
    """
    reader = _Reader(environ, read or _no_file)
    provider = providers.detect(environ)
    settings = Settings(
        keys=reader.keys(provider),
        workspace=reader.workspace(resolve),
        skip_acl=reader.boolean("SKIP_ACL"),
        gpu_count=reader.count("GPU_COUNT"),
        threads=reader.count("SLIPWAY_THREADS", least=1),
        strict=reader.boolean("SLIPWAY_STRICT"),
        environment=reader.environment(),
        provider=provider.name,
    )
    reader.unknown()
    return Loaded(settings, tuple(reader.refusals), reader.sources)


def split_arguments(words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """
    Split the words after the image's name into variables and the container's command.

    Only leading words of the form NAME=value are variables; the first `=` ends the name.
    """
    given: dict[str, str] = {}
    for number, word in enumerate(words):
        match = _ARGUMENT.fullmatch(word)
        if match is None:
            return given, list(words[number:])
        given[match[1]] = match[2]
    return given, []


def is_refused_for_mounts(name: str) -> bool:
    """
    Tell whether an `RCLONE_*` variable would change what a mount's safety rests on.
    """
    return _MOUNT_OPTIONS.fullmatch(name) is not None


def shown(name: str, value: str) -> str:
    """
    Return a value as it may be shown.
    """
    is_plain = name in _NOT_SECRET or name.endswith("_TYPE") or not _SECRET.search(name)
    return value if is_plain else "***"


def markdown() -> str:
    """
    Return the variables as the README's table.
    """
    rows = []
    for name, default, meaning in VARIABLES:
        rows.append(f"| `{name}` | {default and f'`{default}`'} | {meaning} |")
    return "\n".join(["| Variable | Default | Meaning |", "| --- | --- | --- |", *rows, ""])


def _no_file(path: str) -> bytes:
    raise FileNotFoundError(path)


class _Reader:
    """
    Reads one environment, collecting what it refuses.
    """

    def __init__(self, environ: Mapping[str, str], read: Callable[[str], bytes]) -> None:
        self.environ = environ
        self.read = read
        self.refusals: list[Refusal] = []
        self.sources: dict[str, str] = {}
        self.from_files: dict[str, str] = {}
        for name in environ:
            self._from_file(name)

    def refuse(self, variable: str, rule: str, effect: str) -> None:
        self.refusals.append(Refusal(variable, rule, effect))

    def text(self, name: str) -> str:
        """
        Return a variable's text, "" where it is not set.
        """
        if name in self.from_files:
            self.sources[name] = f"{name}_FILE"
            return self.from_files[name]
        value = self.environ.get(name, "")
        self.sources[name] = name if value else "default"
        return value.replace("___", " ")

    def boolean(self, name: str) -> bool:
        word = self.text(name).strip().lower()
        if word in _TRUE | _FALSE:
            return word in _TRUE
        self.refuse(name, "must be true or false", "false is used")
        return False

    def count(self, name: str, *, least: int = 0) -> int | None:
        word = self.text(name).strip()
        if not word:
            return None
        if _COUNT.fullmatch(word) and int(word) >= least:
            return int(word)
        self.refuse(name, f"must be a whole number, {least} or more", "it is not set")
        return None

    def workspace(self, resolve: Callable[[str], str]) -> str:
        path = self.text("WORKSPACE")
        rule = "" if path == "" else _complaint(path)
        if path and not rule:
            canonical = posixpath.normpath(resolve(posixpath.normpath(path)))
            canonical = f"/{canonical.lstrip('/')}"
            rule = _complaint(canonical)
            if not rule:
                return canonical
        if rule:
            self.refuse("WORKSPACE", rule, f"{WORKSPACE} is used")
            self.sources["WORKSPACE"] = "default"
        return WORKSPACE

    def keys(self, provider: providers.Provider) -> tuple[str, ...]:
        lines: dict[str, str] = {}
        sources = []
        texts = [(name, self.text(name)) for name in KEY_VARIABLES]
        for source, text in [*texts, (KEY_FILE, self._key_file())]:
            found, refused = public_keys.parse(text)
            for entry in refused:
                self.refuse(f"{source} line {entry.line}", entry.rule, "this line is left out")
            for key in found:
                if lines.setdefault(key.blob, key.line) != key.line and _options_differ(
                    lines[key.blob], key
                ):
                    rule = "gives a key again with other options"
                    self.refuse(source, rule, "the first one is used")
            if found:
                sources.append(provider.explain(source))
        self.sources["SSH_PUBKEY"] = ", ".join(sources) or "default"
        return tuple(lines.values())

    def environment(self) -> dict[str, str]:
        """
        Return what sessions and services see, in our own variables with ___ as a space.
        """
        seen = {name: value for name, value in self.environ.items() if name not in _PROCESS}
        seen |= {
            name: value for name, value in self.from_files.items() if name.startswith("RCLONE")
        }
        for name in KEY_VARIABLES:  # a private key given by mistake must not reach every session
            if _has_private_key(seen.get(name, "")):
                del seen[name]
        for name in sorted(seen):
            if is_refused_for_mounts(name):
                self.refuse(name, "is set by Slipway for its mounts", "mounts do without it")
        return seen

    def unknown(self) -> None:
        for name in sorted(self.environ):
            if name.startswith("SLIPWAY_") and name.removesuffix("_FILE") not in _OWN:
                self.refuse(name, "is no variable of Slipway's; a typo?", "it is ignored")

    def _key_file(self) -> str:
        try:
            return self.read(KEY_FILE).decode(errors="surrogateescape")
        except (FileNotFoundError, IsADirectoryError):
            return ""  # what Docker makes of a mount whose source is not there
        except OSError as error:
            self.refuse(KEY_FILE, f"can't be read: {error.strerror}", "its keys are left out")
            return ""

    def _from_file(self, variable: str) -> None:
        name = variable.removesuffix("_FILE")
        if name == variable or not (name in _OWN or name.startswith("RCLONE_CONFIG_")):
            return
        path = self.environ[variable]
        if not path:
            return
        if self.environ.get(name):
            self.refuse(variable, f"is given together with {name}", f"{name} is used")
            return
        try:
            content = self.read(path)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "no path"
            self.refuse(variable, f"names a file that can't be read: {why}", f"{name} is not set")
            return
        self.from_files[name] = content.decode(errors="surrogateescape").rstrip("\r\n")


def _complaint(path: str) -> str:
    """
    Return which rule for workspaces a path breaks, "" for none.
    """
    if not path.startswith("/"):
        return "must be an absolute path"
    if any(ord(character) < ord(" ") for character in path):
        return "must not have a newline or control character in it"
    plain = f"/{posixpath.normpath(path).lstrip('/')}"
    if plain in _TAKEN or _SYSTEM.fullmatch(plain) or _DOTTED.fullmatch(plain):
        return "must not be, or lead into, a directory of the system's"
    return ""


def _options_differ(line: str, key: public_keys.PublicKey) -> bool:
    return line.partition(key.blob)[0].strip() != key.line.partition(key.blob)[0].strip()


def _has_private_key(text: str) -> bool:
    return "PRIVATE KEY" in text
