"""
A variable: one declaration, from which it is read, refused, shown and documented.

Ours are in slipway/settings/variables.py; an extended image declares its own in the same form.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")

IGNORED = "it is ignored"  # a value that was given, and breaks its rule


class Refused(Exception):  # noqa: N818 - no error of the program's: a text breaks a rule
    """
    What a rule raises for a text that breaks it; the default is used then.

    + rule: what holds for every value, without this one: "must be true or false"
    + effect: what happens instead, where it is not that the default is used
    + instead: the value that is used instead of the default
    """

    def __init__(self, rule: str, *, effect: str = "", instead: Any = None) -> None:
        super().__init__(rule)
        self.rule, self.effect, self.instead = rule, effect, instead


class Variable(Generic[T]):
    """
    One variable that is read from the environment.

    As an attribute of a class it is a field: its value where an instance is asked.

    + name: the environment's
    + parse: returns the typed value of a text; raises Refused. An empty default is a text, too
    + default: the text that is read where none is given, or one that breaks the rule
    + meaning: one sentence, for people
    + secret: nobody is shown its value
    + unset: what a person is shown for no value
    + follows_links: `parse` gets a second argument, a function that resolves a path's links
    """

    def __init__(  # noqa: PLR0913 - a declaration says all that there is to say
        self,
        name: str,
        parse: Callable[..., T],
        *,
        default: str = "",
        meaning: str,
        secret: bool = False,
        unset: str = "",
        follows_links: bool = False,
    ) -> None:
        self.name, self.parse = name, parse
        self.default, self.meaning = default, meaning
        self.secret, self.unset, self.follows_links = secret, unset, follows_links
        self.field = name

    def __set_name__(self, _owner: type, field: str) -> None:
        self.field = field

    @overload
    def __get__(self, instance: None, owner: type) -> Variable[T]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: Any, owner: type) -> Variable[T] | T:
        if instance is None:
            return self
        value: T = instance.values[self.name]
        return value

    def __set__(self, _instance: object, _value: T) -> None:
        raise AttributeError(f"{self.field} is read from {self.name}, and stays as it is")

    def with_default(self, default: str) -> Variable[T]:
        """
        Return the same variable with another default.
        """
        other: Variable[T] = object.__new__(type(self))
        vars(other).update(vars(self), default=default)
        return other

    def checked(self, given: str, *disk: Callable[[str], str]) -> T:
        """
        Return the typed value of a text. Raises Refused, whatever an author's rule raises.

        + disk: for one that follows links: what resolves them
        """
        links = disk or (posixpath.normpath,)
        try:
            return self.parse(given, *(links if self.follows_links else ()))
        except Refused:
            raise
        except Exception as error:  # noqa: BLE001 - an author's; its message may have a secret
            rule = getattr(self.parse, "__name__", "of its own")
            raise Refused(f"breaks its rule {rule} ({type(error).__name__})") from None

    @property
    def effect(self) -> str:
        """
        Say what happens where its value is refused.
        """
        return f"{self.default} is used" if self.default else IGNORED

    def shown(self, value: T) -> str:
        """
        Return a value as text for a person.
        """
        if value is None or value in ((), ""):
            return self.unset
        if self.secret:
            return "***"
        if isinstance(value, bool):
            return str(value).lower()
        words: Any = value
        return ", ".join(words) if type(value) is tuple else str(value)
