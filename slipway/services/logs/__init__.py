"""
The programs' logs as one stream.
"""
