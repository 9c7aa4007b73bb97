import stat
from pathlib import Path

import pytest
from testinfra.host import Host

from slipway.settings.variables import Settings

PRIVATE = ["/run/slipway/environment", "/run/slipway/environment.sh", "/run/slipway/sshd.conf"]


@pytest.mark.start
@pytest.mark.parametrize("path", PRIVATE)
def test_variables_are_for_root_alone(path: str) -> None:
    """
    They may hold tokens and passwords.
    """
    status = Path(path).stat()

    assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (0, 0o600)


@pytest.mark.start
def test_a_login_shell_sees_every_variable(host: Host, settings: Settings) -> None:
    """
    A shell with nothing in its environment ends up with the container's.
    """
    output = host.run("env -i bash -lc 'env -0'").stdout
    seen = dict(word.split("=", 1) for word in output.split("\0") if "=" in word)
    wanted = {name: value for name, value in settings.environment.items() if name.isidentifier()}

    assert {name: seen.get(name) for name in wanted if name not in seen} == {}


@pytest.mark.start
def test_what_the_workspace_is_can_be_read_from_the_environment(
    host: Host, settings: Settings
) -> None:
    """
    Services and sessions learn where the workspace is, whether it stays, and whose it is.
    """
    shell = "env -i bash -lc 'echo \"$WORKSPACE|$WORKSPACE_MOUNTED|$WORKSPACE_UID|$WORKSPACE_GID\"'"
    path, mounted, uid, gid = host.check_output(shell).split("|")

    assert path == settings.workspace
    assert mounted in ("true", "false")
    if mounted == "true":
        assert host.check_output("stat -c '%%u %%g' -- %s", path) == f"{uid} {gid}"


@pytest.mark.start
def test_other_users_see_no_secret(host: Host, settings: Settings) -> None:
    """
    Theirs is a file of its own, which all may read; what sounds like a secret is not in it.
    """
    public = host.file("/run/slipway/environment.public.sh")
    hidden = [name for name in settings.environment if "TOKEN" in name or "SECRET" in name]

    assert public.mode == 0o644
    assert [name for name in hidden if f"export {name}=" in public.content_string] == []
    assert "export PATH=" in public.content_string


@pytest.mark.start
def test_the_entrypoints_own_variables_stay_with_it(host: Host) -> None:
    """
    HOME, PWD and their like belong to a process, not to the container.
    """
    published = host.file("/run/slipway/environment.sh").content_string

    for name in ("HOME", "PWD", "SHLVL", "HOSTNAME", "TERM", "USER"):
        assert f"export {name}=" not in published
