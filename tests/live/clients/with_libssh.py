"""
Run a command through libssh's C interface: HOST PORT KEY COMMAND.
"""

import ctypes
import sys

host, port, key, command = (word.encode() for word in sys.argv[1:])
libssh = ctypes.CDLL("libssh.so.4")
for name in ("ssh_new", "ssh_channel_new", "ssh_get_error"):
    getattr(libssh, name).restype = ctypes.c_void_p
HOST, PORT_STR, USER = 0, 2, 4  # enum ssh_options_e of libssh.h


def check(code: int) -> None:
    """
    End with the library's words where a step has failed.
    """
    if code:
        message = ctypes.cast(libssh.ssh_get_error(session), ctypes.c_char_p).value or b""
        sys.exit(message.decode())


session = ctypes.c_void_p(libssh.ssh_new())
check(libssh.ssh_options_set(session, HOST, host))
check(libssh.ssh_options_set(session, PORT_STR, port))
check(libssh.ssh_options_set(session, USER, b"root"))
check(libssh.ssh_connect(session))
private = ctypes.c_void_p()
check(libssh.ssh_pki_import_privkey_file(key, None, None, None, ctypes.byref(private)))
check(libssh.ssh_userauth_publickey(session, None, private))
channel = ctypes.c_void_p(libssh.ssh_channel_new(session))
check(libssh.ssh_channel_open_session(channel))
check(libssh.ssh_channel_request_exec(channel, command))
buffer = ctypes.create_string_buffer(4096)
size = libssh.ssh_channel_read(channel, buffer, len(buffer), 0)
print(buffer.raw[: max(size, 0)].decode(), end="")
libssh.ssh_disconnect(session)
