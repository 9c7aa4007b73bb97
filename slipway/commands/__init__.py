"""
One module a subcommand of `slipway`.
"""
