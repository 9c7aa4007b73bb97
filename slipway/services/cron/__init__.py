"""
cron's tables, run with the container's variables.
"""
