"""
A login besides root's: its account, its home, its keys, and sudo.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand

from slipway.contract.paths import LOGINS
from slipway.facts.authorized_keys import KeyFiles
from slipway.facts.files import FileStates, FileText
from slipway.facts.mounts import Mounts
from slipway.facts.users import DirectoryNames, Home, HomeState
from slipway.operations import foresight
from slipway.operations.degraded import degrade
from slipway.operations.files import Command, File, replaced
from slipway.operations.independent import operation
from slipway.operations.login_user import Asked
from slipway.operations.mounted import kept, why_fixed
from slipway.settings import public_keys
from slipway.ssh.accounts import MADE_BY, Login
from slipway.system.counting import counted

VARIABLE = "SLIPWAY_USER"
SUDO = "/usr/bin/sudo"
_SKELETON = "/etc/skel"


@operation()
def account(*, asked: Asked) -> Generator[StringCommand]:
    """
    Have the account. One that is there stays as it is; where none can be, that is said.
    """
    login = asked.login
    if login is None:
        if asked.why:
            degrade(VARIABLE, f"{asked.why}; nobody logs in but root")
        host.noop("no login besides root's")
        return
    if login.is_there:
        host.noop(f"{login.name} is there, with uid {login.uid}")
        return
    foresight.change("/etc/passwd", f"no account {login.name} with uid {login.uid}")
    words = []
    if login.makes_group:
        words += ["groupadd", "--gid", str(login.gid), "--", QuoteString(login.name), "&&"]
    # no lastlog: with a large uid it has a terabyte that is not there; no password is right for `*`
    words += [
        "useradd",
        "--no-log-init",
        "--no-create-home",
        "--no-user-group",
        "--password",
        "'*'",
    ]
    words += ["--uid", str(login.uid), "--gid", str(login.gid), "--shell", "/bin/bash"]
    words += ["--home-dir", QuoteString(login.home), "--comment", QuoteString(MADE_BY)]
    yield StringCommand(*words, "--", QuoteString(login.name))


@operation()
def home(*, login: Login) -> Generator[StringCommand]:
    """
    Have a home directory with the skeleton's files; one with files in it stays as it is.

    An empty one that is root's, a new volume say, is given to the account.
    """
    there, word = host.get_fact(HomeState, path=login.home), QuoteString(login.home)
    owner = f"{login.uid}:{login.gid}"
    if there is None:
        why = why_fixed(host.get_fact(Mounts), login.home) or kept([login.home]).get(login.home)
        if why:
            degrade(VARIABLE, f"{login.home} {why}: {login.name} has no home")
            host.noop("no home can be made")
            return
        foresight.change(login.home, "missing")
        foresight.leave(login.home, b"")
        draft = QuoteString(f"{login.home}.slipway")  # whole or not at all
        parent = QuoteString(login.home.rpartition("/")[0] or "/")
        # fmt: off
        yield StringCommand(
            "mkdir -p --", parent, "&& rm -rf --", draft, "&& mkdir -m 750 --", draft,
            "&& { [ ! -d", _SKELETON, "] || cp -a --", f"{_SKELETON}/.", draft, "; } && chown -hR",
            owner, "--", draft, "&& chmod 750", draft, "&& mv -T --", draft, word,
        )
        # fmt: on
        return
    if not _is_ours(there, login):
        host.noop(f"{login.home} is there")
        return
    foresight.change(login.home, f"an empty directory, and not {login.name}'s")
    # fmt: off
    yield StringCommand(
        "{ [ ! -d", _SKELETON, "] || cp -a --", f"{_SKELETON}/.", QuoteString(f"{login.home}/"),
        "; } && find", word, "-mindepth 1 -maxdepth 1 ! -name lost+found -exec chown -hR", owner,
        "-- '{}' + && chown", owner, "--", word, "&& chmod 00750 --", word,
    )
    # fmt: on


def _is_ours(there: Home, login: Login) -> bool:
    """
    Tell whether a directory that is there has to be given away, and may be.
    """
    if there.is_directory and there.uid == login.uid:
        return False
    if there.is_directory and there.is_empty and not there.uid:
        return True
    what = (
        f"belongs to uid {there.uid}" if there.is_directory else "is no directory that can be used"
    )
    degrade(VARIABLE, f"{login.home} {what}: it stays so, and is no home for {login.name}")
    return False


@operation()
def keys(*, login: Login | None, sources: Sequence[str]) -> Generator[Command]:
    """
    Have root's keys open the login too, from a file of root's: a home may be open to others.

    What is in the account's own authorized_keys is its owner's, and counts besides.

    + sources: the files that root's keys are in
    """
    path = str(LOGINS / login.name) if login else ""
    names = host.get_fact(DirectoryNames, path=str(LOGINS))
    files = host.get_fact(KeyFiles, paths=list(sources)) if login else {}
    given = {file.real: file.content for file in files.values()} | foresight.left()
    lines: dict[str, str] = {}
    for place in dict.fromkeys([*(file.real for file in files.values()), *sources]):
        for line in (given.get(place) or b"").decode(errors="surrogateescape").splitlines():
            if identity := public_keys.identity(line.strip()):
                lines.setdefault(identity, line.strip())
    text = "".join(f"{line}\n" for line in lines.values())
    wanted = File(path, text.encode(errors="surrogateescape"))
    states = host.get_fact(FileStates, paths=[path]) if login else {}
    others = [f"{LOGINS}/{name}" for name in names if not login or name != login.name]
    is_right = login is None or wanted.matches(states.get(path))
    if is_right and not others:
        host.noop(
            f"{counted(len(lines), 'key opens', 'keys open')} it"
            if login
            else "no login besides root's"
        )
        return
    if others:
        for other in others:
            foresight.change(other, "not wanted")
        yield StringCommand("rm", "-rf", "--", *map(QuoteString, others))
    if not is_right:
        foresight.change(path, f"not root's {counted(len(lines), 'key')}")
        yield from replaced([wanted])


@operation()
def sudo(*, login: Login | None, rules: str) -> Generator[Command]:
    """
    Let the login become root without a password, and nobody where there is no such login.

    The program lies in the image without its setuid bit, and gets it for this alone.

    + rules: the file of sudoers(5) that is ours
    """
    states = host.get_fact(FileStates, paths=[SUDO, rules])
    lacking = _lacking(SUDO in states) if login else ""
    if lacking:
        degrade("sudo", lacking)
    if login is None or lacking:
        if rules not in states:
            host.noop("nobody becomes root")
            return
        foresight.change(rules, "not wanted")
        yield StringCommand("rm", "-f", "--", QuoteString(rules))
        return
    line = f"# Slipway's: SLIPWAY_USER.\n{login.name} ALL=(ALL:ALL) NOPASSWD: ALL\n"
    wanted = File(rules, line.encode(), mode="440")
    is_ready = int(states[SUDO].mode or "0", 8) & 0o4000
    if is_ready and wanted.matches(states.get(rules)):
        host.noop(f"{login.name} may become root")
        return
    if not is_ready:
        foresight.change(SUDO, "without its setuid bit")
        # an override, so that an upgrade of the package leaves it as it is
        words = "dpkg-statoverride --force-all --update --add root root 4755"
        yield StringCommand(words, SUDO, "2>/dev/null || chmod 4755", SUDO)
    if not wanted.matches(states.get(rules)):
        foresight.change(rules, f"does not let {login.name} become root")
        yield from replaced([wanted])


def _lacking(is_there: bool) -> str:  # noqa: FBT001 - the one question
    """
    Return which condition of sudo's is missing.
    """
    if not is_there:
        return "there is no sudo in this image: `apt-get install sudo` in its Dockerfile"
    status = host.get_fact(FileText, path="/proc/self/status")
    if "NoNewPrivs:\t1" in status:
        return (
            "no-new-privileges is set, so no program can become root's: run the container without "
            "--security-opt no-new-privileges, or do without sudo"
        )
    if (why := why_fixed(host.get_fact(Mounts), SUDO)) and "read-only" in why:
        return f"{SUDO} {why}, and is not setuid there"
    return ""


@operation()
def held_back() -> Generator[StringCommand]:
    """
    Have dpkg install sudo without its setuid bit, where it is not installed yet.

    A setuid program is what an intruder looks for; no container needs it but those with a login
    besides root's.
    """
    if SUDO in host.get_fact(FileStates, paths=[SUDO]):
        host.noop("sudo is installed, as somebody wanted it")
        return
    if SUDO in host.get_fact(FileText, path="/var/lib/dpkg/statoverride"):
        host.noop("its mode is settled")
        return
    foresight.change(SUDO, "its setuid bit is not held back")
    yield StringCommand("dpkg-statoverride --add root root 0755", SUDO)
