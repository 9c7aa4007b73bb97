"""
Which hosts there are.
"""

import inventory


def test_outside_the_hosts_are_the_containers() -> None:
    """
    Never the machine that pyinfra runs on.
    """
    assert inventory.containers == ["@container"]
