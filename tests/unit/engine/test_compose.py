"""
What this host lacks, found out by asking the engine; a stand-in for its client answers.
"""

from __future__ import annotations

import io
import json
import os
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from engine import network, stack
from engine.commands import Failure
from engine.compose import Compose
from engine.project import Project
from engine.stack import Stack
from engine.steps import Steps
from slipway.settings.load import load
from slipway.settings.variables import VARIABLES

ROOT = Path(__file__).parents[3]
FILE = (ROOT / "docker-compose.yaml").read_text()

# Answers from files; notes what it was asked to run.
DOCKER = """#!/bin/sh
cd "$FOLDER"
case "$1 $2" in
    "image inspect") cat exposed 2>/dev/null ;;
    "info "*) echo "{\\"ServerVersion\\": \\"1\\", \\"Runtimes\\": {$(cat runtimes)}}" ;;
    "run "*)
        echo "$@" >> asked
        case "$*" in
            *--device*) [ -e fuse ] ;;
            *--gpus*) [ -e gpu ] ;;
            *rshared*) [ -e shared ] ;;
        esac ;;
    "inspect "*) cat container ;;
    "network ls") echo clone_default ;;
    "network inspect") cat mtu 2>/dev/null ;;
    "compose "*)
        case "$*" in
            *" ps "*) cat id 2>/dev/null ;;
            *) echo "$@" >> asked ;;
        esac ;;
esac
"""


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    A host with everything, as files: a test takes away what it wants missing.
    """
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    (tmp_path / "runtimes").write_text('"runc": {}, "nvidia": {}')
    (tmp_path / "clone" / "build").mkdir(parents=True)
    for name in ("fuse", "gpu", "shared"):
        (tmp_path / name).touch()
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("FOLDER", str(tmp_path))
    monkeypatch.setattr(network, "uplink_mtu", lambda: 1400)
    return tmp_path


def _decided(host: Path, **environment: str) -> Compose:
    project = Project.at(host / "clone", {**os.environ, **environment})
    stack = Compose(project, ["docker", "compose"])
    stack.decide()
    return stack


def _running(host: Path, port: int) -> None:
    (host / "id").write_text("abc\n")
    bound = {"22/tcp": [{"HostPort": str(port)}]}
    container = {
        "State": {"Running": True},
        "HostConfig": {"PortBindings": bound},
    }
    (host / "container").write_text(json.dumps([container]))


def test_a_host_with_everything(host: Path) -> None:
    """
    Mounts reach the host, the GPU file is added; without remotes FUSE is not even asked for.
    """
    stack = _decided(host, SSH_PORT="0")

    assert stack.decided["WORKSPACE_PROPAGATION"] == "rshared"
    assert not stack.remotes
    assert "/dev/fuse" not in (host / "asked").read_text()
    assert stack.decided["NETWORK_MTU"] == "1400"
    assert stack.gpus
    assert stack.notes == []


def test_a_host_with_nothing(host: Path) -> None:
    """
    What stands in for it, and a note on each.
    """
    (host / "fuse").unlink()
    (host / "shared").unlink()
    (host / "runtimes").write_text('"runc": {}')
    stack = _decided(host, REMOTES="true")

    assert not stack.remotes
    assert "WORKSPACE_PROPAGATION" not in stack.decided
    assert [note.split(":")[0] for note in stack.notes] == [
        "no NVIDIA runtime",
        "no /dev/fuse",
        "workspace is in no shared mount",
    ]


def test_a_runtime_without_a_gpu_that_works(host: Path) -> None:
    """
    Compose would refuse the whole container; the engine is asked first, and said to have none.
    """
    (host / "gpu").unlink()
    stack = _decided(host)

    assert not stack.gpus
    assert "no GPU works with the NVIDIA runtime: the container sees no GPU" in stack.notes


def test_without_the_runtime_no_container_is_tried_for_it(host: Path) -> None:
    """
    It would cost every `make up` half a second.
    """
    (host / "runtimes").write_text('"runc": {}')
    _decided(host)

    assert "--gpus" not in (host / "asked").read_text()


def test_the_users_word_stands(host: Path) -> None:
    """
    What .env or the environment says is never overruled.
    """
    (host / "clone" / ".env").write_text("WORKSPACE_PROPAGATION=rslave\nNETWORK_MTU=1300\n")
    stack = _decided(host, NO_NEW_PRIVILEGES="true", SLIPWAY_USER="me")

    assert not {"WORKSPACE_PROPAGATION", "NETWORK_MTU", "NO_NEW_PRIVILEGES"} & set(stack.decided)


def test_the_workspace_is_the_users_to_choose(host: Path) -> None:
    """
    It is made before the engine would make it, as root, and asked about.
    """
    folder = host / "my data"
    _decided(host, WORKSPACE_DIR=str(folder))

    assert folder.is_dir()
    assert f"source={folder}," in (host / "asked").read_text()


def test_a_taken_port_gives_way_and_stays_so(host: Path) -> None:
    """
    The next free one, said; and the same again while it is ours, though the first is free by now.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        wanted = listener.getsockname()[1]
        stack = _decided(host, SSH_PORT=str(wanted))
        given = int(stack.decided["SSH_PORT"])
        assert given > wanted
        assert f"port {wanted} was taken: {given} instead" in stack.notes

    _running(host, given)
    assert int(_decided(host, SSH_PORT=str(wanted)).decided["SSH_PORT"]) == given


