"""
Accounts, as this machine has them.
"""

from __future__ import annotations

import pytest

from slipway.facts.users import KnownUser
from tests.unit.facts.conftest import ODD, ask


@pytest.mark.parametrize("user", ["root", "0", "nobody"])
def test_an_account_is_known_by_name_and_number(user: str) -> None:
    assert ask(KnownUser(), user=user) is True


@pytest.mark.parametrize("user", ["nobody-at-all", "31337", "9" * 30, *ODD])
def test_what_is_no_account_is_unknown(user: str) -> None:
    """
    Whatever characters it has.
    """
    assert ask(KnownUser(), user=user) is False
