"""
What every subcommand does with its result and its errors: no traceback reaches the user.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from slipway.contract import exits
from slipway.system import errors


def show(document: Any, lines: Sequence[str]) -> None:
    """
    Print a document as JSON, or lines where there is none.
    """
    if document is not None:
        print(json.dumps(document, indent=1, ensure_ascii=False, default=str))
        return
    for line in lines:
        print(line)


def fail(message: str) -> int:
    """
    Say what went wrong; returns the exit code for it.
    """
    print(f"slipway: {message}", file=sys.stderr)
    return exits.FAILED


def guarded(run: Callable[[], int]) -> int:
    """
    Return what a subcommand returns; an error that a person can mend is said in one line.
    """
    try:
        return run()
    except BrokenPipeError:  # `slipway status | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.OK
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except PermissionError as error:
        as_root = "; run it as root" if error.filename else ""  # else a call was refused, no file
        return fail(f"{errors.sentence(error)}{as_root}")
    except OSError as error:
        return fail(errors.sentence(error))
