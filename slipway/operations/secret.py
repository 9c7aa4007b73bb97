"""
Secrets of a container's own: a token for a page, a password for a database.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Generator

from pyinfra import host
from pyinfra.api.exceptions import OperationValueError

from slipway.contract.paths import SECRETS
from slipway.facts.mounts import Mounts
from slipway.facts.secret import KeptSecret
from slipway.operations import foresight
from slipway.operations.files import Command, File, write
from slipway.operations.independent import operation
from slipway.system import mountinfo

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@operation()
def kept(*, secret: str) -> Generator[Command]:
    """
    Have a secret of this container's own: made once, the same after each restart.

    It is random, root's alone, and in /var/lib/slipway/secrets. `secret.value(NAME)` gives it to
    tasks. An image has none. `docker commit` copies a container's to an image, and a container of
    that image makes another.

    **Example:**

    .. code:: python

        given = host.data.variables["NOTEBOOK_TOKEN"]
        if not given:
            secret.kept(name="Have a token", secret="notebook")
        token = given or secret.value("notebook")

    + secret: its name
    """
    if not _NAME.fullmatch(secret):
        raise OperationValueError(f"secret must be letters, digits, `_` and `-`, not {secret!r}")
    if not host.data.get("live"):
        host.noop("an image has no secrets")
        return
    path = f"{SECRETS}/{secret}"
    there = host.get_fact(KeptSecret, secret=secret)
    mounts = host.get_fact(Mounts)
    here = mountinfo.container(mounts)
    digest = hashlib.sha256(here.encode(errors="surrogateescape")).hexdigest()
    is_ours = not here or there.container == digest or mountinfo.is_volume(mounts, path)
    if there.secret and is_ours:
        host.noop(f"{secret} is there")
        return
    foresight.change(path, "another container's" if there.secret else "missing")
    # whose it is comes last: cut off between the two, it is made anew
    yield from write(
        [
            File(path, f"{secrets.token_urlsafe(32)}\n".encode(), mode="600"),
            File(f"{path}.container", f"{digest}\n".encode(), mode="600"),
        ]
    )


def value(secret: str) -> str:
    """
    Return a secret that `kept` has made; "" in an image, and where it could not be made.

    + secret: its name
    """
    return host.get_fact(KeptSecret, secret=secret).secret
