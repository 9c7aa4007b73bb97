"""
What sshd needs: its algorithms, its host keys, its banner.
"""
