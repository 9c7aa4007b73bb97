"""
Remotes that are mounted through FUSE.
"""
