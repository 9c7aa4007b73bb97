from slipway.extension import Extension, Variable, port

EXTENSION = Extension(
    title="Files",
    variables=[
        Variable("FILES_PORT", port, default="8000", meaning="Where the workspace is served."),
    ],
)
