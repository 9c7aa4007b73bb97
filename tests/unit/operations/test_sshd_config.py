"""
The one line of sshd's main file that is ours to keep.
"""

from __future__ import annotations

import pytest

from slipway.facts.files import FileText
from slipway.facts.mounts import Mounts
from slipway.operations import sshd_config
from slipway.system.mountinfo import Mount
from tests.unit.conftest import Run

MAIN = "/etc/ssh/sshd_config"
DROP_IN = "/etc/ssh/sshd_config.d/00-slipway.conf"
ROOT = Mount("/", "overlay", "overlay", frozenset({"rw"}), shared=False)


def included(run: Run, text: str, *mounts: Mount) -> list[str]:
    """
    Return what is done with a main file that reads so.
    """
    facts = {FileText: text, Mounts: [ROOT, *mounts]}
    return run(sshd_config.included, path=MAIN, drop_in=DROP_IN, facts=facts)


def test_a_lost_include_comes_first(run: Run) -> None:
    """
    The first value wins in sshd_config(5); all else stays as it is.
    """
    commands = included(run, "UsePAM yes\n#Include /etc/ssh/sshd_config.d/*.conf\n")

    assert (
        "/etc/ssh/.sshd_config.slipway <- Include /etc/ssh/sshd_config.d/*.conf\n"
        "UsePAM yes\n#Include /etc/ssh/sshd_config.d/*.conf\n"
    ) in commands


@pytest.mark.parametrize(
    "text",
    [
        "Include /etc/ssh/sshd_config.d/*.conf\n",
        "PermitRootLogin no\nInclude sshd_config.d/*\n",
        "",
    ],
)
def test_an_include_that_is_there_stays_where_it_is(run: Run, text: str) -> None:
    """
    What a user puts before it counts; and a missing main file is not made.
    """
    assert included(run, text) == []


@pytest.mark.parametrize(
    "mount",
    [
        Mount(MAIN, "ext4", "/dev/x", frozenset({"rw"}), shared=False),
        Mount("/etc/ssh", "ext4", "/dev/x", frozenset({"ro"}), shared=False),
    ],
)
def test_a_mounted_file_is_left_alone_and_named(run: Run, mount: Mount) -> None:
    assert included(run, "UsePAM yes\n", mount) == []
    assert run.host.connector_data["degraded"][0].feature == "SSH hardening"


@pytest.mark.parametrize(
    ("line", "mended"),
    [
        ("AcceptEnv LANG LC_*", "#AcceptEnv LANG LC_*"),
        ("AcceptEnv LANG LC_* COLORTERM NO_COLOR", "AcceptEnv COLORTERM NO_COLOR"),
        ("\tacceptenv  FOO LANG", "\tacceptenv FOO"),
        ('AcceptEnv "LANG" "LC_*"', '#AcceptEnv "LANG" "LC_*"'),
        ("AcceptEnv LC_TERMINAL", None),
        ("AcceptEnv FOO", None),
        ("#AcceptEnv LANG LC_*", None),
        ("", None),
    ],
)
def test_clients_bring_no_language(run: Run, line: str, mended: str | None) -> None:
    """
    What they send may not be installed here; what else the line accepts stays.
    """
    facts = {FileText: f"UsePAM yes\n{line}\nX no\n", Mounts: [ROOT]}
    commands = run(sshd_config.own_language, path=MAIN, facts=facts)
    written = [command for command in commands if "<-" in command]

    draft = f"/etc/ssh/.sshd_config.slipway <- UsePAM yes\n{mended}\nX no\n"
    assert written == ([] if mended is None else [draft])


def test_a_mounted_main_file_accepts_what_it_does(run: Run) -> None:
    """
    It is somebody's own.
    """
    mount = Mount(MAIN, "ext4", "/dev/x", frozenset({"rw"}), shared=False)
    facts = {FileText: "AcceptEnv LANG\n", Mounts: [ROOT, mount]}

    assert run(sshd_config.own_language, path=MAIN, facts=facts) == []
