from pyinfra import host

from slipway.operations import service

variables = host.data.variables
service.program(
    name="Serve the workspace",
    program="files",
    title="Serves the workspace's files to browsers.",
    command=["python3", "-m", "http.server", str(variables["FILES_PORT"])],
    directory=variables["WORKSPACE"],
    port=variables["FILES_PORT"],
    ready="tcp",
)
