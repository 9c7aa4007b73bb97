"""
Many containers at once, from outside.
"""
