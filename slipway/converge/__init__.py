"""
One pyinfra run: what it loads, applies, times and reports.
"""
