"""
Could root, or another user, open a session right now, and if not, what stands against it.

All of it is pure: slipway.ssh.situation reads what is judged here. What the effective
configuration, the account, the keys, the capabilities or TCP wrappers say is compared in sshd's own
order (auth.c, auth2-pubkey.c, session.c of OpenSSH); each rule was seen with a real client:
tests/live/test_login.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from slipway.contract.paths import AUTHORIZED_KEYS_MOUNT, KEYS_FALLBACK
from slipway.ssh.account import PASSWD, USER
from slipway.ssh.configuration import Line, Written
from slipway.ssh.key_files import KeyFile, signatures
from slipway.ssh.patterns import Connection, listed, matches, names_user

Effective = Mapping[str, Sequence[str]]  # what `sshd -T` prints: keyword and its lines' values

_PUBKEY = "publickey"
_WITHOUT_KEY = ("PasswordAuthentication", "KbdInteractiveAuthentication", "PermitEmptyPasswords")
_SILENT = "does not answer"  # a file system: sshd waits for it, if it has found no key before
_NO_KEY = (
    "no key is there: give one in SSH_PUBKEY, or mount a file of keys at "
    f"{AUTHORIZED_KEYS_MOUNT}, then `slipway converge`"
)


class Obstacle(NamedTuple):
    """
    What stands against a session, or against a part of what a session can do.
    """

    what: str
    place: str = ""  # the file and line that say so; "" where none does
    refuses: bool = True  # whether no session opens at all
    is_chosen: bool = True  # somebody may want it so: a note, no illness
    closes: bool = False  # whether sshd hangs up before it says what it is
    user: str = USER  # whose login

    def __str__(self) -> str:
        where = f" ({self.place})" if self.place else ""
        return f"{refused(self.user) if self.refuses else ''}{self.what}{where}"


def refused(user: str) -> str:
    """
    Return how a sentence begins that says why somebody can't log in.
    """
    return f"{user} can't log in: "


class Subject(NamedTuple):
    """
    What one connection meets.
    """

    effective: Effective
    written: Written
    connection: Connection

    def value(self, keyword: str) -> str:
        """Return what holds, lower case; "" for a keyword that this sshd does not have."""
        return (self.effective.get(keyword.lower()) or [""])[0].lower()

    def values(self, keyword: str) -> list[str]:
        """Return the words of all lines."""
        return [word for line in self.effective.get(keyword.lower(), ()) for word in line.split()]

    def obstacle(
        self,
        keyword: str,
        what: str = "",
        *,
        refuses: bool = True,
        closes: bool = False,
        about: Callable[[Line], bool] = lambda _line: True,
    ) -> Obstacle:
        """Name the line; without one, the default of the distribution has it so."""
        line = self.written.first(keyword, self.connection, about=about)
        words = " ".join(line.words) if line else " ".join(self.values(keyword))
        place = line.place if line else ""
        return Obstacle(what or f"{keyword} {words}", place, refuses, closes=closes)


def of_configuration(subject: Subject) -> list[Obstacle]:
    """
    Return what of the configuration refuses the connection, or limits its session.
    """
    return [*_admission(subject), *_authentication(subject), *_session(subject)]


def of_keys(subject: Subject, files: Sequence[KeyFile], ours: Sequence[KeyFile]) -> list[Obstacle]:
    """
    Return what keeps every key from being taken; not asked where a CA or a program gives keys.

    + files: those that sshd reads
    + ours: those that Slipway writes, read by sshd or not
    """
    silent = next((file for file in files if file.is_unknown and _is_silent(file)), None)
    if silent and not any(map(_counts, files[: files.index(silent)])):
        return [Obstacle(f"sshd waits for its keys: {silent.distrust}", is_chosen=False)]
    if silent:
        what = f"sshd waits for all keys but those that were given: {silent.distrust}"
        return [Obstacle(what, refuses=False)]
    trusted = [file for file in files if _counts(file)]
    if not trusted:
        return [_without_keys(subject, files, ours)]
    types = {kind for file in trusted for kind in file.types}
    accepted = subject.value("PubkeyAcceptedAlgorithms") or subject.value("PubkeyAcceptedKeyTypes")
    is_taken = any(listed(accepted, signatures(kind)) for kind in types)
    if accepted and not is_taken and not any(file.has_authority for file in trusted):
        kinds = ", ".join(sorted(types))
        what = f"PubkeyAcceptedAlgorithms leaves out the type of every key ({kinds})"
        return [subject.obstacle("PubkeyAcceptedAlgorithms", what)]
    return []


def _counts(file: KeyFile) -> bool:
    return bool(file.types) and not file.distrust


def _is_silent(file: KeyFile) -> bool:
    return file.distrust.endswith(_SILENT)


def of_host_keys(subject: Subject, types: Sequence[str]) -> list[Obstacle]:
    """
    Return why sshd has no host key to show, whatever a client takes.

    + types: of its host keys; none where they are not known
    """
    offered = subject.value("HostKeyAlgorithms")
    if not types or not offered or any(listed(offered, signatures(kind)) for kind in types):
        return []
    kinds = ", ".join(sorted(set(types)))
    what = f"HostKeyAlgorithms leaves out the type of every host key ({kinds})"
    return [subject.obstacle("HostKeyAlgorithms", what)._replace(is_chosen=False)]


def of_hardening(subject: Subject) -> list[Obstacle]:
    """
    Return what of our own hardening does not hold.
    """
    return [
        subject.obstacle(keyword, f"not keys alone open a session: {keyword} yes", refuses=False)
        for keyword in _WITHOUT_KEY
        if subject.value(keyword) == "yes"
    ]


def together(
    probes: Sequence[tuple[str, Sequence[Obstacle]]], *, user: str = USER
) -> list[Obstacle]:
    """
    Return what stands against a user from anywhere, and what does from some addresses alone.

    + probes: what one connection meets, with the pattern of its address; a stranger's first
    """
    (_, first), *others = probes
    passing = [place for place, found in others if not _refused(found)]
    if _refused(first) and passing:
        alone = f"{user} can log in from {' and '.join(passing)} alone: "
        return [_limit(each, alone) if each.refuses else each for each in first]
    found = list(first)
    if not _refused(first):
        for place, met in others:
            found += [_limit(each, f"not from {place}: ") for each in met if each.refuses]
    return found


def _refused(obstacles: Sequence[Obstacle]) -> bool:
    return any(obstacle.refuses for obstacle in obstacles)


def _limit(obstacle: Obstacle, prefix: str) -> Obstacle:
    return obstacle._replace(what=f"{prefix}{obstacle.what}", refuses=False)


def _admission(subject: Subject) -> list[Obstacle]:
    """
    Compare the lists in sshd's order.
    """
    found = []
    if subject.value("RefuseConnection") == "yes":
        found.append(subject.obstacle("RefuseConnection", closes=True))

    def is_about(line: Line) -> bool:
        return any(names_user(word, subject.connection) for word in line.words)

    def is_about_group(line: Line) -> bool:
        return any(matches(word, group) for word in line.words for group in groups)

    groups = subject.connection.groups
    denied, allowed = subject.values("DenyUsers"), subject.values("AllowUsers")
    if any(names_user(word, subject.connection) for word in denied):
        found.append(subject.obstacle("DenyUsers", about=is_about))
    if allowed and not any(names_user(word, subject.connection) for word in allowed):
        found.append(subject.obstacle("AllowUsers"))
    denied, allowed = subject.values("DenyGroups"), subject.values("AllowGroups")
    if any(matches(word, group) for word in denied for group in groups):
        found.append(subject.obstacle("DenyGroups", about=is_about_group))
    if allowed and not any(matches(word, group) for word in allowed for group in groups):
        found.append(subject.obstacle("AllowGroups"))
    return found


def _authentication(subject: Subject) -> list[Obstacle]:
    found = []
    is_root = subject.connection.user == USER
    if is_root and subject.value("PermitRootLogin") in ("no", "forced-commands-only"):
        found.append(subject.obstacle("PermitRootLogin"))
    if subject.value("PubkeyAuthentication") == "no":
        found.append(subject.obstacle("PubkeyAuthentication"))
    methods = subject.values("AuthenticationMethods")
    if methods and not {"any", _PUBKEY} & {method.lower() for method in methods}:
        found.append(subject.obstacle("AuthenticationMethods"))
    if subject.value("MaxAuthTries") == "0":
        found.append(subject.obstacle("MaxAuthTries"))
    if subject.value("PerSourceMaxStartups") == "0":  # here the last value wins, not the first

        def is_zero(line: Line) -> bool:
            return line.words[:1] == ("0",)

        found.append(subject.obstacle("PerSourceMaxStartups", closes=True, about=is_zero))
    return found


def _session(subject: Subject) -> list[Obstacle]:
    found, user = [], subject.connection.user
    if subject.value("MaxSessions") == "0":
        found.append(subject.obstacle("MaxSessions"))
    if subject.value("ForceCommand") not in ("", "none"):
        command = " ".join(subject.effective["forcecommand"])
        what = f"every session of {user}'s runs `{command}` alone (ForceCommand)"
        found.append(subject.obstacle("ForceCommand", what, refuses=False))
    if subject.value("ChrootDirectory") not in ("", "none", "/"):
        what = f"sessions of {user}'s see {subject.values('ChrootDirectory')[0]} alone"
        found.append(
            subject.obstacle("ChrootDirectory", f"{what} (ChrootDirectory)", refuses=False)
        )
    if subject.value("PermitTTY") == "no":
        what = f"no session of {user}'s has a terminal: PermitTTY no"
        found.append(subject.obstacle("PermitTTY", what, refuses=False))
    return found


def _without_keys(subject: Subject, files: Sequence[KeyFile], ours: Sequence[KeyFile]) -> Obstacle:
    """
    Say why no key counts: ignored for its place, in a file that is not read, or none there.
    """
    for file in files:
        if file.types and file.distrust:
            what = f"{file.distrust}: sshd ignores the keys in {file.path}"
            return Obstacle(what, is_chosen=False)
        if file.is_unknown:
            return Obstacle(f"{file.distrust}, so no key in it can be told", is_chosen=False)
    for file in files:
        if file.has_expired:
            return Obstacle("every key has expired (expiry-time)", file.path)
    read = {file.path for file in files}
    unread = [file.path for file in ours if file.types and file.path not in read]
    if unread:
        names = " ".join(subject.values("AuthorizedKeysFile"))
        if str(KEYS_FALLBACK) in names.split():
            return Obstacle(
                f"sshd reads no key in this home: `slipway converge` has it read {KEYS_FALLBACK}",
                PASSWD,
                is_chosen=False,
            )
        what = f"AuthorizedKeysFile {names}: sshd does not read {unread[0]}"
        return subject.obstacle("AuthorizedKeysFile", what)
    return Obstacle(_NO_KEY)
