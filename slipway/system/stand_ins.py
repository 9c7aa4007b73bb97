"""
Modules that take the places of others while something is imported that hardly uses these.

Neither the time nor the memory of what is left out is spent; afterwards everybody who imports a
name gets the real module.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NamedTuple


class StandIn(ModuleType):
    """
    A module with a few attributes, and once it has retired with those of the real one.
    """

    def __init__(self, name: str, attributes: Mapping[str, Any], *, real: str = "") -> None:
        """
        Make it.

        + real: the module that is imported when an attribute is asked for that is not there
        """
        super().__init__(name)
        self._attributes, self._real = dict(attributes), real

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):  # the import system asks for some
            raise AttributeError(attribute)
        if attribute in self._attributes:
            return self._attributes[attribute]
        if not self._real:
            raise AttributeError(f"{self.__name__}: {attribute}")
        return getattr(importlib.import_module(self._real), attribute)

    def retire(self) -> None:
        """
        Have the real module's attributes only; one without a real module keeps its own.
        """
        if self._real:
            self._attributes.clear()


class EntryPoint(NamedTuple):
    """
    What importlib.metadata has of this name, as far as pyinfra and supervisor use it.
    """

    name: str | None
    value: str
    group: str | None = None

    def load(self) -> Any:
        """Import the object, `package.module:name`."""
        return pkgutil.resolve_name(self.value)


@contextmanager
def in_place(stand_ins: Mapping[str, StandIn]) -> Iterator[None]:
    """
    Have imports find these, but for modules that are imported already.
    """
    missing = {name: each for name, each in stand_ins.items() if name not in sys.modules}
    sys.modules.update(missing)
    for name, each in missing.items():
        package, _, child = name.rpartition(".")
        if package:  # as importing it would
            setattr(importlib.import_module(package), child, each)
    try:
        yield
    finally:
        for name, each in missing.items():
            del sys.modules[name]
            each.retire()
