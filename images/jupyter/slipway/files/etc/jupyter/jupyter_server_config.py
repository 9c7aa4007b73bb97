# JupyterLab in a container. ~/.jupyter/jupyter_server_config.py is read after this file, and wins.
import hashlib
import os
from pathlib import Path

TOKEN = os.environ.get("JUPYTER_TOKEN", "")
SECRET = Path("/var/lib/slipway/secrets/jupyter")  # of this container alone

c = get_config()  # noqa: F821 - Jupyter's
c.ServerApp.ip = "0.0.0.0"  # noqa: S104 - the container's; who gets there needs the token
c.ServerApp.port = int(os.environ.get("PORT", "8888"))
c.ServerApp.port_retries = 0  # another port would be nobody's
c.ServerApp.open_browser = False
c.ServerApp.allow_root = True
c.ServerApp.allow_remote_access = True
c.ServerApp.terminado_settings = {"shell_command": ["/bin/bash", "-l"]}
if SECRET.exists():  # a cookie is good here alone, and while the token is the same
    c.ServerApp.cookie_secret = hashlib.sha256(SECRET.read_bytes() + TOKEN.encode()).digest()
if pod := os.environ.get("RUNPOD_POD_ID"):  # a proxy, whose pages have the proxy's origin
    c.ServerApp.allow_origin = f"https://{pod}-{c.ServerApp.port}.proxy.runpod.net"
