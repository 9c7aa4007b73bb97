"""
What pyinfra lacks for converging a container, and the `slipway` command.
"""
