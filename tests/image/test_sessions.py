import pytest
from testinfra.host import Host

from slipway.settings.variables import Settings


@pytest.mark.parametrize(
    "terminal", ["xterm-256color", "xterm-kitty", "xterm-ghostty", "alacritty", "foot", "wezterm"]
)
def test_terminals_have_a_description(host: Host, terminal: str) -> None:
    """
    Their own, or that of one like them.
    """
    assert host.run("TERM=%s tput longname", terminal).rc == 0


def test_the_language_of_clients_is_not_taken(
    host: Host, effective: list[str], chosen: dict[str, str]
) -> None:
    """
    It may not be installed here.
    """
    if "acceptenv" in chosen:
        pytest.skip(f"chosen: {chosen['acceptenv']}")
    if host.mount_point("/etc/ssh/sshd_config").exists:
        pytest.skip("chosen: /etc/ssh/sshd_config is mounted")
    accepted = {line.split()[1] for line in effective if line.startswith("acceptenv ")}

    assert {"LANG", "LC_*"} & accepted == set()


@pytest.mark.start
def test_git_takes_the_workspaces_repositories(host: Host, settings: Settings) -> None:
    """
    Whoever owns them.
    """
    taken = host.check_output("git config --system --includes --get-all safe.directory")

    assert {settings.workspace, f"{settings.workspace}/*"} <= set(taken.splitlines())


@pytest.mark.start
def test_there_is_a_record_of_who_is_logged_in(host: Host) -> None:
    """
    Which the group of it may write.
    """
    assert host.file("/run/utmp").mode == 0o664


def test_services_have_their_numbers(host: Host) -> None:
    """
    getservbyname(3) finds them.
    """
    assert host.check_output("getent services http").split()[1] == "80/tcp"
