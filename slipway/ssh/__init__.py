"""
What is sshd's own.
"""
