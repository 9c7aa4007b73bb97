"""
SSH: a key opens a session, nothing else does.
"""

from collections.abc import Mapping
from pathlib import Path

from pyinfra import host

from slipway.contract.paths import (
    AUTHORIZED_KEYS,
    BELONGS_TO,
    HOME,
    KEY_FILES,
    KEYS_FALLBACK,
    KEYS_RECORD,
    ROOT_REFUSED,
    RUN,
    SSH,
    SSHD_ADMISSION,
    SSHD_ALGORITHMS,
    SSHD_CONFIG,
    SSHD_RSA_KEY,
    STATE,
)
from slipway.converge import extension_files
from slipway.converge.task import task
from slipway.facts.files import FileText
from slipway.facts.limits import ContainerLimits
from slipway.facts.mounts import Mounts
from slipway.facts.ssh import HostKeys, SessionRefusal, SshdAbilities
from slipway.operations import (
    acl,
    authorized_keys,
    directories,
    files,
    login_user,
    logins,
    mounted,
    nss,
    ssh,
    ssh_place,
    sshd,
    sshd_config,
)
from slipway.operations.degraded import degrade
from slipway.operations.files import File
from slipway.settings import providers
from slipway.settings.variables import Settings
from slipway.ssh import admission, algorithms, host_key, own_test
from slipway.ssh.accounts import Login
from slipway.ssh.admission import Limits

HOST_KEYS = ["ed25519"]  # made before sshd starts, in milliseconds; the slow one later
SMALLEST_MODULUS = 3072  # bits; the hardened policies'


@task("SSH")
def begin() -> None:
    """
    Begin what other programs take a while for, so that it is there when `serve` comes to it.
    """
    if not mounted.is_read_only(host.get_fact(Mounts), str(SSH)):
        present = host.get_fact(HostKeys)
        for kind in [kind for kind in HOST_KEYS if kind not in present]:
            host_key.begin(kind)


@task("SSH")
def serve(*, settings: Settings, live: bool) -> None:
    """
    Host keys of this container's own, the user's keys, and sshd while there is one.
    """
    # sshd refuses to start without a user sshd, which a mounted /etc/passwd of the host may lack
    nss.source(name="Know the user sshd in any case", database="passwd", place="extrausers")
    is_ours = not mounted.is_read_only(host.get_fact(Mounts), str(SSH))
    if live:
        directories.guarded(
            name="Keep others out of the directories above the keys",
            directories={str(path): "755" for path in (*STATE.parents, *RUN.parents)}
            | {str(path): "700" for path in (HOME, AUTHORIZED_KEYS.parent, STATE)},
        )
        ssh.no_foreign_host_keys(
            name="Have no host keys of another container", record=str(BELONGS_TO)
        )
        # One that others may read is not looked into, and may be none
        ssh_place.private_host_keys(name="Keep the host keys to root")
    if is_ours:
        ssh.host_keys(name="Have the host keys", types=HOST_KEYS if live else [])
        ssh_place.main_configuration(name="Have sshd's main configuration")
    line = str(SSHD_RSA_KEY)
    has_slow_key = live and host_key.SLOW in host.get_fact(HostKeys)
    drop_ins = _drop_ins(policy=settings.ssh_policy, live=live)
    if is_ours:
        files.present(
            name="Offer strong algorithms and the host keys",
            files=[*drop_ins, *([File(line, host_key.slow_line())] if has_slow_key else [])],
            absent=[] if has_slow_key else [line],
        )
        sshd_config.included(
            name="Have sshd read its drop-ins", path=str(SSHD_CONFIG), drop_in=str(SSHD_ALGORITHMS)
        )
        sshd_config.own_language(name="Take no language from clients", path=str(SSHD_CONFIG))
    ssh.internal_sftp(name="Serve sftp without a shell", configuration=str(SSHD_CONFIG))
    ssh.strong_moduli(name="Have strong moduli only", bits=SMALLEST_MODULUS)
    obstacle = ""
    if live:
        static = [file for file in extension_files.static() if file.path.startswith(f"{SSH}/")]
        obstacle = ssh_place.obstacle(drop_ins=[*static, *drop_ins])
        ssh_place.elsewhere(
            name="Serve sshd where it can be served",
            why=obstacle,
            drop_ins=[*static, *drop_ins],
        )
        if host.data.get("is_start"):
            own_test.begin()
    authorized_keys.merged(
        name="Authorize the keys",
        path=str(AUTHORIZED_KEYS),
        keys=settings.keys,
        record=str(KEYS_RECORD),
        fallback=str(KEYS_FALLBACK),
    )
    if live:
        login = login_user.of_host(settings).in_force
        logins.keys(
            name="Have the keys open the login besides root's",
            login=login,
            sources=[str(path) for path in KEY_FILES],
        )
        is_refused = not settings.root_login and _may_refuse_root(login)
        was_refused = host.get_fact(FileText, path=str(ROOT_REFUSED))
        refusal = File(str(ROOT_REFUSED), b"PermitRootLogin no\n" if is_refused else b"")
        files.present(
            name="Refuse root's login where another is wanted instead",
            files=[refusal] if is_refused or was_refused else [],
        )
    place = providers.detect(settings.environment)
    files.present(
        name="Keep tmux out of vast.ai's sessions",
        files=[File(str(HOME / ".no_auto_tmux"), b"")] if place.wants_no_auto_tmux else [],
    )
    acl.none(
        name="Keep others out of the home directory",
        paths=[str(path) for path in (HOME, AUTHORIZED_KEYS.parent, AUTHORIZED_KEYS, STATE)],
    )
    sshd.daemon(
        name="Run sshd while a key is there",
        authorized_keys=[str(path) for path in KEY_FILES],
    )
    if is_ours and not obstacle:
        ssh.slow_host_key(name="Have an RSA host key soon", kind=host_key.SLOW)


def _may_refuse_root(login: Login | None) -> bool:
    """
    Tell whether root's login may be refused. Where nobody else's sessions open that is said.
    """
    if login is None:
        why = "nobody else can log in"
    else:  # one that is still to be made has nothing against it
        why = host.get_fact(SessionRefusal, user=login.name) if login.is_there else ""
    if why:
        degrade("SLIPWAY_ROOT_LOGIN", f"{why}, so root's login stays")
    return not why


def _drop_ins(*, policy: str, live: bool) -> list[File]:
    """
    Return what depends on which OpenSSH this is and on this container; an image has no limits.
    """
    sshd = host.get_fact(SshdAbilities)
    limits = host.get_fact(ContainerLimits) if live else Limits()
    algorithm = algorithms.options(
        policy=policy, distribution=sshd.distribution, supported=sshd.key_exchanges
    )
    return [
        _drop_in(SSHD_ALGORITHMS, f"the {policy} policy of SLIPWAY_SSH_POLICY", algorithm),
        _drop_in(
            SSHD_ADMISSION,
            "as much as this container's limits have room for",
            admission.options(limits=limits, version=sshd.version),
        ),
    ]


def _drop_in(path: Path, meaning: str, options: Mapping[str, str]) -> File:
    lines = [f"{option} {value}\n" for option, value in options.items()]
    return File(str(path), "".join([f"# Slipway's: {meaning}.\n", *lines]).encode())
