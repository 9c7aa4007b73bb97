"""
What a session is like: the same limits, language, terminals and git in every kind of it.

One container for all rows: none disturbs another.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import KeyPair, Slipway, wait_until

SOFT, HARD = 2000, 5000  # open files, as the engine gives them
SECRET = "s3cret of root's"
PROGRAM = """
[program:kind]
command=/bin/sh -c 'env -0 > /tmp/kind; ulimit -S -n > /tmp/kind-files; exec sleep 1000'
"""
OTHERS = {"bob": "/bin/bash", "eve": "/bin/sh"}
CRONTAB = "* * * * * env -0 > /tmp/cron-$USER; ulimit -S -n; locale charmap; echo of $USER\n"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@pytest.fixture(scope="module")
def container(module_start: Callable[..., Slipway], key: KeyPair) -> Slipway:
    """
    Start one with a limit of its own, a secret, two more users and a service.
    """
    started = module_start(
        environment={"SSH_PUBKEY": key.public, "MY_SECRET": SECRET, "MINE": "given"},
        ulimits=[{"Name": "nofile", "Soft": SOFT, "Hard": HARD}],
    )
    started.wait_converged()
    for user, shell in OTHERS.items():
        home = f"/home/{user}"
        started.check_output("useradd", "-m", "-s", shell, user)
        started.check_output("mkdir", "-m", "700", f"{home}/.ssh")
        started.check_output("cp", "/root/.ssh/authorized_keys", f"{home}/.ssh/")
        started.check_output("chown", "-R", user, f"{home}/.ssh")
    write = "cat > /etc/supervisor/conf.d/kind.conf"
    started.check_output("sh", "-c", f"{write} <<'E'\n{PROGRAM}\nE\nslipway converge")
    for user in ("root", "bob"):
        started.check_output("sh", "-c", f"crontab -u {user} - <<'E'\n{CRONTAB}E")
    started.wait_host_keys()
    return started


def client(
    container: Slipway, key: KeyPair, user: str, *words: str, **options: Any
) -> subprocess.CompletedProcess[str]:
    """
    Run the real client; its environment is what a user's machine may have.
    """
    # fmt: off
    command = [
        "ssh", "-F", "none", *options.pop("options", []), "-p", str(container.port(22)),
        "-i", str(key.path), "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes",
        "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
        "-o", "LogLevel=ERROR", f"{user}@127.0.0.1", *words,
    ]
    # fmt: on
    variables = {**os.environ, **options.pop("variables", {})}
    return subprocess.run(
        command, env=variables, capture_output=True, text=True, check=False, timeout=60, **options
    )


def asked(container: Slipway, key: KeyPair, user: str, kind: str, words: str) -> str:
    """
    Return what a command says in a kind of session.
    """
    if kind == "ssh, a shell":
        return client(container, key, user, input=f"{words}\n").stdout
    if kind.startswith("ssh"):
        options = ["-tt"] if kind == "ssh -tt" else []
        return client(container, key, user, words, options=options).stdout.replace("\r", "")
    program = {
        "exec bash -l": ["bash", "-lc"],
        "exec bash -i": ["bash", "-ic"],
        "su -": ["su", "-", user, "-c"],
    }[kind]
    as_user = "root" if kind == "su -" else user
    done: Any = container.container.exec_run([*program, words], demux=True, user=as_user)
    return (done.output[0] or b"").decode()


@pytest.mark.parametrize("user", ["root", *OTHERS])
@pytest.mark.parametrize(
    "kind", ["ssh", "ssh -tt", "ssh, a shell", "exec bash -l", "exec bash -i", "su -"]
)
def test_each_kind_of_session_is_alike(
    container: Slipway, key: KeyPair, user: str, kind: str
) -> None:
    """
    As many files as allowed, UTF-8, the workspace, the image's PATH: whoever asks, however.
    """
    words = "echo got $(ulimit -S -n) $(locale charmap) $WORKSPACE $PATH ${GPU_COUNT-none}"
    said = asked(container, key, user, kind, words)

    assert f"got {HARD} UTF-8 /workspace {PATH} none\n" in said


@pytest.mark.parametrize("user", OTHERS)
@pytest.mark.parametrize("kind", ["ssh", "ssh -tt", "ssh, a shell", "su -"])
def test_other_users_do_not_see_what_was_given(
    container: Slipway, key: KeyPair, user: str, kind: str
) -> None:
    """
    It may be a secret. (`docker exec` gives everything to anybody: that is the engine's.)
    """
    said = asked(container, key, user, kind, "echo got ${MY_SECRET-no}, ${MINE-no}; env")

    assert "got no, no\n" in said
    assert SECRET not in said
    assert SECRET in asked(container, key, "root", kind, "env")


def test_a_service_is_like_a_session(container: Slipway) -> None:
    """
    Supervisord passes on what it was given.
    """
    wait_until(lambda: container.exec("test", "-s", "/tmp/kind-files").code == 0, "it runs")
    words = container.check_output("cat", "/tmp/kind").split("\0")

    assert container.check_output("cat", "/tmp/kind-files").strip() == str(HARD)
    assert {"LANG=C.UTF-8", "WORKSPACE=/workspace", f"MY_SECRET={SECRET}"} <= set(words)


def test_a_command_is_like_a_session(start: Callable[..., Slipway]) -> None:
    """
    `docker run IMAGE command`.
    """
    limit = {"Name": "nofile", "Soft": 128, "Hard": 300}
    begun = start("sh", "-c", "ulimit -S -n; locale charmap", ulimits=[limit])
    begun.container.wait(timeout=60)

    assert begun.container.logs(stderr=False).decode().split() == ["300", "UTF-8"]


LANGUAGES = [
    {"LANG": "en_US.UTF-8"},
    {"LC_ALL": "de_DE.UTF-8"},
    {"LC_CTYPE": "UTF-8"},  # macOS
    {"LANG": "C", "LC_TIME": "fr_FR"},
    {"LANG": "ja_JP.eucJP", "LC_MESSAGES": "ja_JP.eucJP", "LC_COLLATE": "x"},
    {"LANG": "", "LC_ALL": "no such"},
]


@pytest.mark.parametrize("user", ["root", "eve"])
@pytest.mark.parametrize("language", LANGUAGES, ids=" ".join)
def test_no_language_of_a_client_is_warned_of(
    container: Slipway, key: KeyPair, user: str, language: dict[str, str]
) -> None:
    """
    A client sends its own machine's language, which is not installed here.
    """
    send = ["-o", f"SendEnv={' '.join(language)}"]
    words = "bash -c true; perl -e 1; locale charmap"
    done = client(container, key, user, words, options=send, variables=language)

    assert (done.stdout, done.stderr) == ("UTF-8\n", "")


@pytest.mark.parametrize(
    "terminal",
    ["xterm-kitty", "xterm-ghostty", "alacritty", "foot", "wezterm", "tmux-256color", "no-such"],
)
@pytest.mark.parametrize("user", ["root", "bob"])
def test_a_clients_terminal_is_known(
    container: Slipway, key: KeyPair, user: str, terminal: str
) -> None:
    """
    less, nano and tmux start; a terminal that nobody has heard of is taken for xterm.
    """
    script = "tput colors; tmux -L $$ new-session -d -s x true && echo begun"
    variables = {"TERM": terminal}
    done = client(container, key, user, script, options=["-tt"], variables=variables)

    assert done.stdout.split() == ["256", "begun"]


@pytest.mark.parametrize("terminal", ["xterm-kitty", "foot", "wezterm", "rio", "contour"])
def test_a_terminal_is_known_without_a_shell(container: Slipway, terminal: str) -> None:
    """
    `docker exec -e TERM=... CONTAINER nano`, say.
    """
    done = container.exec("tput", "colors", environment={"TERM": terminal})

    assert done.stdout.strip() == "256"


@pytest.mark.parametrize(
    ("owner", "user", "place"),
    [
        ("bob", "root", "/workspace/deep/er/repository"),
        ("root", "bob", "/workspace/of root"),
        ("eve", "bob", "/workspace/remote/name/repository"),
        ("bob", "root", "/workspace"),
    ],
)
def test_git_takes_the_workspaces_repositories(
    container: Slipway, key: KeyPair, owner: str, user: str, place: str
) -> None:
    """
    Whoever made them: the host's user, another container, a service; and without a shell, too.
    """
    make = f'mkdir -p "$0" && git init -q "$0" && chown -R {owner} "$0"/.git && chown {owner} "$0"'
    container.check_output("sh", "-c", make, place)

    for kind in ("ssh", "exec bash -l", "su -"):
        assert "On branch" in asked(container, key, user, kind, f"git -C '{place}' status")
    done: Any = container.container.exec_run(["git", "-C", place, "status"], user=user)
    assert done.exit_code == 0, done.output
    container.check_output("rm", "-rf", f"{place}/.git")


def test_nobodys_own_git_configuration_is_touched(container: Slipway) -> None:
    """
    A user's own file says what he likes, and the system's keeps what git-lfs has put there.
    """
    required = container.check_output("git", "config", "--system", "filter.lfs.required")

    assert container.exec("test", "-e", "/root/.gitconfig").code == 1
    assert required.strip() == "true"


def test_who_is_logged_in_is_known(container: Slipway, key: KeyPair) -> None:
    """
    While a session with a terminal lasts, and sshd has nothing to complain of at its end.
    """
    done = client(container, key, "bob", "who; users; who -H; w -h", options=["-tt"])

    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        "bob", "bob", "NAME", "bob", "bob",
    ]  # fmt: skip
    wait_until(lambda: container.check_output("who") == "", "it has ended")
    assert "logout()" not in container.check_output("cat", "/var/log/supervisor/sshd.log")
    record = container.check_output("stat", "-c", "%a %U %G", "/run/utmp")
    assert record == "664 root utmp\n"


@pytest.mark.parametrize("service", ["http", "ssh", "domain"])
def test_services_have_their_numbers(container: Slipway, service: str) -> None:
    """
    getservbyname(3) finds them.
    """
    assert container.check_output("getent", "services", service).startswith(service)


@pytest.mark.parametrize("user", ["root", "bob"])
def test_a_job_of_crons_is_like_a_session(container: Slipway, user: str) -> None:
    """
    Cron has begun with the first crontab; what a job prints is in its log.
    """
    path, log = f"/tmp/cron-{user}", "/var/log/supervisor/cron.log"
    wait_until(lambda: container.exec("test", "-s", path).code == 0, "a job has run", 100)
    seen = set(container.check_output("cat", path).split("\0"))
    wait_until(lambda: f"of {user}\n" in container.check_output("cat", log), "its output", 5)

    assert {"LANG=C.UTF-8", "WORKSPACE=/workspace", f"PATH={PATH}", f"USER={user}"} <= seen
    assert (f"MY_SECRET={SECRET}" in seen) is (user == "root")
    assert f"{user}: env -0" in container.check_output("cat", log)
    assert f"{HARD}\nUTF-8\n" in container.check_output("cat", log)
    assert "RUNNING" in container.check_output("supervisorctl", "status", "cron")


def test_nothing_is_left_to_converge(container: Slipway) -> None:
    """
    After all of this.
    """
    assert container.check_output("slipway", "check") == "nothing would change\n"
