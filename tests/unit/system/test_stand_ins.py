"""
Stand-ins for modules; in a Python of its own, as they change what everybody imports.
"""

from __future__ import annotations

import pytest

from tests.unit.conftest import isolated


@pytest.mark.parametrize(
    "asked",
    ["import wave", "from wave import Error", "import wave as other", "import wave as wave"],
)
def test_a_stand_in_is_imported_and_then_the_real_module(asked: str) -> None:
    """
    However it is imported; what was taken from the stand-in stays with whoever took it.
    """
    code = f"""
import sys
from slipway.system.stand_ins import StandIn, in_place
with in_place({{"wave": StandIn("wave", {{"Error": "stand-in"}})}}):
    {asked}
    from wave import Error
print(Error, "wave" in sys.modules)
import wave
print(wave.Error.__name__)
"""

    assert isolated(code).splitlines() == ["stand-in False", "Error"]


def test_a_submodule_is_its_packages_attribute_and_becomes_the_real_one() -> None:
    """
    Code that was imported beside a stand-in may use it later, `xmlrpc.client` its http.client.
    """
    code = """
import sys
from slipway.system.stand_ins import StandIn, in_place
mine = StandIn("http.client", {"HTTPConnection": object}, real="http.client")
with in_place({"http.client": mine}):
    import xmlrpc.client
    import http.client
    print(http.client is mine, http.client.HTTPConnection)
print("http.client" in sys.modules, "ssl" in sys.modules)
print(xmlrpc.client.http.client.HTTPConnection)
print(http.client is mine, http.client is sys.modules["http.client"])
"""

    assert isolated(code).splitlines() == [
        "True <class 'object'>",
        "False False",
        "<class 'http.client.HTTPConnection'>",
        "False True",
    ]


def test_a_module_that_is_imported_already_stays() -> None:
    """
    Two modules of one name would have two of each class.
    """
    code = """
import wave
from slipway.system.stand_ins import StandIn, in_place
with in_place({"wave": StandIn("wave", {})}):
    import wave as again
print(again is wave)
import wave as later
print(later is wave)
"""

    assert isolated(code).splitlines() == ["True", "True"]


def test_what_a_stand_in_lacks_is_named() -> None:
    """
    An upgrade of a library that takes more is seen in the tests, not in a container.
    """
    code = """
from slipway.system.stand_ins import StandIn, in_place
with in_place({"wave": StandIn("wave", {"Error": Exception})}):
    try:
        from wave import open
    except ImportError as error:
        print(error)
"""

    assert "cannot import name 'open' from 'wave'" in isolated(code)
