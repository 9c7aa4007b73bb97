"""
What the container is asked to be.
"""
