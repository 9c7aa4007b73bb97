"""
One subject a file: what the container's state is.
"""
