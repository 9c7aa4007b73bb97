"""
The declarations, and what is made from them; an extended image declares in the same form.
"""

from __future__ import annotations

from typing import Any

import pytest

from slipway.contract.paths import PROJECT
from slipway.contract.refusal import Refusal
from slipway.settings import variables
from slipway.settings.load import Loaded, load
from slipway.settings.rules import boolean, choice, integer, optional, path, port, text
from slipway.settings.variable import Variable
from slipway.settings.variables import VARIABLES, Settings

THEIRS: list[Variable[Any]] = [
    Variable("DEMO_PORT", port, default="8123", meaning="Where the demo listens."),
    Variable("DEMO_TOKEN", text, meaning="Who has it may call.", secret=True),
    Variable("DEMO_LEVEL", choice("debug", "info"), default="info", meaning="How much it says."),
    Variable("DEMO_DIRECTORY", path, default="/srv/demo", meaning="Where its files are."),
    Variable("DEMO_WORKERS", optional(integer), meaning="How many.", unset="one a CPU"),
    Variable("DEMO_OPEN", boolean, default="true", meaning="Whether anybody may call."),
]


def loaded(environ: dict[str, str]) -> Loaded:
    """
    Read an extended image's environment.
    """
    return load(environ, declared=[*VARIABLES, *THEIRS])


def test_the_readme_has_the_table_of_this_module() -> None:
    """
    Names, defaults and meanings stand once, in VARIABLES.
    """
    assert variables.as_table() in (PROJECT / "README.md").read_text()


def test_a_field_has_its_variables_type_and_default() -> None:
    """
    What a task reads is typed; what a declaration says is asked of the class.
    """
    assert (Settings().skip_acl, Settings().drain_seconds, Settings().remote_sync) == (False, 5, ())
    assert Settings.skip_acl.name == "SKIP_ACL"
    assert Settings(drain_seconds=7).replaced(skip_acl=True).drain_seconds == 7


def test_settings_stay_as_they_were_read() -> None:
    """
    And a field that is none is an error where it is given, not where it is missed.
    """
    with pytest.raises(AttributeError, match="SKIP_ACL"):
        Settings().skip_acl = True
    with pytest.raises(TypeError, match="skip_acls"):
        Settings(skip_acls=True)


@pytest.mark.parametrize("variable", [*VARIABLES, *THEIRS], ids=lambda variable: variable.name)
def test_every_default_keeps_its_rule(variable: Variable[Any]) -> None:
    """
    The value that is used where another is refused must not be refused itself.
    """
    variable.parse(variable.default)

    assert variable.meaning.endswith(".")


def test_an_extended_images_variables_have_their_defaults() -> None:
    """
    Typed, and ours beside them.
    """
    values = loaded({"GPU_COUNT": "2"}).variables

    assert [values[each.name] for each in THEIRS] == [
        8123, "", "info", "/srv/demo", None, True,
    ]  # fmt: skip
    assert values["GPU_COUNT"] == 2


@pytest.mark.parametrize(
    ("name", "given", "rule"),
    [
        ("DEMO_PORT", "0", "must be a port, 1 to 65535"),
        ("DEMO_PORT", "65536", "must be a port, 1 to 65535"),
        ("DEMO_PORT", "http", "must be a port, 1 to 65535"),
        ("DEMO_LEVEL", "loud", "must be one of debug, info"),
        ("DEMO_DIRECTORY", "demo", "must be an absolute path on one line"),
        ("DEMO_DIRECTORY", "/a\nb", "must be an absolute path on one line"),
        ("DEMO_WORKERS", "1.5", "must be a whole number"),
        ("DEMO_OPEN", "perhaps", "must be true or false"),
    ],
)
def test_an_extended_images_variable_is_refused_as_ours_are(
    name: str, given: str, rule: str
) -> None:
    """
    By name and rule, and its default holds.
    """
    seen = loaded({name: given})
    default = loaded({})

    (refusal,) = seen.refusals
    assert (refusal.variable, refusal.rule) == (name, rule)
    assert seen.variables[name] == default.variables[name]
    assert seen.sources[name] == "default"


def test_an_extended_images_variables_are_shown_as_ours_are() -> None:
    """
    With where each value came from; what is secret as stars.
    """
    table = loaded({"DEMO_TOKEN": "hunter2", "DEMO_LEVEL": "DEBUG"}).table()
    rows = {row.name: (row.value, row.source) for row in table}

    assert rows["DEMO_TOKEN"] == ("***", "DEMO_TOKEN")
    assert rows["DEMO_LEVEL"] == ("debug", "DEMO_LEVEL")
    assert rows["DEMO_WORKERS"] == ("one a CPU", "default")
    assert rows["DEMO_OPEN"] == ("true", "default")


def test_a_name_of_ours_that_an_image_declares_is_no_typo() -> None:
    """
    SLIPWAY_ names belong to whoever declares them.
    """
    ours = Variable("SLIPWAY_DEMO", text, meaning="A demo.")

    assert load({"SLIPWAY_DEMO": "x"}, declared=[*VARIABLES, ours]).refusals == ()
    assert load({"SLIPWAY_DEMO": "x"}).refusals == (
        Refusal("SLIPWAY_DEMO", "is no variable of Slipway's; a typo?", "it is ignored"),
    )
