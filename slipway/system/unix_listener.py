"""
Whether somebody listens at a unix socket.
"""

from __future__ import annotations

import os
from pathlib import Path


def is_listened_at(path: Path) -> bool:
    """
    Tell whether a socket has a listener. A frozen one counts. What was left behind has none.

    Most starts find no socket at all, and import no module for that answer.
    """
    if not os.path.lexists(path):
        return False
    import socket  # noqa: PLC0415 - see above

    with socket.socket(socket.AF_UNIX) as connection:
        connection.setblocking(False)
        try:
            connection.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:  # one that is busy, or not for us to ask
            return True
    return True
