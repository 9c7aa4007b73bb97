"""
Variables that a platform sets for services which happen to be called as our variables begin.

Kubernetes gives each container the services of its namespace (NAME_SERVICE_HOST, NAME_PORT and
their like, https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables),
Docker's links the containers that are linked (NAME_PORT, NAME_ENV_X). A service `slipway` would
otherwise be taken for typing errors in our own names, `rclone-rc` for options of rclone's, and the
address of a service `jupyter` for the port that an extended image's JUPYTER_PORT is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_PORT_URL = r"(?:tcp|udp|sctp)://\S+:\d+"
_ONE_PORT = r"_PORT_\d+_(?:TCP|UDP|SCTP)"
# What follows a service's name, and the value that belongs to it
_SHAPES = (
    (r"_SERVICE_HOST", r"(?s).*"),
    (r"_SERVICE_PORT(?:_\w+)?", r"\d+"),
    (rf"_PORT|{_ONE_PORT}(?:_START|_END)?", _PORT_URL),
    (rf"{_ONE_PORT}_(?:ADDR|PORT|PROTO)(?:_\w+)?", r"\S+"),
    (r"(?s)_NAME|_ENV_.+", r"(?s).*"),
)
_JOINT = r"_(?=SERVICE_|PORT|NAME|ENV_)"
_PROOF = rf"(?P<prefix>[A-Z_]\w*?)(?:_PORT|{_ONE_PORT})"


def announced(environ: Mapping[str, str]) -> set[str]:
    """
    Return the names that announce services; what a user could have meant is none of them.

    A service has a host and a port, or a port that is a URL, or the name of two containers that a
    link has; a name alone proves nothing.
    """
    prefixes = {prefix for name in environ if (prefix := _proven(name, environ))}
    return {name for name, value in environ.items() if prefixes and _is_of(name, value, prefixes)}


def _proven(name: str, environ: Mapping[str, str]) -> str:
    """
    Return the prefix of a service that a variable proves; "" for none.
    """
    value = environ[name]
    if name.endswith("_SERVICE_HOST"):
        prefix = name.removesuffix("_SERVICE_HOST")
        return prefix if f"{prefix}_SERVICE_PORT" in environ else ""
    if name.endswith("_NAME"):
        prefix = name.removesuffix("_NAME")
        alias = re.fullmatch(r"/[\w.-]+/([\w.-]+)", value)
        return prefix if alias and alias[1].upper().replace("-", "_") == prefix else ""
    match = "://" in value and re.fullmatch(_PORT_URL, value) and re.fullmatch(_PROOF, name)
    return match["prefix"] if match else ""


def _is_of(name: str, value: str, prefixes: set[str]) -> bool:
    return any(
        re.fullmatch(shape, name[joint.start() :]) and re.fullmatch(values, value)
        for joint in re.finditer(_JOINT, name)
        if name[: joint.start()] in prefixes
        for shape, values in _SHAPES
    )
