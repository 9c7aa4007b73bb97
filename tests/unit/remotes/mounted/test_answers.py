"""
Whether a remote answers, by what rclone's remote control says of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from slipway.remotes import rc
from slipway.remotes.mounted.rclone import Mounter

BUCKETS = {"Root": "", "Features": {"BucketBased": True}}
REFUSED = "rclone: {}: operation error S3: ListBuckets, https response error StatusCode: {}, x"


@pytest.mark.parametrize(
    ("about", "answer", "asked", "expected"),
    [
        ({"Root": "", "Features": {"BucketBased": False}}, None, "operations/stat", True),
        ({"Root": "bucket", "Features": {"BucketBased": True}}, None, "operations/stat", True),
        ({}, None, "operations/stat", True),
        ({}, rc.RefusedError("403 Forbidden"), "operations/stat", False),
        ({}, rc.RefusedError("no such host"), "operations/stat", False),
        (BUCKETS, None, "operations/list", True),
        (BUCKETS, rc.RefusedError(REFUSED.format("list", 403)), "operations/list", True),
        (BUCKETS, rc.RefusedError("without project number"), "operations/list", True),
        (BUCKETS, rc.RefusedError(REFUSED.format("list", 0)), "operations/list", False),
        (BUCKETS, rc.RefusedError(REFUSED.format("list", 503)), "operations/list", False),
        (BUCKETS, TimeoutError("timed out"), "operations/list", False),
    ],
)  # fmt: skip
def test_a_remote_is_asked_what_it_can_answer(
    monkeypatch: pytest.MonkeyPatch,
    about: dict[str, Any],
    answer: Exception | None,
    asked: str,
    *,
    expected: bool,
) -> None:
    """
    No file can be asked for at the top of what has buckets; what kind it is is asked once.
    """
    commands = []

    def call(path: Path, command: str, **_: object) -> dict[str, Any]:
        commands.append(command)
        if command == "operations/fsinfo":
            return about
        if answer:
            raise answer
        return {}

    monkeypatch.setattr(rc, "call", call)
    mounter = Mounter.__new__(Mounter)
    mounter.name, mounter.socket, mounter._has_buckets = "far", Path("/s"), None  # noqa: SLF001

    assert [not mounter.trouble(), not mounter.trouble()] == [expected, expected]
    assert commands == ["operations/fsinfo", asked, asked]
