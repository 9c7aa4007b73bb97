from pathlib import Path
from typing import Any

import pytest
from testinfra.host import Host

from slipway.settings.variables import Settings

LOGINS = Path("/run/slipway/logins")


@pytest.fixture
def login(settings: Settings, report: dict[str, Any]) -> str:
    """
    The login besides root's, where one is asked for and can be had.
    """
    if settings.user is None:
        pytest.skip("SLIPWAY_USER is not set")
    for entry in report["degraded"]:
        if entry["feature"] == "SLIPWAY_USER" and "nobody logs in but root" in entry["condition"]:
            pytest.skip(entry["condition"])
    name = settings.user.name
    return name if (LOGINS / name).exists() else next(place.name for place in LOGINS.iterdir())


@pytest.mark.start
def test_nobody_logs_in_unasked(settings: Settings) -> None:
    """
    Keys of root's open no other account.
    """
    logins = list(LOGINS.iterdir()) if LOGINS.exists() else []

    assert len(logins) <= (settings.user is not None)
    assert logins or not Path("/etc/sudoers.d/00-slipway").exists()


@pytest.mark.start
def test_the_login_has_roots_keys(host: Host, settings: Settings, login: str) -> None:
    """
    All of them, in a file that it can read and root alone can write to.
    """
    file = host.file(f"{LOGINS}/{login}")

    assert (file.user, file.mode) == ("root", 0o644)
    assert set(settings.keys) <= set(file.content_string.splitlines())


@pytest.mark.start
def test_the_login_becomes_root(host: Host, report: dict[str, Any], login: str) -> None:
    """
    Without a password, unless something is named that sudo lacks.
    """
    if "sudo" in {entry["feature"] for entry in report["degraded"]}:
        pytest.skip("sudo can't work here, and that is said")

    assert host.check_output("runuser -u %s -- sudo -n id -u", login) == "0"


@pytest.mark.start
def test_the_login_works_in_the_workspace(
    host: Host, settings: Settings, report: dict[str, Any], login: str
) -> None:
    """
    It may write there, unless that is said to be impossible.
    """
    said = {entry["feature"] for entry in report["degraded"]}
    if said & {"SLIPWAY_USER", "workspace ACL"}:
        pytest.skip("it may not, and that is said")

    assert host.run("runuser -u %s -- test -w %s", login, settings.workspace).rc == 0


@pytest.mark.start
def test_roots_login_is_as_chosen(
    effective: list[str], chosen: dict[str, str], settings: Settings, report: dict[str, Any]
) -> None:
    """
    Refused where that is wanted and somebody else's sessions open, and only there.
    """
    if (line := chosen.get("permitrootlogin", "")).startswith("PermitRootLogin"):
        pytest.skip(f"chosen: {line}")
    is_kept = any(entry["feature"] == "SLIPWAY_ROOT_LOGIN" for entry in report["degraded"])
    is_refused = not settings.root_login and not is_kept

    assert ("permitrootlogin no" in effective) is is_refused
