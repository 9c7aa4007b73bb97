"""
SSH: a key opens a session, nothing else does.
"""

from slipway.operations import acl, authorized_keys, files, nss, ssh
from slipway.operations.files import File
from slipway.paths import AUTHORIZED_KEYS, HOME, KEYS_FALLBACK, KEYS_RECORD
from slipway.settings import Settings
from slipway.task import task

HOST_KEYS = ["ed25519"]


@task("SSH")
def serve(*, settings: Settings, live: bool) -> None:
    """
    Host keys of this container's own, the user's keys, and sshd while there is one.
    """
    # sshd refuses to start without a user sshd, which a mounted /etc/passwd of the host may lack
    nss.source(name="Know the user sshd in any case", database="passwd", place="extrausers")
    ssh.host_keys(name="Have the host keys", types=HOST_KEYS if live else [])
    authorized_keys.merged(
        name="Authorize the keys",
        path=str(AUTHORIZED_KEYS),
        keys=settings.keys,
        record=str(KEYS_RECORD),
        fallback=str(KEYS_FALLBACK),
    )
    files.present(
        name="Keep tmux out of vast.ai's sessions",
        files=[File(str(HOME / ".no_auto_tmux"), b"")] if settings.provider == "vast.ai" else [],
    )
    acl.none(
        name="Keep others out of the home directory",
        paths=[str(HOME), str(AUTHORIZED_KEYS.parent), str(AUTHORIZED_KEYS)],
    )
    ssh.daemon(name="Run sshd while a key is there", authorized_keys=str(AUTHORIZED_KEYS))
