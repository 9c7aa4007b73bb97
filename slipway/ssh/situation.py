"""
What slipway.ssh.login judges, read from this container.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from slipway.contract import paths
from slipway.ssh import (
    account,
    accounts_here,
    banner,
    configuration,
    effective,
    key_files,
    login,
    opened,
    pam,
    reached,
    revoked,
    shells,
    usable,
    wrappers,
)
from slipway.ssh.account import GROUP, PASSWD, SHADOW, SWITCH, USER, Account
from slipway.ssh.configuration import Written
from slipway.ssh.key_files import KeyFile
from slipway.ssh.login import Obstacle, Subject
from slipway.ssh.opened import Opened
from slipway.ssh.patterns import Connection, an_address
from slipway.system import files
from slipway.system.bounded_files import BoundedFiles

STRANGER = "203.0.113.7"  # an address that is nobody's (RFC 5737)
_MOST_PROBES = 8
_FORCED = ("ForceCommand", "ChrootDirectory")
UNUSABLE = usable.UNUSABLE
_OUR_FILES = paths.KEY_FILES


class Situation(NamedTuple):
    """
    What there is to know of a login.
    """

    obstacles: list[Obstacle]
    ports: list[int]
    listening: list[tuple[str, int]]  # where to ask for sshd's banner
    has_key: bool  # somebody has a key that sshd reads, wherever that is
    authorized: list[str] = []  # noqa: RUF012 - nobody adds to one; files of keys that sshd reads
    user: str = USER  # whose login it is
    runs_commands: bool = True  # his shell is one that runs what it is given
    admits_us: bool = False  # nothing of the configuration is against a login from this machine

    @property
    def is_possible(self) -> bool:
        """Tell whether he could open a session."""
        return not any(obstacle.refuses for obstacle in self.obstacles)


class Seen(NamedTuple):
    """
    A situation, and the paths that it depends on.
    """

    situation: Situation
    contents: list[str]
    places: list[str]  # of these owner and mode alone
    account: Account = Account()
    start_up: list[str] = []  # noqa: RUF012 - as above; what his shell reads at a terminal


def judged(user: str) -> Seen:
    """
    Read everything and judge it, all but the capabilities, which are the running sshd's.
    """
    written, root = configuration.read(), accounts_here.named(user)
    port = written.ports[0]
    strangers = Connection(user, root.groups, STRANGER, port)
    try:
        subject = Subject(effective.ask(strangers), written, strangers)
    except effective.CannotTell as error:
        what = f"{UNUSABLE}{error.trouble.what}"
        unusable = Obstacle(what, error.trouble.place, refuses=False, is_chosen=False)
        listening = [("127.0.0.1", port) for port in written.ports]
        has_key = has_other_keys(written) or any(
            key_files.holds_key(str(path)) for path in _OUR_FILES
        )
        obstacles = [unusable, *accounts_here.obstacles(root, pam=False), *_left_out()]
        situation = Situation(obstacles, written.ports, listening, has_key, user=user)
        return Seen(situation, _contents(written, root, ()), [str(paths.SSHD_CHROOT)])
    waited_for = opened.by(root, subject)
    read = _key_files(subject, root)
    ours = [_key_file(str(path), root, subject) for path in _OUR_FILES]
    has_key = has_other_keys(written) or not key_files.is_empty([*read, *ours])
    obstacles = [
        *_of_access(subject, root),
        *_of_session(root, subject, waited_for),
        *_of_keys(subject, read, ours),
        *reached.obstacles(subject),
        *login.of_host_keys(subject, _host_key_types(subject)),
        *login.of_hardening(subject),
        *_left_out(),
    ]
    situation = Situation(
        obstacles=[each._replace(user=user) for each in obstacles],
        ports=reached.ports(subject),
        listening=reached.places(subject),
        has_key=has_key,
        authorized=[
            key_files.expanded(name, root) for name in _named(subject, "AuthorizedKeysFile")
        ],
        user=user,
        runs_commands=shells.is_common(root.shell),
        admits_us=_admits_us(subject),
    )
    named = [*_named(subject, "RevokedKeys"), *_named(subject, "TrustedUserCAKeys")]
    changing = (each.path for each in waited_for if each.path != opened.RECORD)
    start_up = opened.start_up(root)
    more = [*(file.path for file in (*read, *ours)), *named, *changing, *start_up]
    above = {place for file in read for place in key_files.above(file.path, root.home)}
    places = [*above, str(paths.SSHD_CHROOT), opened.RECORD]
    return Seen(situation, _contents(written, root, more), places, root, start_up)


def refusals(user: str) -> list[Obstacle]:
    """
    Return what refuses every session of somebody's, whatever keys he has.
    """
    written, his = configuration.read(), accounts_here.named(user)
    strangers = Connection(user, his.groups, STRANGER, written.ports[0])
    try:
        subject = Subject(effective.ask(strangers), written, strangers)
    except effective.CannotTell:  # nobody's sessions open, or there is no host key yet
        found = accounts_here.obstacles(his, pam=True)
    else:
        waited_for = opened.by(his, subject)
        found = [*_of_access(subject, his), *_of_session(his, subject, waited_for)]
    return [each._replace(user=user) for each in found if each.refuses]


def has_other_keys(written: Written) -> bool:
    """
    Tell whether sshd has keys besides those in our files: a CA's, a program's, a user's own file.
    """
    for line in written.lines:
        if line.keyword in ("authorizedkeyscommand", "trustedusercakeys") and line.words:
            value = line.words[0]
            if value.lower() != "none" and (line.keyword[0] == "a" or key_files.holds_key(value)):
                return True
        if line.keyword == "authorizedkeysfile":
            root = accounts_here.named(USER)
            if any(key_files.holds_key(key_files.expanded(name, root)) for name in line.words):
                return True
    return False


def _of_access(subject: Subject, his: Account) -> list[Obstacle]:
    others = _others(subject.written, his, subject.connection.port)
    return login.together([("", _met(subject)), *others], user=his.name)


def _others(written: Written, root: Account, port: int) -> list[tuple[str, list[Obstacle]]]:
    """
    Return what connections meet from the addresses that the configuration tells apart.
    """
    found = []
    of_sshd = [(pattern, an_address(pattern)) for pattern in written.addresses]
    for pattern, address in [*of_sshd, *wrappers.addresses()][:_MOST_PROBES]:
        if address:
            connection = Connection(root.name, root.groups, address, port)
            with contextlib.suppress(effective.CannotTell):  # it could, a moment ago
                subject = Subject(effective.ask(connection), written, connection)
                found.append((pattern, _met(subject)))
    return found


def _met(subject: Subject) -> list[Obstacle]:
    found = login.of_configuration(subject)
    for path in _named(subject, "RevokedKeys"):
        if not os.access(path, os.R_OK):
            what = f"RevokedKeys {path} can't be read, so sshd takes no key"
            found.append(subject.obstacle("RevokedKeys", what))
    return found + wrappers.obstacles(subject.connection.address)


def _admits_us(subject: Subject) -> bool:
    """
    Tell whether a login from this machine would meet nothing, and run what it is to run.
    """
    connection = subject.connection._replace(address=banner.ADDRESS)
    try:
        own = Subject(effective.ask(connection), subject.written, connection)
    except effective.CannotTell:
        return False
    forced = any(own.value(name) not in ("", "none", "/") for name in _FORCED)
    return not forced and not any(each.refuses for each in _met(own))


def _of_session(root: Account, subject: Subject, waited_for: list[Opened]) -> list[Obstacle]:
    found = [
        *accounts_here.obstacles(root, pam=subject.value("UsePAM") == "yes"),
        *opened.obstacles(waited_for),
    ]
    if any(each.refuses for each in found) or subject.value("UsePAM") != "yes":
        return found
    address = subject.connection.address
    if refusal := pam.refusal(root.name, address=address, shell=root.shell):
        found.append(Obstacle(refusal.what, refusal.place, is_chosen=refusal.is_chosen))
    return found


def _of_keys(subject: Subject, read: list[KeyFile], ours: list[KeyFile]) -> list[Obstacle]:
    found = []
    command = subject.value("AuthorizedKeysCommand")
    if command in ("", "none") and not any(
        map(key_files.holds_key, _named(subject, "TrustedUserCAKeys"))
    ):
        lists = _named(subject, "RevokedKeys")
        found += login.of_keys(subject, read, ours) or revoked.obstacles(subject, read, lists)
    if _mode(str(paths.AUTHORIZED_KEYS_MOUNT), stat.S_ISDIR):
        what = (
            f"{paths.AUTHORIZED_KEYS_MOUNT} is a directory: the engine makes one where the host's "
            "file is missing; make that a file and start a new container"
        )
        found.append(Obstacle(what, refuses=False))
    return found


def _left_out() -> list[Obstacle]:
    """
    Name the lines that sshd is served without.
    """
    return [
        Obstacle(
            f"sshd can't use a line, which is left out: {each.reason}"
            if each.line
            else f"sshd can't use a file, which is left out: {each.reason}",
            f"{each.file} line {each.line}" if each.line else each.file,
            refuses=False,
            is_chosen=False,
        )
        for each in usable.left_out()
    ]


def _key_files(subject: Subject, root: Account) -> list[KeyFile]:
    """
    Return the files of keys that sshd reads, but for the one of Slipway's own logins.
    """
    found = [key_files.expanded(name, root) for name in _named(subject, "AuthorizedKeysFile")]
    return [_key_file(path, root, subject) for path in found if Path(path).parent != paths.TRIALS]


def _key_file(path: str, root: Account, subject: Subject) -> KeyFile:
    def is_private(group: int) -> bool:
        return account.is_private(
            group, passwd=files.shown(PASSWD), members=files.shown(GROUP), user=root.name
        )

    strict = subject.value("StrictModes") != "no"
    return key_files.look(path, owner=root, strict=strict, is_private=is_private)


def _host_key_types(subject: Subject) -> list[str]:
    """
    Return the types of sshd's host keys; none where one of them, or a certificate, is not known.
    """
    if subject.values("HostCertificate") or subject.value("HostKeyAgent") not in ("", "none"):
        return []
    lines = [files.shown(f"{path}.pub").split() for path in subject.values("HostKey")]
    return [words[0] for words in lines] if all(lines) else []


def _named(subject: Subject, keyword: str) -> list[str]:
    """
    Return the file that an option names; as it is written, for a value in lower case is another.
    """
    return [word for word in subject.values(keyword) if word.lower() != "none"]


def _mode(path: str, is_so: Callable[[int], bool]) -> bool:
    try:
        return is_so(BoundedFiles(bound=key_files.BOUND).stat(path).mode)
    except OSError:
        return False


def _contents(written: Written, root: Account, more: Iterable[str]) -> list[str]:
    fixed = (PASSWD, SHADOW, GROUP, SWITCH, wrappers.ALLOW, wrappers.DENY, root.shell, paths.SSHD)
    given = (str(paths.AUTHORIZED_KEYS_MOUNT), str(paths.ROOT_REFUSED), str(paths.LOGINS), *more)
    return list(dict.fromkeys([*written.looked_at, *fixed, *given, *pam.rests_on()]))
