"""
JupyterLab answers who has the token, and nobody else.
"""

import pytest
from testinfra.host import Host

from slipway.settings.variables import Settings

ASK = "curl -s -o /dev/null -w '%%{http_code}' http://127.0.0.1:%s%s"


def test_jupyterlab_is_installed(host: Host) -> None:
    """
    In an environment of its own, whole.
    """
    host.check_output("/opt/jupyter/bin/jupyter-lab --version")

    assert host.run("/opt/jupyter/bin/python -m pip check").rc == 0


@pytest.mark.start
def test_who_has_no_token_stays_outside(host: Host, settings: Settings) -> None:
    """
    The API tells everybody its version, and nothing else.
    """
    answers = {
        path: host.check_output(ASK, str(settings["JUPYTER_PORT"]), path)
        for path in ("/api", "/api/contents", "/api/contents?token=wrong", "/lab")
    }

    assert answers == {
        "/api": "200",
        "/api/contents": "403",
        "/api/contents?token=wrong": "403",
        "/lab": "302",
    }


@pytest.mark.start
def test_the_token_is_in_no_command_line(host: Host) -> None:
    """
    Everybody can read those. The program's file is root's alone.
    """
    file = host.file("/etc/supervisor/conf.d/jupyter.conf")
    (line,) = (line for line in file.content_string.splitlines() if line.startswith("slipway_link"))
    token = line.partition("token=")[2].strip('"')

    assert token
    assert token not in host.check_output("ps -eww -o args")
    assert file.mode == 0o600
