"""
Every variable that Slipway accepts: name, type, default, rule and meaning, here and nowhere else.

Pure: a mapping goes in, frozen Settings and the complete list of refusals come out. What has to be
read from files or resolved on a disk is passed in as a function.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from slipway.settings import providers, public_keys


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
    Variable(
        "SLIPWAY_DRAIN_SECONDS",
        "5",
        "How long a stop waits for uploads to remotes; the rest is uploaded after the next start.",
    ),
    Variable(
        "SLIPWAY_REMOTE_SYNC",
        "",
        "`NAME[:path][,...]`: remotes to copy instead of mounting, where FUSE is not allowed.",
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
# A remote's name as rclone has it, and a path without anything that a list or a line ends at
_REMOTE = re.compile(r"[\w.+@](?:[\w.+@ -]*[\w.+@-])?(?::[^,\x00-\x1f\x7f\ud800-\udfff]*)?")
KEY_FILE = "/root/.ssh/authorized_keys_mount"
WORKSPACE = "/workspace"
DRAIN_SECONDS = 5  # with the rest of a stop below Docker's ten

_OWN = {variable.name for variable in VARIABLES} - {"RCLONE_*", "NAME_FILE"}
_MAX_REFUSALS = 20  # of one source: a file of another kind has a million lines that are no keys
_MAX_VARIABLE = 1 << 17  # bytes of NAME=value and its NUL: MAX_ARG_STRLEN of Linux
_MAX_NAME, _MAX_PATH = 255, 3800  # bytes: Linux's limits, less what lies below a workspace
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}
# Patterns are texts: compiling costs milliseconds of every start, and few starts need them all.
_COUNT = r"[0-9]{1,6}"
_ARGUMENT = r"(?s)([A-Za-z_][A-Za-z0-9_.-]*)=(.*)"

# Of a process, not of a container: sessions and services have their own.
_PROCESS = {"HOME", "PWD", "OLDPWD", "SHLVL", "HOSTNAME", "TERM", "USER", "LOGNAME", "SHELL", "_"}

# Where a workspace would take the system's own directories, or the home, over.
_TAKEN = {"/", "/root", "/home", "/opt", "/mnt", "/srv", "/media", "/tmp"}  # noqa: S108 - refused
_SYSTEM = {"bin", "boot", "dev", "etc", "proc", "run", "sbin", "sys", "usr", "var"}  # and lib*

# What our mounts set themselves: another value would lose writes or cut the remote control off.
_MOUNT_OPTIONS = r"(?s)RCLONE_(VFS_CACHE_MODE|CACHE_DIR|RC(_.*)?|DAEMON(_.*)?)"
# rclone's own options that end in _file; the others do so for one type of remote only.
_RCLONES_FILE = (
    r"(?s).*_(PUBKEY|KNOWN_HOSTS|SERVICE_PRINCIPAL|SHARED_CREDENTIALS|(BOX_)?CONFIG"
    r"|SERVICE_ACCOUNT)_FILE"
)
_RCLONES_FILE_OF_TYPE = {"_KEY_FILE": "sftp", "_SSE_CUSTOMER_KEY_FILE": "oracleobjectstorage"}
_CONFIDENTIAL = (
    r"(?i)KEY|TOKEN|PASS|PWD|SECRET|CRED|AUTH|PRIVATE|CERT|COOKIE|SESSION|SIGN|SALT|SAS|HEADER"
    r"|PROXY|WEBHOOK|DSN|COMMAND|RCLONE_CONFIG_"
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
    drain_seconds: int = DRAIN_SECONDS
    remote_sync: tuple[str, ...] = ()  # NAME or NAME:path
    strict: bool = False
    environment: Mapping[str, str] = MappingProxyType({})  # what sessions and services see
    provider: str = "docker"
    ssh_address: str = ""  # host:port from outside; "": where the provider says

    def to_environment(self) -> dict[str, str]:
        """
        Return variables that read as these Settings again, with nothing in them to refuse.

        A workspace with ___ in its path, which only a link leads to, is there as it was given.
        """
        inherited = {
            name: value
            for name, value in self.environment.items()
            if not (name.startswith("SLIPWAY_") or is_refused_for_mounts(name))
            and not _names_a_file(name, self.environment)
        }
        given = self.environment.get("WORKSPACE", "")
        return {
            **inherited,
            "SSH_PUBKEY": "\n".join(self.keys) + "\n" * bool(self.keys),
            "PUBLIC_KEY": "",
            "SSH_PUBLIC_KEY": "",
            "WORKSPACE": given if "___" in self.workspace else self.workspace,
            "SKIP_ACL": str(self.skip_acl).lower(),
            "GPU_COUNT": "" if self.gpu_count is None else str(self.gpu_count),
            "SLIPWAY_DRAIN_SECONDS": str(self.drain_seconds),
            "SLIPWAY_REMOTE_SYNC": ",".join(self.remote_sync),
            "SLIPWAY_THREADS": "" if self.threads is None else str(self.threads),
            "SLIPWAY_SSH_ADDRESS": self.ssh_address,
            "SLIPWAY_STRICT": str(self.strict).lower(),
        }

    def for_mounts(self) -> dict[str, str]:
        """
        Return the environment without the `RCLONE_*` options that our mounts can't do with.
        """
        return {
            name: value
            for name, value in self.environment.items()
            if not is_refused_for_mounts(name)
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
    withheld: frozenset[str] = frozenset()  # variables with a private key in them: for nobody

    def table(self) -> list[Row]:
        """
        Return every setting, then rclone's variables.
        """
        settings = self.settings
        values = {
            "SSH_PUBKEY": f"{len(settings.keys)} keys",
            "WORKSPACE": printable(settings.workspace),
            "SKIP_ACL": str(settings.skip_acl).lower(),
            "GPU_COUNT": "all" if settings.gpu_count is None else str(settings.gpu_count),
            "SLIPWAY_DRAIN_SECONDS": str(settings.drain_seconds),
            "SLIPWAY_REMOTE_SYNC": printable(", ".join(settings.remote_sync)),
            "SLIPWAY_THREADS": str(settings.threads or "as the quota says"),
            "SLIPWAY_SSH_ADDRESS": settings.ssh_address,
            "SLIPWAY_STRICT": str(settings.strict).lower(),
        }
        rows = [Row(name, value, self.sources[name]) for name, value in values.items()]
        rows += [
            Row(printable(name), shown(name, value), self.sources.get(name, printable(name)))
            for name, value in sorted(settings.environment.items())
            if name.startswith("RCLONE_")
        ]
        return rows


def load(
    environ: Mapping[str, str],
    *,
    read: Callable[[str], bytes] | None = None,
    resolve: Callable[[str], str] = posixpath.normpath,
    arguments: Collection[str] = (),
) -> Loaded:
    """
    Read the Settings of a container from its environment. Raises nothing, whatever is in it.

    + read: returns a file's content or raises OSError; the mounted key file and `NAME_FILE` need it
    + resolve: returns a path without symbolic links, so that a link into /etc is seen as one
    + arguments: names of the variables that were given as `NAME=value` arguments
    """
    reader = _Reader(environ, read or _no_file, frozenset(arguments))
    settings = Settings(
        keys=reader.keys(),
        workspace=reader.workspace(resolve),
        skip_acl=reader.boolean("SKIP_ACL"),
        gpu_count=reader.count("GPU_COUNT"),
        threads=reader.count("SLIPWAY_THREADS", least=1),
        ssh_address=reader.address("SLIPWAY_SSH_ADDRESS"),
        remote_sync=reader.remotes("SLIPWAY_REMOTE_SYNC"),
        drain_seconds=reader.count("SLIPWAY_DRAIN_SECONDS", default=DRAIN_SECONDS) or 0,
        strict=reader.boolean("SLIPWAY_STRICT"),
        environment=reader.environment(),
        provider=reader.provider.name,
    )
    reader.unknown()
    withheld = frozenset(reader.withheld)
    return Loaded(settings, tuple(reader.refusals), reader.sources, withheld)


def split_arguments(words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """
    Split the words after the image's name into variables and the container's command.

    Only leading words of the form NAME=value are variables; the first `=` ends the name.
    """
    given: dict[str, str] = {}
    for number, word in enumerate(words):
        match = re.fullmatch(_ARGUMENT, word)
        if match is None:
            return given, list(words[number:])
        given[match[1]] = match[2]
    return given, []


def is_refused_for_mounts(name: str) -> bool:
    """
    Tell whether an `RCLONE_*` variable would change what a mount's safety rests on.
    """
    return name.startswith("RCLONE_") and bool(re.fullmatch(_MOUNT_OPTIONS, name))


def shown(name: str, value: str) -> str:
    """
    Return a variable's value as it may be shown: when in doubt, stars.
    """
    if public_keys.holds_private_key(value) or re.search(r"://[^/]*@", value):
        return "***"
    is_type = name.startswith("RCLONE_CONFIG_") and name.endswith("_TYPE")
    is_plain = name in _NOT_SECRET or is_type or not re.search(_CONFIDENTIAL, name)
    return printable(value) if is_plain else "***"


def printable(text: str) -> str:
    """
    Return a text without what a terminal or a log would obey, or UTF-8 could not hold.
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable()
        else character.encode("unicode_escape", "backslashreplace").decode()
        for character in text
    )


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


