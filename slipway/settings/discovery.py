"""
Variables that a platform sets for services which happen to be called as our variables begin.

Kubernetes gives each container the services of its namespace (NAME_SERVICE_HOST, NAME_PORT and
their like, https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables),
Docker's links the containers that are linked (NAME_PORT, NAME_ENV_X). A service `slipway` would
otherwise be taken for typing errors in our own names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_PREFIX = r"(SLIPWAY(?:_[A-Z0-9_]+?)?)"
_PORT_URL = r"(?:tcp|udp|sctp)://\S+:\d+"
_OF_SERVICE = r"_SERVICE_(?:HOST|PORT(?:_\w+)?)"
_OF_PORT = r"_PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:ADDR|PORT|PROTO|START|END)(?:_\w+)?)?)?"
_OF_LINK = r"_(?:NAME|ENV_\w+)"


def announced(environ: Mapping[str, str]) -> set[str]:
    """
    Return the names that announce services; what a user could have meant is none of them.

    A service has a host and a port, or a port that is a URL; a name alone proves nothing.
    """
    names = [name for name in environ if name.startswith("SLIPWAY")]
    prefixes = {match[1] for name in names if (match := _proof(name, environ))}
    shapes = [_OF_SERVICE, _OF_PORT, _OF_LINK]
    return {
        name
        for name in names
        for prefix in prefixes
        if any(re.fullmatch(re.escape(prefix) + shape, name) for shape in shapes)
    }


def _proof(name: str, environ: Mapping[str, str]) -> re.Match[str] | None:
    match = re.fullmatch(f"{_PREFIX}_SERVICE_HOST", name)
    if match:
        return match if f"{match[1]}_SERVICE_PORT" in environ else None
    match = re.fullmatch(f"{_PREFIX}_PORT(?:_[0-9]+_(?:TCP|UDP|SCTP))?", name)
    return match if match and re.fullmatch(_PORT_URL, environ[name]) else None
