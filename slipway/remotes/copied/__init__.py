"""
Remotes that are copied, where FUSE is not allowed.
"""
