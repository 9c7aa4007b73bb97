"""
`python3 -m slipway` is the `slipway` command.
"""

import sys

from slipway.cli import main

sys.exit(main(sys.argv[1:]))
