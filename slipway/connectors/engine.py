"""
The container engine, through its API: which containers run, and commands in them.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from socket import SocketIO
from typing import Any, TypeVar

from slipway.connectors.connection import Connection
from slipway.connectors.engine_socket import EngineError, EngineSocket
from slipway.environment import host_data

_UNIX = "unix://"
_USUAL = f"{_UNIX}/var/run/docker.sock"
LABEL = "slipway.version"  # of the image and its children: see the Dockerfile

T = TypeVar("T")

_NO_SSH = (
    "DOCKER_HOST: ssh:// is not supported; forward the engine's socket, "
    "ssh -NL /tmp/docker.sock:/var/run/docker.sock HOST, and use unix:///tmp/docker.sock"
)


def running() -> list[str]:
    """
    Return the names of the running containers of Slipway's image. Raises EngineError.
    """
    filters = {"label": LABEL, "status": "running"}
    found = _ask(lambda api: api.containers(filters=filters))
    names = (name for container in found for name in container["Names"])
    return sorted(name[1:] for name in names if name.rfind("/") == 0)  # /OTHER/ALIAS is a link


def identify(name: str) -> str:
    """
    Return the ID of a running container. Raises EngineError for any other name.
    """
    container = _ask(lambda api: api.inspect_container(name))
    state = container["State"]
    if not state["Running"] or state["Paused"]:
        raise EngineError(f"the container is {state['Status']}; start it first")
    identifier: str = container["Id"]
    return identifier


def execute(container: str, words: Sequence[str], *, user: str) -> Connection:
    """
    Start a command in a running container; returns its streams. Raises EngineError.

    + user: USER[:GROUP]; "" for the container's own
    """
    command = _ask(lambda api: api.exec_create(container, list(words), stdin=True, user=user))
    stream = _ask(lambda api: api.exec_start(command["Id"], socket=True))
    if isinstance(stream, Connection):
        return stream
    # the SDK hands out the socket's file, for TLS the socket itself; gevent's has a _sock, too
    is_file = isinstance(stream, SocketIO)
    return Connection(stream._sock if is_file else stream, owner=stream)  # noqa: SLF001


def _ask(question: Callable[[Any], T]) -> T:
    try:
        return question(_api())
    except EngineError:
        raise
    except Exception as error:
        if not isinstance(error, (OSError, *_errors())):
            raise
        text = str(getattr(error, "explanation", "") or error)
        raise EngineError(text[:1].lower() + text[1:]) from None


def _errors() -> tuple[type[Exception], ...]:
    """
    Return what the SDK raises, where it has been imported.
    """
    module = sys.modules.get("docker.errors")
    return (module.DockerException,) if module else ()


@functools.cache
def _api() -> Any:
    asked = host_data.inherited().get("DOCKER_HOST") or _USUAL
    return EngineSocket(asked.removeprefix(_UNIX)) if asked.startswith(f"{_UNIX}/") else _sdk()


def _sdk() -> Any:
    # pyinfra imports every connector there is, in a container too, where the SDK's 0.2 s count
    import docker  # noqa: PLC0415
    from docker.utils import kwargs_from_env  # noqa: PLC0415

    if str(kwargs_from_env().get("base_url", "")).startswith("ssh:"):
        raise EngineError(_NO_SSH)  # its streams are no sockets
    return docker.from_env().api  # where DOCKER_HOST and its kin say