def test_our_own_port_is_not_taken(host: Path) -> None:
    """
    The container's own listener is no reason to move.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        _running(host, port)
        stack = _decided(host, SSH_PORT=str(port))

    assert stack.decided["SSH_PORT"] == str(port)


def test_another_wanted_port_is_followed(host: Path) -> None:
    """
    What was chosen for one wish doesn't outlive it.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    _running(host, 2299)
    (host / "clone" / "build" / "ports.json").write_text('{"SSH_PORT": [2222, 2299]}')

    assert _decided(host, SSH_PORT=str(free)).decided["SSH_PORT"] == str(free)


@pytest.mark.parametrize("text", ['{"SSH_PORT": [22', "[]", '{"SSH_PORT": 5}', "", "\0"])
def test_a_memory_of_ports_that_was_cut_off_is_none(host: Path, text: str) -> None:
    """
    The ports are chosen anew, and it is whole again.
    """
    memory = host / "clone" / "build" / "ports.json"
    memory.write_text(text)
    chosen = _decided(host).decided["SSH_PORT"]

    assert json.loads(memory.read_text())["SSH_PORT"] == [2222, int(chosen)]
    assert [path.name for path in memory.parent.iterdir()] == ["ports.json"]


@pytest.mark.parametrize("port", ["abc", "70000", "-1", "2222-2230", "٣"])
def test_a_port_that_is_none_is_named(host: Path, port: str) -> None:
    """
    With the variable, as the user knows it.
    """
    with pytest.raises(Failure, match=f"^SSH_PORT={port} is no port: "):
        _decided(host, SSH_PORT=port)


@pytest.mark.parametrize(
    ("now", "mtu", "again"), [("1500", "1400", True), ("1300", "1300", False), ("", "1400", False)]
)
def test_only_a_network_that_loses_packets_is_made_anew(
    host: Path, now: str, mtu: str, *, again: bool
) -> None:
    """
    A smaller size than the uplink's does no harm, and making it anew ends the container.
    """
    (host / "mtu").write_text(f"{now}\n")
    stack = _decided(host)

    assert (stack.decided["NETWORK_MTU"], stack.outgrown) == (mtu, again)


