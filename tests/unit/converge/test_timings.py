"""
Timings, fed with a run's events and a clock of the test's own.
"""

from types import SimpleNamespace
from typing import Any

import pytest

from slipway.converge import timings
from slipway.converge.timings import Timings

HASH = "h1"


class Clock:
    """
    Time passes when the test says so.
    """

    now = 100.0

    def monotonic(self) -> float:
        """Stand in for time.monotonic()."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """
    The clock that timings look at.
    """
    clock = Clock()
    monkeypatch.setattr(timings, "time", clock)
    return clock


def test_each_operation_has_its_facts_and_commands(clock: Clock) -> None:
    """
    A fact's own command is the fact's; what runs between operations is named as such. All that has
    passed is in some row.
    """

    def takes(seconds: float) -> Any:
        def act(*_arguments: Any) -> None:
            clock.now += seconds

        return act

    host: Any = SimpleNamespace(put_file=takes(0.003), run_shell_command=takes(0.002))
    host.get_fact = lambda: host.run_shell_command()  # noqa: PLW0108 - looked up when called
    names = SimpleNamespace(names={"SSH | Have the host keys"})
    state: Any = SimpleNamespace(
        add_callback_handler=lambda _handler: None, get_op_meta=lambda _hash: names
    )
    taken = Timings(began=99.9)

    taken.watch(state, host, asked=99.94, began=99.95)
    clock.now += 0.02
    host.get_fact()
    taken.operation_host_start(state, host, HASH)
    host.get_fact()
    host.get_fact()
    host.run_shell_command()
    host.put_file()
    clock.now += 0.001
    taken.operation_host_success(state, host, HASH)
    taken.end()

    assert taken.to_json() == {
        "import_ms": 40.0,
        "wait_ms": 10.0,
        "connect_ms": 50.0,
        "deploy_code_ms": 20.0,
        "operations": {
            "outside of operations": {
                "ms": 2.0,
                "facts": {"count": 1, "ms": 2.0},
                "commands": {"count": 0, "ms": 0.0},
            },
            "SSH: Have the host keys": {
                "ms": 10.0,
                "facts": {"count": 2, "ms": 4.0},
                "commands": {"count": 2, "ms": 5.0},
            },
        },
    }
    head, *rows = taken.lines()
    assert head.split() == ["ms", "facts", "ms", "commands", "ms"]
    assert [row.split()[-1] for row in rows[:4]] == ["40.0", "10.0", "50.0", "20.0"]
    assert [row.split()[-5:] for row in rows[5:]] == [["10.0", "2", "4.0", "2", "5.0"]]
