"""
Stock pyinfra's inventory inside a container: the same deploy, with its own local connector.
"""

from slipway.environment.host_data import data

local = [("@local", data("start"))]
