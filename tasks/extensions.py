"""
Extensions: what an extended image adds to ours.
"""

from slipway.converge import extensions
from slipway.environment.extensions import Extensions


def converge(*, added: Extensions) -> None:
    """
    Each extension's files and tasks, in their order; what fails in one costs no other.
    """
    extensions.converge(added)
