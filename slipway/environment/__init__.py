"""
What sessions and services see.
"""