@pytest.mark.parametrize(
    ("own", "remotes", "files"),
    [
        ([], "", []),
        (["docker-compose.override.yml"], "", ["docker-compose.override.yml"]),
        (
            ["docker-compose.override.yml"],
            "true",
            ["docker-compose.remotes.yaml", "docker-compose.override.yml"],
        ),
    ],
)
def test_files_of_ours_come_before_the_users_override(
    host: Path, own: list[str], remotes: str, files: list[str]
) -> None:
    """
    Named files switch Compose's own search off, so the user's is named too, and last.
    """
    for name in own:
        (host / "clone" / name).touch()
    stack = _decided(host, REMOTES=remotes)
    (host / "id").write_text("abc\n")
    _running(host, 2222)
    with Steps(1, io.StringIO()).step("up") as step:
        stack.up(step)
    expected = ["docker-compose.yaml", "docker-compose.nvidia.yaml", *files]

    asked = (host / "asked").read_text().splitlines()[-1].split()
    assert asked[1:-3] == [word for name in expected for word in ("--file", name)]


def test_the_users_own_list_of_files_stands(host: Path) -> None:
    """
    With COMPOSE_FILE, no file is named.
    """
    stack = _decided(host, COMPOSE_FILE="mine.yaml")
    _running(host, 2222)
    with Steps(1, io.StringIO()).step("up") as step:
        stack.up(step)

    assert "--file" not in (host / "asked").read_text()


def test_the_file_passes_every_variable_of_ours() -> None:
    """
    Each has a line of its own under `environment`: what .env says of it reaches the container.
    """
    names = {variable.name for variable in VARIABLES}
    block = FILE.partition("    environment:\n")[2].partition("    env_file:\n")[0]

    assert set(re.findall(r"^      (\w+): \$\{", block, re.MULTILINE)) == names


def test_what_the_file_passes_when_nothing_is_set_is_the_default() -> None:
    """
    An empty value is none: nothing is refused, and nothing differs from a plain `docker run`.
    """
    block = FILE.partition("    environment:\n")[2].partition("    env_file:\n")[0]
    lines = re.findall(r"^      (\w+): (.*)$", block, re.MULTILINE)
    passed = {name: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value) for name, value in lines}
    settings, refusals, *_ = load(passed)

    assert refusals == ()
    assert settings.ssh_address == "127.0.0.1:2222"
    assert settings.replaced(environment={}, ssh_address="") == load({}).settings


def test_the_example_names_every_variable_of_the_file() -> None:
    """
    A user finds there what can be set.
    """
    example = re.findall(r"^#(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)

    assert set(re.findall(r"\$\{(\w+)", FILE)) - {"VARIABLE"} | {"REMOTES"} == set(example)


def test_an_extended_images_ports_are_published_too(host: Path) -> None:
    """
    In a file of their own beside the clone's; a taken one moves, as the others do.
    """
    (host / "exposed").write_text('{"22/tcp": {}, "8888/tcp": {}}')
    (host / "gpu").unlink()
    stack = _decided(host, SSH_PORT="0", PORT_8888="0")
    document = json.loads((host / "clone/build/pages.json").read_text())

    assert document["services"]["slipway"]["ports"] == [
        f"127.0.0.1:{stack.decided['PORT_8888']}:8888"
    ]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"Status": "running", "Running": True, "Health": {"Status": "unhealthy"}}, "unhealthy"),
        (
            {
                "Status": "restarting", "Running": True, "Restarting": True, "ExitCode": 78,
                "Health": {"Status": "unhealthy"},
            },
            "restarting, with exit code 78",
        ),
        ({"Status": "exited", "Running": False, "ExitCode": 1}, "exited, with exit code 1"),
        ({"Status": "exited", "Running": False, "ExitCode": 0}, "exited"),
        ({}, "gone"),
    ],
)  # fmt: skip
def test_a_container_that_does_not_come_up_is_named_by_what_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: dict[str, Any], said: str
) -> None:
    """
    One that ends is no unhealthy one: its exit code says why.
    """
    made = Compose(Project.at(tmp_path, {}), [])
    monkeypatch.setattr(Stack, "_inspect", lambda _self, _container: {"State": state})
    monkeypatch.setattr(stack, "run", lambda *_words, **_options: 0)
    with Steps(1, io.StringIO()).step("container") as step, pytest.raises(Failure) as failed:
        made._wait_healthy("x", step)  # noqa: SLF001

    assert failed.value.sentence.startswith(f"the container is {said}: `make logs`")
