"""
The workspace's files can be fetched.
"""

import pytest
from testinfra.host import Host

from slipway.settings.variables import Settings


@pytest.mark.start
def test_the_workspace_is_served(host: Host, settings: Settings) -> None:
    """
    A browser that asks for the workspace is given a list of its files.
    """
    listing = host.check_output("curl -fsS http://127.0.0.1:%s/", str(settings["FILES_PORT"]))

    assert "Directory listing" in listing
