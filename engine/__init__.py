"""
The user's side of Slipway: an engine, a base image, the image, and a running container.

Standard library only, Python 3.9 or later: it runs before anything is installed.
"""
