"""
What jobs see, and which are due.
"""

from __future__ import annotations

import pwd
import time
from pathlib import Path

import pytest

from slipway.contract import paths
from slipway.environment import public
from slipway.services.cron import daemon, tables

GIVEN = {"PATH": "/opt/x/bin:/usr/bin", "HF_TOKEN": "a #b\n'c", "MINE": "x", "BAKED": "y"}
OWN = {**GIVEN, "HOME": "/x"}


def account(uid: int) -> pwd.struct_passwd:
    """
    Return one as getpwnam(3) does.
    """
    return pwd.struct_passwd(("bob", "x", uid, uid, "", "/home/bob", "/bin/bash"))


@pytest.mark.parametrize(
    ("uid", "given"),
    [
        (0, GIVEN),
        (1000, {"PATH": "/opt/x/bin:/usr/bin", "BAKED": "y"}),
    ],
)
def test_a_job_sees_what_a_session_of_its_user_sees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uid: int, given: dict[str, str]
) -> None:
    """
    Root's all of it, byte for byte; others what is no secret; what the table says wins.
    """
    monkeypatch.setattr(paths, "BAKED", tmp_path / "baked")
    (tmp_path / "baked").write_text(public.digests({"BAKED": "y"}))
    (job,) = tables.parse("A=b\nHOME=/data\n* * * * * x", user="bob").jobs

    assert daemon.environment(job, account(uid), OWN) == {
        **given,
        "HOME": "/data",
        "LOGNAME": "bob",
        "USER": "bob",
        "SHELL": "/bin/sh",
        "A": "b",
    }


def test_jobs_of_the_start_are_due_at_the_start_alone() -> None:
    """
    And those of a minute in that minute.
    """
    jobs = tables.parse("@reboot a\n5 * * * * b\n* * * * * c", user="root").jobs
    at = time.strptime("2026-11-26 19:05", "%Y-%m-%d %H:%M")

    assert [job.command for job in daemon.due(jobs, None)] == ["a"]
    assert [job.command for job in daemon.due(jobs, at)] == ["b", "c"]
