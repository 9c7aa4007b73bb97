"""
Stock pyinfra's inventory of containers, from outside: BENCH_HOSTS names them.

BENCH_ENVIRONMENT is what the engine gave each of them, in JSON: so nothing is to be changed.
"""

import json
import os

from slipway.settings.load import load

_given = json.loads(os.environ["BENCH_ENVIRONMENT"])
_loaded = load(dict(line.split("=", 1) for line in _given))
_data = {
    "phase": "start",
    "live": True,
    "settings": _loaded.settings,
    "variables": dict(_loaded.variables),
    "loaded": _loaded,
    "extensions": None,
}

containers = [(f"@docker/{name}", _data) for name in os.environ["BENCH_HOSTS"].split()]
