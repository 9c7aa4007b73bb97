"""
Stock pyinfra's inventory inside a container: the same deploy, with its own local connector.
"""

from inventory import data

local = [("@local", data("start"))]
