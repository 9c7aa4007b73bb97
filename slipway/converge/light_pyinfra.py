"""
pyinfra without what a convergence in the container never uses: a third of its import time.

`pyinfra.api` imports paramiko for an exception class, jinja2 for templates, packaging for a
deploy's requirements, importlib.metadata for its own version and for every connector there is, and
typeguard (which imports unittest and asyncio) to check an argument or two, and multiprocessing to
count processors. In a container there is one host and nothing to wait for beside it, so that gevent
has no use either. While pyinfra is imported, stand-ins take their places. A function that needs the
real thing, in a child image's task say, imports it when it is called.

Measured with pyinfra 3.10.0 in docs/performance.md. tests/unit/converge/test_light_pyinfra.py pins
what is not imported, and that templates and requirements work.
"""

from __future__ import annotations

import gc
import importlib
import os
import subprocess
import sys
import threading
import typing
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from slipway.system import bounded_files
from slipway.system.stand_ins import EntryPoint, StandIn, in_place

CONNECTORS = {
    "live": "slipway.connectors.live:LiveConnector",
    "blank": "slipway.connectors.blank:BlankConnector",
    "container": "slipway.connectors.container:ContainerConnector",
}

# What pyinfra.api takes from each when it is imported
_STAND_INS = {
    "paramiko": ("SSHException", "PKey"),
    "jinja2": ("Environment", "FileSystemLoader", "StrictUndefined", "Template"),
    "packaging": (),
    "packaging.markers": ("Marker",),
    "packaging.requirements": ("Requirement",),
    "packaging.specifiers": ("SpecifierSet",),
    "packaging.version": ("Version",),
}

_BACKPORTS = ("ParamSpec", "Protocol", "TypedDict", "Unpack")  # those that pyinfra uses

_GEVENT = ("gevent", "gevent.event", "gevent.local", "gevent.pool", "gevent.subprocess")


class Pool:
    """
    What pyinfra makes of gevent.pool for each state, and an inside convergence never uses.
    """

    def __init__(self, size: int | None = None) -> None:
        self._size = size

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        real = importlib.import_module("gevent.pool").Pool(self._size)
        vars(self).update({each: getattr(real, each) for each in dir(real) if each[0] != "_"})
        return vars(self)[name]


class TypeCheckError(Exception):
    """
    An argument of the wrong type.
    """


def install(connector: str = "live") -> None:
    """
    Import pyinfra.api with the stand-ins; afterwards they are gone from sys.modules.

    For a process that converges what it is for and ends, before anything imports pyinfra (else it
    does nothing). Garbage is not collected then.

    + connector: the only one there is, of CONNECTORS
    """
    if "pyinfra" in sys.modules:
        return
    bounded_files.keep_list()
    gc.disable()  # a tenth of the time, for nothing that half a second needs
    stand_in_for = {
        **{name: _nouns(name) for name in _STAND_INS},
        "importlib_metadata": _metadata(connector),
        "multiprocessing": StandIn(
            "multiprocessing", {"cpu_count": os.cpu_count}, real="multiprocessing"
        ),
        "platform": StandIn("platform", {"system": lambda: os.uname().sysname}, real="platform"),
        "typing_extensions": StandIn("typing_extensions", _typing(), real="typing_extensions"),
        "uuid": StandIn("uuid", {"uuid4": _calling("uuid", "uuid4")}, real="uuid"),
        "typeguard": StandIn(
            "typeguard", {"TypeCheckError": TypeCheckError, "check_type": check_type}
        ),
    }
    if connector != "container":
        stand_in_for |= _of_gevent()
    with in_place(stand_in_for):
        importlib.import_module("pyinfra.api")
    _import_when_used()
    _remember_argument_types()
    _merge_data_for_arguments()


def _of_gevent() -> dict[str, StandIn]:
    """
    Return stand-ins for gevent: a task that calls a function of its own, say, gets the real one.
    """
    attributes: dict[str, dict[str, Any]] = {
        "gevent.event": {"Event": _calling("gevent.event", "Event")},
        "gevent.local": {"local": threading.local},
        "gevent.pool": {"Pool": Pool},
        "gevent.subprocess": {
            "PIPE": subprocess.PIPE,
            "Popen": _calling("gevent.subprocess", "Popen"),
        },
    }
    return {name: StandIn(name, attributes.get(name, {}), real=name) for name in _GEVENT}


