"""
What others build on: paths, exit codes, the report.
"""
