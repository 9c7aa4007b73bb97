"""
`python3 -m slipway` is the `slipway` command.
"""

import contextlib
import os
import sys

from slipway.system import lazily, refused

lazily.install()
refused.install()

from slipway.commands.cli import main
from slipway.environment import own

own.take()

code = main(sys.argv[1:])
if "pyinfra" in sys.modules:  # Python would take 30 ms to take that apart
    from slipway.system import early

    early.end()
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
    os._exit(code)
sys.exit(code)
