"""
What the unit tests compare with a real sshd and a real getfacl, in a container that has them.

A developer's machine may have neither, so those tests are skipped there; here none of them is.
"""

from __future__ import annotations

import re
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

from .conftest import Slipway

Start = Callable[..., Slipway]

UNIT = Path(__file__).parents[1] / "unit"
PLAIN = ["settings/test_public_keys_openssh.py", "ssh/test_algorithms.py", "facts"]
WITH_HYPOTHESIS = [
    "settings/test_public_keys.py",
    "environment/test_forms.py",
]  # it is compiled for one Python
# At the end of the path: only what the image does not have comes from the developer's venv
PYTEST = (
    "import sys; sys.path.append('/developer'); import pytest; sys.exit(pytest.main(sys.argv[1:]))"
)


def test_keys_and_sessions_are_judged_as_openssh_judges_them(start: Start) -> None:
    """
    Lines, options and blobs side by side with sshd and ssh-keygen, and variables as sshd has them.
    """
    slipway = start(
        "sleep",
        "900",
        entrypoint=[],
        cap_add=["SYS_ADMIN"],  # the tests mount file systems of their own
        security_opt=["apparmor:unconfined"],
        volumes=[
            f"{UNIT}:/opt/slipway/tests/unit:ro",
            f"{sysconfig.get_path('purelib')}:/developer:ro",
        ],
    )
    version = slipway.check_output("/opt/slipway/venv/bin/python3", "--version").split()[1]
    is_same = version.split(".")[:2] == [str(number) for number in sys.version_info[:2]]
    files = [*PLAIN, *(WITH_HYPOTHESIS if is_same else ())]
    # fmt: off
    done = slipway.exec(
        "env", "--chdir=/tmp", "/opt/slipway/venv/bin/python3", "-c", PYTEST, "-q", "-rs",
        "-p", "no:cacheprovider", "--import-mode=importlib", "--rootdir=/opt/slipway/tests/unit",
        "-k", "not listener",  # one of them needs IPv6, which a bridge network lacks
        *(f"/opt/slipway/tests/unit/{name}" for name in files),
    )
    # fmt: on

    assert done.code == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert int(re.findall(r"(\d+) passed", done.stdout)[0]) > 100
    assert re.findall(r"SKIPPED.*(?:sshd|setfacl).*", done.stdout) == []
