"""
supervisord as Slipway runs it: what comes back, what a stop ends, and the programs' logs.
"""
