"""
sshd's test of its own files, begun as soon as they are what they will be, and marked as done.

Whoever starts sshd has it test its files first (files/etc/supervisor/conf.d/sshd.conf). A start of
the container's does that while it still authorizes the keys. The mark is good for one start, which
comes at once; an sshd that ends at once all the same is looked at closer (slipway.ssh.usable).
"""

from __future__ import annotations

from slipway.contract import paths
from slipway.ssh import configuration
from slipway.system import early

_PATIENCE = "2"  # seconds, as in its program's file


def begin() -> None:
    """
    Begin the test.
    """
    early.begin(_words())


def mark() -> None:
    """
    Leave word of a test that was begun, for the start of sshd's that comes now. Raises OSError.
    """
    words = _words()
    if not early.is_begun(words):
        return
    if early.run(words).returncode:
        paths.SSHD_FAILED.touch()
    else:
        paths.SSHD_TESTED.write_text("1\n")


def unmark() -> None:
    """
    Have the next start test its files. Raises OSError.
    """
    paths.SSHD_TESTED.unlink(missing_ok=True)


def _words() -> list[str]:
    return ["timeout", _PATIENCE, paths.SSHD, "-t", *configuration.given_options()]
