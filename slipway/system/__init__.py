"""
The kernel and the wire.
"""
