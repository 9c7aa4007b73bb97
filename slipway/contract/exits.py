"""
Exit codes of our commands: the contract's, with the names of sysexits.h where it has one.
"""

OK = 0
FAILED = 1  # an operation failed; some specs fail; not healthy
DRIFT = 2  # `check`: converging would change something
USAGE = 64  # EX_USAGE: no such subcommand or option
REFUSED = 78  # EX_CONFIG: a value is refused, and SLIPWAY_STRICT says that this ends the start
NOT_EXECUTABLE, NOT_FOUND = 126, 127  # of the user's command, as sh(1) says it
INTERRUPTED = 130  # by SIGINT, as a shell says it
