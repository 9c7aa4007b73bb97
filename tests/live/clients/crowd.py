"""
Strangers who connect and never log in: HOST NUMBER WORDS, which are "nothing" or "a version".

One whom sshd hangs up on because he has not logged in within its LoginGraceTime comes back.
"""

import select
import socket
import sys
import time

host, number, words = sys.argv[1:]
PATIENCE = 25  # seconds; sshd's is 30


def knock() -> socket.socket:
    """
    Return a connection.
    """
    stranger = socket.create_connection((host, 22), timeout=60)
    if words == "a version":
        stranger.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    return stranger


def is_there(stranger: socket.socket) -> bool:
    """
    Tell whether a readable connection is one still.
    """
    try:
        return bool(stranger.recv(65536))
    except OSError:
        return False


crowd = {}
for _ in range(int(number)):
    crowd[knock()] = time.monotonic()
greeted: "set[socket.socket]" = set()
while crowd:
    for stranger in select.select(list(crowd), [], [])[0]:
        if is_there(stranger):
            if stranger not in greeted and len(greeted) + 1 == int(number):
                print(f"{number} are there", flush=True)
            greeted.add(stranger)
        elif time.monotonic() - crowd.pop(stranger) < PATIENCE:
            print("one was turned away", flush=True)
        else:
            crowd[knock()] = time.monotonic()
