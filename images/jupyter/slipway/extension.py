from slipway.extension import Extension, Variable, port, text


def button(given: str) -> str:
    """
    Accept a token; 1 is how a template asks vast.ai to make one.
    """
    asked = text(given)
    return "" if asked == "1" else asked


EXTENSION = Extension(
    title="JupyterLab",
    variables=[
        Variable("JUPYTER_PORT", port, default="8888", meaning="Where JupyterLab listens."),
        Variable(
            "JUPYTER_TOKEN",
            text,
            meaning="Who has it may use JupyterLab; made once for each container by default.",
            secret=True,
            unset="made by the container",
        ),
        Variable(
            "JUPYTER_PASSWORD", text, meaning="The same; the name that RunPod uses.", secret=True
        ),
        Variable(
            "OPEN_BUTTON_TOKEN",
            button,
            meaning="The same; the name that vast.ai uses.",
            secret=True,
        ),
    ],
)
