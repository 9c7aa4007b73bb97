from urllib.parse import quote

from pyinfra import host

from slipway.operations import packages, python, secret, service

variables = host.data.variables

packages.installed(name="Install what makes environments", packages=["python3-venv"])
python.environment(name="Install JupyterLab", path="/opt/jupyter", requirements="requirements.lock")

given = (
    variables["JUPYTER_TOKEN"] or variables["JUPYTER_PASSWORD"] or variables["OPEN_BUTTON_TOKEN"]
)
secret.kept(name="Have a secret for tokens and cookies", owner="jupyter")
token = given or secret.value("jupyter")

service.program(
    name="Run JupyterLab",
    program="jupyter",
    title="JupyterLab: notebooks, terminals and the workspace's files in a browser.",
    command=["/opt/jupyter/bin/jupyter-lab"],
    user="root",
    directory=variables["WORKSPACE"],
    environment={"JUPYTER_TOKEN": token},  # only root reads a process's environment
    port=variables["JUPYTER_PORT"],
    ready=f"http://127.0.0.1:{variables['JUPYTER_PORT']}/api",
    autostart=host.data.live,  # a start has a token first
    link=f"/lab?token={quote(token, safe='')}",
)
