"""
What an image says of itself: last, when all software is in it.
"""

from slipway.converge.task import task


@task("Image")
def record(*, live: bool) -> None:
    """
    No traces of the build, and a bill of materials. A container has those of its image.
    """
    if live:
        return
    from slipway.operations import image  # noqa: PLC0415 - no start needs it

    image.without_traces(name="Leave no traces of the build")
    image.bill_of_materials(name="Name the software in the image")
