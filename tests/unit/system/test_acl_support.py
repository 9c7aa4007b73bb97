"""
Whether a directory can have a default ACL, as the kernel says it.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from slipway.system import acl_support


def test_what_may_not_be_set_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The attribute is not there: whether we may remove it tells whether we may set it.
    """

    def refuse(number: int) -> Callable[[str, str], bytes]:
        def call(_path: str, _attribute: str) -> bytes:
            raise OSError(number, os.strerror(number))

        return call

    monkeypatch.setattr(os, "getxattr", refuse(errno.ENODATA))
    monkeypatch.setattr(os, "removexattr", refuse(errno.EPERM))
    refused = acl_support.obstacle(str(tmp_path))
    monkeypatch.setattr(os, "removexattr", refuse(errno.ENODATA))

    assert refused == "root may not set one here: Operation not permitted"
    assert acl_support.obstacle(str(tmp_path)) == ""