def _names_a_file(name: str, environ: Mapping[str, str]) -> bool:
    """
    Tell whether a variable names the file with the value of another one (Docker's convention).

    Not so rclone's own options: service_account_file and its like are paths to rclone.
    """
    target = name.removesuffix("_FILE")
    if target == name or target in _OWN:
        return target != name
    if not target.startswith("RCLONE_CONFIG_") or re.fullmatch(_RCLONES_FILE, name):
        return False
    return not any(
        name.endswith(suffix) and environ.get(f"{name.removesuffix(suffix)}_TYPE") == kind
        for suffix, kind in _RCLONES_FILE_OF_TYPE.items()
    )


def _can_be_held(name: str, value: str) -> bool:
    """
    Tell whether an environment could hold a variable; a mapping may have what none can.
    """
    if not name or "=" in name or "\0" in name or "\0" in value:
        return False
    try:
        f"{name}{value}".encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


class _Reader:
    """
    Reads one environment, collecting what it refuses.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        read: Callable[[str], bytes],
        arguments: frozenset[str],
    ) -> None:
        self.environ: dict[str, str] = {}
        self.read = read
        self.arguments = arguments
        self.refusals: list[Refusal] = []
        self.sources: dict[str, str] = {}
        self.from_files: dict[str, str] = {}
        self.withheld: set[str] = set()
        for name, value in environ.items():
            if _can_be_held(name, value):
                self.environ[name] = value
            else:
                self.refuse(
                    name or "a variable", "can't be held by an environment", "it is ignored"
                )
        self.provider = providers.detect(self.environ)
        for name in sorted(self.environ):
            if self.environ[name] and _names_a_file(name, self.environ):
                self._from_file(name)

    def refuse(self, variable: str, rule: str, effect: str) -> None:
        self.refusals.append(Refusal(printable(variable), rule, effect))

    def text(self, name: str) -> str:
        """
        Return a variable's text as it was given, "" where it was not.
        """
        if name in self.from_files:
            self.sources[name] = f"{name}_FILE"
            return self.from_files[name]
        value = self.environ.get(name, "")
        given = f"argument {name}" if name in self.arguments else self.provider.explain(name)
        self.sources[name] = given if value.strip() else "default"
        return value

    def word(self, name: str) -> str:
        """
        Return a variable's text with ___ as a space, without blanks and newlines around it.
        """
        return self.text(name).replace("___", " ").strip(" \t\r\n")

    def boolean(self, name: str) -> bool:
        word = self.word(name).lower()
        if word in _TRUE | _FALSE:
            return word in _TRUE
        self.sources[name] = "default"
        self.refuse(name, "must be true or false", "false is used")
        return False

    def count(self, name: str, *, least: int = 0, default: int | None = None) -> int | None:
        word = self.word(name)
        if not word:
            return default
        if re.fullmatch(_COUNT, word) and int(word) >= least:
            return int(word)
        self.sources[name] = "default"
        effect = "it is not set" if default is None else f"{default} is used"
        self.refuse(name, f"must be a whole number, {least} or more", effect)
        return default

    def remotes(self, name: str) -> tuple[str, ...]:
        words = [word.strip() for word in self.word(name).split(",") if word.strip()]
        plain = [word for word in words if _REMOTE.fullmatch(word)]
        if len(plain) < len(words):
            self.refuse(
                name, "must be NAME or NAME:path, with commas between", "others are left out"
            )
        return tuple(dict.fromkeys(plain))

    def address(self, name: str) -> str:
        word = self.word(name)
        if not word or providers.address(word):
            return word
        self.sources[name] = "default"
        self.refuse(name, "must be host:port", "it is not set")
        return ""

    def workspace(self, resolve: Callable[[str], str]) -> str:
        path = self.text("WORKSPACE").replace("___", " ").rstrip("\r\n")
        canonical, rule = _canonical(path if path.strip() else WORKSPACE, resolve)
        if not rule:
            return canonical
        self.refuse("WORKSPACE", rule, f"{WORKSPACE} is used")
        self.sources["WORKSPACE"] = "default"
        canonical, rule = _canonical(WORKSPACE, resolve)  # a link, perhaps
        return WORKSPACE if rule else canonical

    def keys(self) -> tuple[str, ...]:
        lines: dict[str, str] = {}
        sources = []
        texts = [(name, self.text(name)) for name in KEY_VARIABLES]
        for source, text in [*texts, (KEY_FILE, self._key_file())]:
            found, refused = public_keys.parse(text, underscores=source != KEY_FILE)
            for entry in refused[:_MAX_REFUSALS]:
                self.refuse(f"{source} line {entry.line}", entry.rule, "this line is left out")
            if more := len(refused[_MAX_REFUSALS:]):
                self.refuse(source, f"has {more} more lines that are no keys", "they are left out")
            again = 0
            for key in found:
                first = lines.setdefault(key.blob, key.line)
                again += first is not key.line and _options_differ(first, key)
            if again:
                rule = "gives a key again with other options"
                self.refuse(source, rule, "the first one is used")
            if found:
                sources.append(self.sources.get(source, source))
        self.sources["SSH_PUBKEY"] = ", ".join(sources) or "default"
        return tuple(lines.values())

    def environment(self) -> dict[str, str]:
        """
        Return what sessions and services see, in our own variables with ___ as a space.
        """
        seen = {}
        for name, value in self.environ.items():
            is_own = name in _OWN or name.removesuffix("_FILE") in _OWN
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
                self.refuse(name, "is set by Slipway for its mounts", "mounts do without it")
        return seen

    def unknown(self) -> None:
        for name in sorted(self.environ):
            if name.startswith("SLIPWAY_") and name.removesuffix("_FILE") not in _OWN:
                self.refuse(name, "is no variable of Slipway's; a typo?", "it is ignored")

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
        unset = f"{printable(name)} is not set"
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
        if name not in KEY_VARIABLES and (size > _MAX_VARIABLE or "\0" in content):
            self.refuse(variable, "names a file that is too large for a variable, or binary", unset)
            return
        self.from_files[name] = content


def _reason(error: OSError) -> str:
    """
    Return why a file can't be read, without its path.
    """
    return error.strerror or "unknown error"


def _canonical(path: str, resolve: Callable[[str], str]) -> tuple[str, str]:
    """
    Return a path without links, `..` and needless slashes, and which rule it breaks: "" for none.

    How it is written counts, too: /var/x is refused even as a link to /data.
    """
    if rule := _complaint(path):
        return "", rule
    try:
        real = f"/{posixpath.normpath(resolve(path)).lstrip('/')}"
    except (OSError, ValueError):
        return "", "must be a path that can be followed"
    return real, _complaint(real)


def _complaint(path: str) -> str:
    """
    Return which rule for workspaces a path breaks, "" for none.
    """
    if not path.startswith("/"):
        return "must be an absolute path"
    if any(ord(character) < ord(" ") or character == "\x7f" for character in path):
        return "must not have a newline or control character in it"
    try:
        names = path.encode().split(b"/")
    except UnicodeEncodeError:
        return "must be UTF-8"
    if len(path.encode()) > _MAX_PATH or max(map(len, names)) > _MAX_NAME:
        return "must not be longer than a path may be"
    plain = f"/{posixpath.normpath(path).lstrip('/')}"
    top, _, below = plain[1:].partition("/")
    is_hidden = top == "root" and below.startswith(".")
    is_ours = plain == "/opt/slipway" or plain.startswith("/opt/slipway/")
    if plain in _TAKEN or top in _SYSTEM or top.startswith("lib") or is_hidden or is_ours:
        return "must not be, or lead into, a directory of the system's"
    return ""


def _options_differ(line: str, key: public_keys.PublicKey) -> bool:
    return line.partition(key.blob)[0].strip() != key.line.partition(key.blob)[0].strip()
