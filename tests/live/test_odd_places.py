"""
Every path of the contract as something odd: a FIFO, a loop, a device, odd bits, owners and ACLs.

Rows as in test_places.py; what hides nothing is broken together with all else of its kind.
"""

from __future__ import annotations

import pytest

from slipway.contract import paths

from .conftest import KeyPair
from .test_places import DIRECTORIES, FILES, TOGETHER, House, broken, failures, house

__all__ = ["house"]

INSTEAD = {
    # one in the place of nsswitch.conf is all that a check can tell: the C library would wait
    "a FIFO": "rm -rf {path}; mkdir -p $(dirname {path}); mkfifo {path}",
    "a loop": "rm -rf {path}; mkdir -p $(dirname {path}); ln -s {path} {path}",
    "a device": "rm -rf {path}; mkdir -p $(dirname {path}); ln -s /dev/null {path}",
}
GROUPS = {
    **{name: there for name, there in TOGETHER.items() if "files" not in name},
    "files": [path for path in FILES if path != paths.SSHD_CONFIG],  # a user's: test_sshd_junk.py
}
BESIDES = {
    "of an unknown user": "[ ! -e {path} ] || chown -R 4321:4322 {path}",
    "with special bits": "[ ! -e {path} ] || chmod -R u+s,g+s,+t {path}",
    "with others in its ACL": "[ ! -e {path} ] || setfacl -R -m u:4321:rwx,g:4322:rwx {path}",
    "with others in its default ACL": "[ ! -d {path} ] || setfacl -R -d -m u:4321:rwx {path}",
}


@pytest.mark.parametrize("what", INSTEAD)
@pytest.mark.parametrize("group", GROUPS)
def test_what_is_something_else_is_found_and_mended(
    house: House, key: KeyPair, group: str, what: str
) -> None:
    """
    Nobody waits for a FIFO, and nothing is written through a link.
    """
    _row(house, key, [INSTEAD[what].format(path=path) for path in GROUPS[group]])


@pytest.mark.parametrize("how", BESIDES)
def test_what_lets_others_in_is_found_and_mended(house: House, key: KeyPair, how: str) -> None:
    """
    Owners that nobody has, bits that change who runs a program, entries beside the mode.
    """
    _row(house, key, [BESIDES[how].format(path=path) for path in (*DIRECTORIES, *FILES)])


def _row(house: House, key: KeyPair, commands: list[str]) -> None:
    slipway = house.give()
    after = broken(slipway, "\n".join(commands))

    assert failures(after) == []
    changed = after.report["totals"]["changed"]
    assert after.check[0] == (2 if changed else 0), (after.check, after.report["operations"])
    slipway.wait_ssh(key)
    slipway.wait_host_keys()
    house.is_sound = True
