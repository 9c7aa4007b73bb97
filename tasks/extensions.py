"""
Extensions: what an extended image adds to ours.
"""

from slipway.converge import extensions
from slipway.environment.extensions import Extensions


def converge(*, added: Extensions | None) -> None:
    """
    Each extension's files and tasks, in their order; what fails in one costs no other.

    + added: None in a container that is seen from outside: its own slipway does it there
    """
    if added is None:
        extensions.converge_within()
    else:
        extensions.converge(added)
