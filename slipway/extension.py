"""
What an extension's extension.py imports: docs/extending.md.

The names are a contract with image authors, wherever they are defined.
"""

from slipway.settings.extension import Extension
from slipway.settings.rules import at_least, boolean, choice, integer, optional, path, port, text
from slipway.settings.variable import Refused, Variable

__all__ = [
    "Extension",
    "Refused",
    "Variable",
    "at_least",
    "boolean",
    "choice",
    "integer",
    "optional",
    "path",
    "port",
    "text",
]
