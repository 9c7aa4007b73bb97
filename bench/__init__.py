"""
`make bench`: Slipway against what people use instead, side by side on the machine at hand.
"""
