"""
What the container is asked to be. Pure: variables go in, Settings and refusals come out.
"""
