"""
The kernel and the wire: files, locks, mounts, processes, sockets.
"""
