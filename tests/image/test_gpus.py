import pytest
from testinfra.host import Host

from slipway.settings.variables import Settings


@pytest.mark.start
def test_no_more_gpus_are_visible_than_asked_for(
    host: Host, settings: Settings, variables: dict[str, str]
) -> None:
    """
    GPU_COUNT limits what a session sees, unless the user chose the devices himself.
    """
    shell = "env -i bash -lc 'echo \"${CUDA_VISIBLE_DEVICES-all}|${HIP_VISIBLE_DEVICES-all}\"'"
    shown = [value for value in host.check_output(shell).split("|") if value != "all"]
    chosen = {"CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"} & set(
        variables
    )

    if settings.gpu_count is not None and not chosen:
        assert [len(value.split(",")) for value in shown if value] == [
            settings.gpu_count for value in shown if value
        ]
