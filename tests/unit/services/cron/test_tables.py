"""
Crontabs are read as crontab(5) has them, and one that can't be used costs no other.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from slipway.services.cron import present, tables


def test_a_users_table(tmp_path: Path) -> None:
    """
    Variables hold for the lines below them; comments and empty lines are none.
    """
    (tmp_path / "var/spool/cron/crontabs").mkdir(parents=True)
    (tmp_path / "var/spool/cron/crontabs/bob").write_text(
        "# a comment\n\nMAILTO=x\n  A = 'b  c' \n*/5 * * * *  echo  1\nB=\"d\"\n@reboot touch x\n"
    )
    table = tables.read(str(tmp_path))
    first, second = table.jobs

    assert table.problems == []
    assert (first.user, first.command) == ("bob", "echo  1")
    assert first.variables == (("MAILTO", "x"), ("A", "b  c"))
    assert (second.command, second.when) == ("touch x", None)
    assert second.variables[2:] == (("B", "d"),)


@pytest.mark.parametrize(
    ("line", "command", "given"),
    [
        ("* * * * * date +\\%F", "date +%F", ""),
        ("* * * * * cat%one%two", "cat", "one\ntwo\n"),
        ("* * * * * cat%50\\% off", "cat", "50% off\n"),
        ("* * * * * a 'b c' $D `e`; f", "a 'b c' $D `e`; f", ""),
        ("\t1 2 3 4 5\tx=1 y", "x=1 y", ""),
        ("* * * * * x # no comment", "x # no comment", ""),
        ("@daily x", "x", ""),
        ("-* * * * * x", "x", ""),
    ],
)
def test_a_command_is_the_rest_of_its_line(line: str, command: str, given: str) -> None:
    """
    A % begins its input.
    """
    (job,) = tables.parse(line, user="root").jobs

    assert (job.command, job.given) == (command, given)


@pytest.mark.parametrize("line", ["* * * *", "61 * * * * x", "* * * * *", "hello", "@often x"])
def test_a_line_that_is_none_costs_no_other(line: str) -> None:
    """
    It is named with its number.
    """
    table = tables.parse(f"* * * * * a\n{line}\n* * * * * b", user="root")

    assert [job.command for job in table.jobs] == ["a", "b"]
    assert [problem.startswith("line 2: ") for problem in table.problems] == [True]


def test_the_systems_tables_name_their_users(tmp_path: Path) -> None:
    """
    Files in cron.d are called as run-parts(8) wants it; what others may write is not read.
    """
    (tmp_path / "etc/cron.d").mkdir(parents=True)
    (tmp_path / "etc/crontab").write_text("* * * * * root main\n@hourly bob second\n")
    for name in ("good", "copy.bak", "good~", ".hidden"):
        (tmp_path / f"etc/cron.d/{name}").write_text(f"* * * * * eve {name}\n")
    (tmp_path / "etc/cron.d/open").write_text("* * * * * root evil\n")
    for path in (tmp_path / "etc").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (tmp_path / "etc/cron.d/open").chmod(0o666)
    (tmp_path / "etc/cron.d/gone").symlink_to("/no/such")
    table = tables.read(str(tmp_path))

    assert [(job.user, job.command) for job in table.jobs] == [
        ("root", "main"), ("bob", "second"), ("eve", "good"),
    ]  # fmt: skip
    assert [problem.partition(": ")[2] for problem in table.problems] == [
        "No such file or directory",
        "must be root's, and writable by nobody else",
    ]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, False),
        ({"etc/cron.d/e2scrub_all": "1 * * * * root x", "etc/cron.daily/dpkg": "#!/bin/sh"}, False),
        ({"etc/crontab": "17 * * * * root run-parts /etc/cron.hourly"}, False),
        ({"etc/cron.d/.placeholder": "x"}, False),
        ({"etc/crontab": "# x\nPATH=/x\n1 * * * * root x"}, True),
        ({"etc/cron.d/mine": "1 * * * * root x"}, True),
        ({"etc/cron.hourly/mine": "#!/bin/sh"}, True),
        ({"var/spool/cron/crontabs/bob": "* * * * * x"}, True),
        ({"var/spool/cron/crontabs/bob": "@reboot x"}, True),
        ({"var/spool/cron/crontabs/bob": "# nothing\n\nA=b\n"}, False),
        ({"var/spool/cron/crontabs/.tmp": "* * * * * x"}, False),
    ],
)  # fmt: skip
def test_there_is_a_crontab_when_somebody_has_written_one(
    tmp_path: Path, files: dict[str, str], *, expected: bool
) -> None:
    """
    What the base's packages bring is none.
    """
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    assert present.wanted(str(tmp_path)) is expected


CHANGES: dict[str, str] = {
    "a user's": "echo '* * * * * x' >>var/spool/cron/crontabs/bob",
    "another user's": "echo '* * * * * x' >var/spool/cron/crontabs/eve",
    "the system's": "echo '* * * * * x' >>etc/crontab",
    "a drop-in": "echo '* * * * * x' >etc/cron.d/mine",
    "a script": "touch etc/cron.weekly/mine",
    "the spool": "mv var/spool/cron/crontabs old; cp -r old var/spool/cron/crontabs",
}


@pytest.mark.parametrize("kind", CHANGES)
def test_whatever_makes_a_crontab_changes_a_stamp(tmp_path: Path, kind: str) -> None:
    """
    Where no stamp has changed, nothing is read again.
    """
    for name in ("var/spool/cron/crontabs", "etc/cron.d", "etc/cron.weekly"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "etc/crontab").write_text("# nothing\n")
    (tmp_path / "var/spool/cron/crontabs/bob").write_text("# nothing\n")
    before = present.stamps(str(tmp_path))
    assert present.stamps(str(tmp_path)) == before
    subprocess.run(["sh", "-ec", CHANGES[kind]], cwd=tmp_path, check=True)

    assert present.stamps(str(tmp_path)) != before
