"""
images/jupyter as people use it: with a browser, over a restart, and with no token at all.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import socket
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from docker.models.containers import Container

from engine import client, login, optional
from engine.commands import Failure
from engine.compose import Compose
from engine.project import Project
from engine.steps import Steps
from tests.live.conftest import PREFIX, KeyPair, Result, Slipway, wait_until

ROOT = Path(__file__).parents[3]
IMAGE = Project.at(ROOT, os.environ).extended("jupyter")  # what `make images` has built
BROWSER = ROOT / "tests/live/clients/notebook.py"
GREETING = 'it\'s %(x)s; $HOME # "é"'
OWNER = 12345  # of the workspace on the host
SECONDS = 150

Start = Callable[..., Slipway]


def browse(slipway: Slipway, step: str, token: str) -> Result:
    """
    Have a browser do a step: tests/live/clients/notebook.py. A Python of its own drives it.
    """
    program = optional.BROWSER.program
    chromium = shutil.which(program)
    if chromium is None:
        pytest.skip(f"this machine has no {program}: `make browser` as root installs it on Debian")
    address = f"http://127.0.0.1:{slipway.port(8888)}"
    done = subprocess.run(
        [sys.executable, str(BROWSER), chromium, address, step, token],
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def page(slipway: Slipway) -> tuple[str, str]:
    """
    Return JupyterLab's state, and the token of its link; nothing before supervisord answers.
    """
    programs = slipway.as_json("slipway", "status", "--json")["programs"]
    found = next((each for each in programs if each["name"] == "jupyter"), None)
    return (found["state"], found["link"].rpartition("token=")[2]) if found else ("", "")


def wait_ready(slipway: Slipway) -> str:
    """
    Wait until JupyterLab answers; returns its token.
    """
    wait_until(lambda: page(slipway)[0] == "ready", "JupyterLab is ready", 90)
    return page(slipway)[1]


@pytest.fixture
def begin(start: Start, engine: docker.DockerClient) -> Start:
    """
    Start a container of the image.
    """
    engine.images.get(IMAGE)

    def run(**options: object) -> Slipway:
        ports = {"22/tcp": ("127.0.0.1", None), "8888/tcp": ("127.0.0.1", None)}
        return start(image=IMAGE, ports=ports, **options)

    return run


def test_a_browser_works_in_it(begin: Start, key: KeyPair, tmp_path: Path) -> None:
    """
    Log in, make a notebook, run a cell; the files are the owner's to use, and all is there again
    after a restart. A wrong token stays outside, and the right one is in nobody's sight.
    """
    os.chown(tmp_path, OWNER, OWNER)
    variables = {"SSH_PUBKEY": key.public, "GREETING": GREETING}
    slipway = begin(environment=variables, volumes=[f"{tmp_path}:/workspace"])
    slipway.wait_ssh(key)
    token = wait_ready(slipway)

    wrote = browse(slipway, "write", token)
    assert (wrote.code, wrote.stdout) == (0, f"{len(GREETING)}\n"), wrote.stderr
    made = tmp_path / "made.txt"
    assert made.read_text() == GREETING
    readers = slipway.check_output("getfacl", "-p", "/workspace/made.txt")
    assert f"user:{OWNER}:rwx" in readers
    as_owner = ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--clear-groups"]
    slipway.check_output(*as_owner, "sh", "-c", "echo more >> /workspace/made.txt")

    wrong = browse(slipway, "knock", f"{token}x")
    assert "Invalid credentials" in wrong.stdout, wrong
    for words in (["slipway", "health"], ["cat", "/run/slipway/report.json"], ["slipway", "check"]):
        assert token not in slipway.exec(*words).stdout
    assert token not in slipway.logs()
    assert token not in slipway.check_output("ps", "-eww", "-o", "args")
    nobody = slipway.exec("setpriv", "--reuid=65534", "slipway", "status")
    assert token not in nobody.stdout + nobody.stderr

    slipway.restart()
    assert wait_ready(slipway) == token
    found = browse(slipway, "find", token)
    assert (found.code, "GREETING" in found.stdout) == (0, True), found.stderr
    assert slipway.converge()["totals"]["changed"] == 0
    assert slipway.exec("slipway", "verify", "--", "-k", "jupyter").code == 0


def test_each_container_has_a_token_of_its_own(
    commit: Callable[[Container], str], begin: Start, start: Start
) -> None:
    """
    Also one of an image that `docker commit` has made. One that is given is used as it is.
    """
    first = begin(environment={"OPEN_BUTTON_TOKEN": "1"})  # which asks vast.ai for one
    token = wait_ready(first)
    assert len(token) == 43
    image = commit(first.container)
    given = "a b/&?%c"
    copy = start(image=image)
    other = start(image=image, environment={"JUPYTER_PASSWORD": given, "JUPYTER_PORT": "9999"})

    assert wait_ready(copy) not in ("", token)
    assert wait_ready(other) == "a%20b%2F%26%3F%25c"
    authorized = '-H "Authorization: token $1" "localhost:$2/api/contents"'
    ask = f"curl -so /dev/null -w '%{{http_code}}' {authorized}"
    for slipway, words, code in (
        (copy, [token, "8888"], "403"),
        (copy, [page(copy)[1], "8888"], "200"),
        (other, [given, "9999"], "200"),
    ):
        assert slipway.check_output("sh", "-c", ask, "sh", *words) == code
    assert first.exec("slipway", "check").code == 0


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Project]:
    """
    A clone's Compose project of its own, with the image and ports that nobody has.
    """
    try:
        compose = client.compose(os.environ)
    except Failure:
        pytest.skip("no Compose")
    shutil.copy(ROOT / "docker-compose.yaml", tmp_path)
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "build").mkdir()
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(3)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        ports = [str(each.getsockname()[1]) for each in sockets]
    image, _, tag = IMAGE.rpartition(":")
    project = Project.at(
        tmp_path,
        {
            **os.environ,
            **dict(zip(("SSH_PORT", "RCLONE_PORT", "PORT_8888"), ports, strict=True)),
            "COMPOSE_PROJECT_NAME": f"{PREFIX}{uuid.uuid4().hex[:12]}",
            "IMAGE": image,
            "TAG": tag,
        },
    )
    yield project
    words = [*compose, "down", "--volumes"]
    subprocess.run(words, cwd=tmp_path, env=project.environment, check=True, capture_output=True)


def test_make_up_ends_with_a_link_that_opens(clone: Project) -> None:
    """
    Once the page answers, on a port of this machine that is nobody else's.
    """
    stack = Compose(clone, client.compose(clone.environment))
    stack.decide()
    with Steps(1, io.StringIO()).step("container") as step:
        container = stack.up(step)
        (page,) = login.of(clone, container, step).pages
    port = stack.published(container, page.port)

    assert port == int(clone.settings["PORT_8888"])
    with urllib.request.urlopen(page.address(port)) as answer:  # noqa: S310 - our own
        assert answer.status == 200
        assert b"JupyterLab" in answer.read()
