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

_NAME = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"


@operation()
def kept(*, owner: str) -> Generator[Command]:
    """
    Have a secret of this container's own: made once, the same after each restart.

    It is random, root's alone, and in /var/lib/slipway/secrets. `secret.value(OWNER)` gives it to
    tasks. An image has none. `docker commit` copies a container's to an image, and a container of
    that image makes another.

    **Example:**

    .. code:: python

        given = host.data.variables["NOTEBOOK_TOKEN"]
        if not given:
            secret.kept(name="Have a token", owner="notebook")
        token = given or secret.value("notebook")

    + owner: whose it is: a program's name, say
    """
    if not re.fullmatch(_NAME, owner):
        raise OperationValueError(f"owner must be letters, digits, `_` and `-`, not {owner!r}")
    if not host.data.get("live"):
        host.noop("an image has no secrets")
        return
    path = f"{SECRETS}/{owner}"
    there = host.get_fact(KeptSecret, owner=owner)
    mounts = host.get_fact(Mounts)
    here = mountinfo.container(mounts)
    digest = hashlib.sha256(here.encode(errors="surrogateescape")).hexdigest()
    is_ours = not here or there.container == digest or mountinfo.is_volume(mounts, path)
    if there.secret and is_ours:
        host.noop(f"{owner} has its secret")
        return
    foresight.change(path, "another container's" if there.secret else "missing")
    # whose it is comes last: cut off between the two, it is made anew
    yield from write(
        [
            File(path, f"{secrets.token_urlsafe(32)}\n".encode(), mode="600"),
            File(f"{path}.container", f"{digest}\n".encode(), mode="600"),
        ]
    )


def value(owner: str) -> str:
    """
    Return a secret that `kept` has made; "" in an image, and where it could not be made.

    + owner: whose it is
    """
    return host.get_fact(KeptSecret, owner=owner).secret
