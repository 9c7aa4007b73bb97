"""
Stock pyinfra's inventory of containers, from outside: BENCH_HOSTS names them, BENCH_KEY is the key.
"""

import os

from slipway.settings.load import load

_loaded = load({"SSH_PUBKEY": os.environ["BENCH_KEY"]})
_data = {"phase": "start", "live": True, "settings": _loaded.settings, "loaded": _loaded}

containers = [(f"@docker/{name}", _data) for name in os.environ["BENCH_HOSTS"].split()]
