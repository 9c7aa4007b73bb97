"""
Which hosts there are: inside, the container itself; outside, every one of Slipway's that runs.

Connecting gives each host its data: slipway/environment/host_data.py.
"""

from slipway.contract import paths

containers = ["@live"] if paths.PROJECT == paths.INSTALLED else ["@container"]
