"""
The environment of a start: read, saved, and completed for sessions and services.
"""
