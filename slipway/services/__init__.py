"""
The programs that supervisord runs.
"""
