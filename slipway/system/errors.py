"""
What a person is shown of an error.
"""

from __future__ import annotations


def sentence(error: Exception) -> str:
    """
    Return the path that it is about, if there is one, and why.
    """
    name = getattr(error, "filename", None)
    return f"{f'{name}: ' if name else ''}{getattr(error, 'strerror', None) or error}"
