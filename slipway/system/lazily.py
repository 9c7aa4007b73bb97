"""
Start-up without the parts of the standard library that its imports name and a start never uses.

A lazy module is executed when something of it is first asked for. `from ... import` asks at once:
who needs a module's names is not concerned.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from importlib.abc import Loader

# Who imports each, of what a start imports: a hundredth of a second in all, in two processes
LAZY = frozenset({
    "argparse",  # our commands, for an annotation
    "ctypes",  # for inotify
    "datetime",  # supervisor
    "glob",  # for patterns of the user's
    "gzip",  # xmlrpc.client
    "html",  # for what HTTP servers answer
    "ipaddress",  # urllib.parse
    "locale",  # subprocess, getopt
    "mimetypes",  # supervisor's web server
    "pkgutil",
    "platform",  # supervisor, for one line
    "tempfile",  # supervisor, to make names for logs
    "textwrap",  # traceback
    "tokenize",  # linecache
    "traceback",  # logging, supervisor
    "xml.etree.ElementPath",
})  # fmt: skip


class Module(ModuleType):
    """
    A module that is executed when an attribute is asked for that it has not.

    importlib.util.LazyLoader's are executed by a second import, too.
    """

    def __getattr__(self, name: str) -> Any:
        """Become an ordinary one first. The import system asks for names of its own."""
        if name.startswith("__") and name != "__all__":
            raise AttributeError(name)
        own = vars(self)
        real = own["__spec__"].loader.real
        own["__spec__"].loader = own["__loader__"] = real
        object.__setattr__(self, "__class__", ModuleType)
        real.exec_module(self)
        return getattr(self, name)


class Later:
    """
    Loads a module without executing it.
    """

    def __init__(self, real: Any) -> None:
        self.real = real

    @staticmethod
    def create_module(spec: ModuleSpec) -> ModuleType:
        """Make it."""
        return Module(spec.name)

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        """Wait."""


class Finder:
    """
    Finds the lazy ones, for sys.meta_path.
    """

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find one as Python does; all others are left to Python."""
        is_lazy = name in LAZY or name.startswith("tasks.")
        spec = PathFinder.find_spec(name, path, target) if is_lazy else None
        if spec:
            spec.loader = cast("Loader", Later(spec.loader))
        return spec


def install() -> None:
    """
    Have this process import them lazily from now on, and hash without OpenSSL.
    """
    if Finder in sys.meta_path:
        return
    sys.meta_path.insert(0, Finder)
    if "hashlib" not in sys.modules:
        _hash_without_openssl()


def _hash_without_openssl() -> None:
    """
    Have hashlib take Python's own functions: OpenSSL takes 2 ms and 2 MB for a sum or two.

    What only OpenSSL has (scrypt, say) comes from it when it is asked for.
    """
    sys.modules["_hashlib"] = None  # type: ignore[assignment]
    hashlib = importlib.import_module("hashlib")
    del sys.modules["_hashlib"]

    def of_openssl(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(importlib.import_module("_hashlib"), name)

    vars(hashlib)["__getattr__"] = of_openssl
