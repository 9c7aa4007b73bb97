"""
Python environments: pip runs when something is missing, and never at a start.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pyinfra.api.exceptions import OperationValueError
from pyinfra.context import ctx_host, ctx_state

from slipway.facts.python import Environment, PythonEnvironment, normalized
from slipway.operations import python
from tests.unit.conftest import FactHost, Run

LOCK = """\
# made by a tool
Demo_Thing==1.2.0 \\
    --hash=sha256:0000
other[extra]==3.4 ; python_version < "3"
third == 5.6 # why
-r more.txt
somewhere @ https://example.org/x.whl
any
"""


class State:
    """
    As much of pyinfra's as an operation asks of.
    """

    def __init__(self, cwd: Path) -> None:
        self.cwd = str(cwd)


def record(content: bytes, *packages: str) -> str:
    return sha256(b"\0".join([content, *(each.encode() for each in packages)])).hexdigest()


def commands(run: Run, place: Path, seen: Environment, **arguments: Any) -> list[str]:
    with ctx_state.use(State(place)):
        made: list[str] = run(
            python.environment, path="/opt/demo", facts={PythonEnvironment: seen}, **arguments
        )
    return made


def test_what_is_missing_is_installed_with_the_images_authorities(run: Run, tmp_path: Path) -> None:
    """
    Words are quoted, whatever they hold.
    """
    made = commands(run, tmp_path, Environment({}, ""), packages=["demo==1", "x; rm -rf /"])

    assert made[0] == "test -x /opt/demo/bin/pip || /usr/bin/python3 -m venv --clear /opt/demo"
    assert made[1].startswith(
        'PIP_CERT="${PIP_CERT:-/etc/ssl/certs/ca-certificates.crt}" /opt/demo'
    )
    assert made[1].endswith("-- demo==1 'x; rm -rf /'")
    assert made[2] == f"echo {record(b'', 'demo==1', 'x; rm -rf /')} > /opt/demo/.slipway"


def test_a_file_of_requirements_is_the_extensions(run: Run, tmp_path: Path) -> None:
    """
    Its pins are looked for; what depends on the Python is left to pip.
    """
    (tmp_path / "demo.lock").write_text(LOCK)
    there = {"demo-thing": "1.2", "third": "5.6.0", "any": "9"}
    whole = Environment(there, record(LOCK.encode()))

    assert commands(run, tmp_path, whole, requirements="demo.lock") == []
    for name in there:
        without = Environment({k: v for k, v in there.items() if k != name}, whole.record)
        made = commands(run, tmp_path, without, requirements="demo.lock")
        assert f"-r {tmp_path}/demo.lock" in made[1]
    assert commands(run, tmp_path, whole._replace(record="old"), requirements="demo.lock")
    assert commands(
        run,
        tmp_path,
        whole._replace(distributions={**there, "third": "5.7"}),
        requirements="demo.lock",
    )


def test_what_can_be_no_place_is_refused(run: Run, tmp_path: Path) -> None:
    """
    In words that name it.
    """
    with pytest.raises(OperationValueError, match="absolute path, not 'demo'"):
        run(python.environment, path="demo", packages=["x"], facts={})
    with pytest.raises(OperationValueError, match=r"there is no file .*/none\.lock"):
        commands(run, tmp_path, Environment({}, ""), requirements="none.lock")


def test_a_start_installs_none_and_says_so() -> None:
    """
    SSH and services wait for no network.
    """
    host = FactHost({PythonEnvironment: Environment({}, "")})
    host.data["is_start"] = True
    with ctx_host.use(host):
        made = list(
            python.environment._inner(path="/opt/demo", packages=["demo==1"])  # noqa: SLF001
        )

    assert made == []
    assert str(host.connector_data["degraded"][0]) == (
        "/opt/demo: not installed: demo 1; `slipway converge` installs them"
    )


def test_distributions_are_read_off_their_directories(tmp_path: Path) -> None:
    """
    The same in both forms: a shell's, and without one.
    """
    packages = tmp_path / "lib/python3.11/site-packages"
    for name in ("Demo_Thing-1.2.0.dist-info", "x.y-2.dist-info", "demo_thing"):
        (packages / name).mkdir(parents=True)
    (tmp_path / ".slipway").write_text("abc\n")
    fact: Any = PythonEnvironment()
    inside = fact.command(path=str(tmp_path)).act().stdout.decode().splitlines()

    assert fact.process(inside) == Environment({"demo-thing": "1.2.0", "x-y": "2"}, "abc")


@pytest.mark.parametrize("name", ["Demo.Thing", "demo__thing", "DEMO-thing"])
def test_names_are_compared_as_pip_does(name: str) -> None:
    assert normalized(name) == "demo-thing"
