"""
What of the container's variables other users see.
"""

from __future__ import annotations

import pytest

from slipway.environment import public

BAKED = {"CONDA_DIR": "/opt/conda", "HF_TOKEN": "baked", "NVARCH": "x86_64"}


@pytest.mark.parametrize(
    ("name", "value", "is_seen"),
    [
        ("PATH", "/opt/conda/bin:/usr/bin", True),
        ("LANG", "C.UTF-8", True),
        ("LC_TIME", "C", True),
        ("WORKSPACE", "/workspace", True),
        ("WORKSPACE_UID", "1000", True),
        ("CUDA_VISIBLE_DEVICES", "0,1", True),
        ("OMP_NUM_THREADS", "4", True),
        ("LD_LIBRARY_PATH", "/usr/local/cuda/compat", True),
        ("CONDA_DIR", "/opt/conda", True),
        ("CONDA_DIR", "/opt/mine", False),  # given, not the image's
        ("NVARCH", "x86_64", True),
        ("HF_TOKEN", "baked", False),  # the image's, and a secret all the same
        ("HF_TOKEN", "given", False),
        ("MY_SETTING", "given", False),
        ("SSH_PUBKEY", "ssh-ed25519 AAAA", False),
        ("RCLONE_CONFIG_S3_SECRET_ACCESS_KEY", "x", False),
        ("CUDA_HOME", "https://user:pass@host/", False),
        ("LANG", "-----BEGIN OPENSSH PRIVATE KEY-----", False),
    ],
)
def test_others_see_what_is_no_secret(name: str, value: str, *, is_seen: bool) -> None:
    """
    What the image has, what Slipway adds, what every program looks at; nothing that was given.
    """
    baked = {public.digest(*variable) for variable in BAKED.items()}

    assert public.of({name: value}, baked=baked) == ({name: value} if is_seen else {})


def test_what_an_image_keeps_tells_no_value() -> None:
    """
    A build's arguments are in its environment, and may be secrets.
    """
    kept = public.digests({"GIT_PASSWORD": "hunter2", "CONDA_DIR": "/opt/conda"})

    assert "hunter2" not in kept
    assert "GIT_PASSWORD" not in kept
    assert public.digest("CONDA_DIR", "/opt/conda") in kept.splitlines()
