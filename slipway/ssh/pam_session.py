"""
A session of PAM's, in a process that ends with it and says how far it came.
"""

from __future__ import annotations

import ctypes
import os
import sys

_LIBRARY = "libpam.so.0"
_SERVICE = b"sshd"
_SILENT = 0x8000  # says nothing to the user, and runs no greeting
_HOST, _TERMINAL = 4, 3  # pam_set_item(3): PAM_RHOST, PAM_TTY
_NEW_PASSWORD = 12  # a session asks for it: slipway.ssh.account
_SHELL = "x=$(:) && :"  # a pipe and a process more, as any command needs


class _Conversation(ctypes.Structure):
    """Ask nobody: sshd has its keys."""

    _fields_ = (("call", ctypes.c_void_p), ("data", ctypes.c_void_p))


def _say(*words: str) -> None:
    os.write(1, ("\t".join(words) + "\n").encode())


def main(user: str, address: str, shell: str) -> None:
    """
    Ask, stage by stage.
    """
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError:
        _say("unknown")
        return
    library.pam_strerror.restype = ctypes.c_char_p
    handle, nobody = ctypes.c_void_p(), _Conversation()
    if library.pam_start(_SERVICE, os.fsencode(user), ctypes.byref(nobody), ctypes.byref(handle)):
        _say("start", "4", "its files can't be read")
        return
    for item, value in ((_HOST, os.fsencode(address)), (_TERMINAL, b"ssh")):
        library.pam_set_item(handle, item, value)
    for stage, question in (
        ("account", library.pam_acct_mgmt),
        ("session", library.pam_open_session),
    ):
        _say(stage)
        code = question(handle, _SILENT)
        if code not in (0, _NEW_PASSWORD):
            said = library.pam_strerror(handle, code) or b"no reason"
            _say(stage, str(code), said.decode(errors="replace"))
            return
    _say("shell")
    if os.path.basename(shell) in ("sh", "bash", "dash"):  # noqa: PTH119 - a string
        environment = {"PATH": os.defpath, "HOME": "/"}
        if os.spawnve(os.P_WAIT, shell, [shell, "-c", _SHELL], environment):  # noqa: S606 - words
            return
    _say("done")
    library.pam_close_session(handle, _SILENT)
    library.pam_end(handle, 0)


if __name__ == "__main__":
    main(*sys.argv[1:4])