def _calling(module: str, name: str) -> Callable[..., Any]:
    def with_the_real(*arguments: Any, **keywords: Any) -> Any:
        return getattr(importlib.import_module(module), name)(*arguments, **keywords)

    return with_the_real


def _typing() -> dict[str, Any]:
    """
    Return what typing_extensions has of this Python's typing, and the decorator of Python 3.12.
    """
    return {"override": lambda method: method} | {
        name: getattr(typing, name) for name in _BACKPORTS if hasattr(typing, name)
    }


def _nouns(name: str) -> StandIn:
    return StandIn(name, {noun: type(noun, (Exception,), {}) for noun in _STAND_INS[name]})


def _import_when_used() -> None:
    """
    Give the functions that use what was left out the real thing when they are called.
    """
    util = importlib.import_module("pyinfra.api.util")
    config = importlib.import_module("pyinfra.api.config")
    vars(util)["get_template"] = _importing(util.get_template, ["jinja2"])
    packaging = [name for name in _STAND_INS if name.startswith("packaging.")]
    for name, check in config.config_checkers.items():
        config.config_checkers[name] = _importing(check, packaging)


def _importing(function: Callable[..., Any], sources: list[str]) -> Callable[..., Any]:
    def with_the_real(*arguments: Any, **keywords: Any) -> Any:
        for source in (
            sources if any(arguments) else ()
        ):  # a config without requirements checks none
            real = importlib.import_module(source)
            names = {name: getattr(real, name) for name in _STAND_INS[source]}
            function.__globals__.update(names)
        return function(*arguments, **keywords)

    return with_the_real


def _remember_argument_types() -> None:
    """
    Have pyinfra work out the types of its global arguments once, not once a fact and operation.
    """
    arguments = importlib.import_module("pyinfra.api.arguments")
    hints = arguments.get_type_hints(arguments.AllArguments)
    vars(arguments)["get_type_hints"] = lambda _class: hints


def _merge_data_for_arguments() -> None:
    """
    Have pyinfra merge a host's data once for all its global arguments, not search it for each.

    There are 32 of them and six places that data may come from, at 140 facts and operations a run.
    """
    slow = importlib.import_module("pyinfra.api.arguments").pop_global_arguments

    def pop_global_arguments(state: Any, host: Any, keywords: dict[str, Any]) -> Any:
        data = SimpleNamespace(**host.data.dict())
        known = SimpleNamespace(current_deploy_kwargs=host.current_deploy_kwargs, data=data)
        return slow(state, known, keywords)

    for name in ("arguments", "deploy", "facts", "operation"):
        vars(importlib.import_module(f"pyinfra.api.{name}"))["pop_global_arguments"] = (
            pop_global_arguments
        )


def _metadata(connector: str) -> StandIn:
    """
    Return what pyinfra prefers to importlib.metadata: a backport of this name.
    """
    # ssh is pyinfra's default for names without @, which it looks up even where there are none
    connectors = [EntryPoint(name, CONNECTORS[connector]) for name in (connector, "ssh")]
    attributes = {
        "version": _version,
        "entry_points": lambda *, group: connectors,  # noqa: ARG005 - pyinfra asks for one group
    }
    return StandIn("importlib_metadata", attributes, real="importlib.metadata")


def _version(name: str) -> str:
    """
    Return a package's version, read off the name of the directory that pip keeps beside it.
    """
    for place in sys.path:
        directories = os.listdir(place) if os.path.isdir(place) else []  # noqa: PTH112, PTH208
        for directory in directories:
            if directory.startswith(f"{name}-") and directory.endswith(".dist-info"):
                return directory.removeprefix(f"{name}-").removesuffix(".dist-info")
    return "unknown"  # as pyinfra says it


def check_type(value: object, hint: Any) -> None:
    """
    Raise TypeCheckError for a value that is not of a type.
    """
    try:
        if isinstance(value, hint):
            return
    except TypeError:
        pass  # neither a class nor a union of classes
    typeguard = importlib.import_module("typeguard")
    try:
        typeguard.check_type(value, hint)
    except typeguard.TypeCheckError as error:
        raise TypeCheckError(str(error)) from None
