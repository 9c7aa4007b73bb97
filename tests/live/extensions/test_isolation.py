"""
What is wrong with an extension costs itself: SSH is up, the next one runs, and it is named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import docker
import pytest

from tests.live.conftest import KeyPair, Slipway

Start = Callable[..., Slipway]
Write = Callable[[Mapping[str, str]], Path]

FILES = "from io import StringIO\nfrom pyinfra.operations import files, server\n"
LAST = f"{FILES}files.put(name='Leave a mark', src=StringIO('x'), dest='/srv/mark-of-the-last')\n"

# A task of a name's extension that fails, and what is said of it
FAILING = {
    "a-syntax": ("x = (\n", "tasks/10.py, line 1: '(' was never closed"),
    "b-name": ("\nboom\n", "tasks/10.py, line 2: NameError: name 'boom' is not defined"),
    "c-import": ("import nowhere\n", "line 1: ModuleNotFoundError: No module named 'nowhere'"),
    "d-ends": ("import sys\nsys.exit('enough')\n", "tasks/10.py, line 2: SystemExit: enough"),
    "e-shell": (
        f"{FILES}server.shell(name='Fail', commands=['echo because of this >&2; exit 3'])\n",
        "Fail: because of this (/etc/slipway/e-shell/tasks/10.py, line 3)",
    ),
    "f-ours": (
        (
            "from slipway.operations import files\nfrom slipway.operations.files import File\n"
            "files.present(name='Lay', files=[File('/proc/x/y', b'')])\n"
        ),
        "(/etc/slipway/f-ours/tasks/10.py, line 3)",
    ),
    "g-argument": (f"{FILES}files.put(name='Put', sauce=1)\n", "tasks/10.py, line 3: "),
    "h-variable": (
        "from pyinfra import host\nhost.data.variables['NOPE']\n",
        "tasks/10.py, line 2: KeyError: 'NOPE'",
    ),
    "i-fact": (
        (
            "from pyinfra import host\nfrom pyinfra.facts.server import User\n"
            "host.get_fact(User, nope=1)\n"
        ),
        "tasks/10.py, line 3: ",
    ),
    "j-deep": ("def f(): f()\nf()\n", "RecursionError"),
    "k-source": (f"{FILES}files.put(name='Put', src='files/none', dest='/srv/k')\n", "line 3"),
    "l-assert": ("assert 1 > 2, 'as expected'\n", "line 1: AssertionError: as expected"),
}


def test_a_failing_task_costs_its_own_remaining_operations(
    start: Start, key: KeyPair, write: Write
) -> None:
    """
    Each is named with file and line, in the report, the log, status and health.
    """
    root = write(
        {
            **{f"{name}/tasks/10.py": task for name, (task, _) in FAILING.items()},
            **{f"{name}/tasks/20.py": LAST.replace("of-the-last", name) for name in ("b-name",)},
            "a-syntax/extension.py": "EXTENSION = nope\n",
            "b-name/specs/test_wrong.py": "def test_it(host):\n    assert False\n",
            "c-import/specs/test_wrong.py": "nope\n",
            "z-last/tasks/10.py": LAST,
            "z-last/specs/test_right.py": "def test_it(host):\n    assert host\n",
        }
    )
    slipway = start(environment={"SSH_PUBKEY": key.public}, volumes=[f"{root}:/etc/slipway:ro"])
    slipway.wait_ssh(key)
    report = slipway.wait_converged()
    failed = {
        each["task"]: f"{each['name']}: {each['detail']}"
        for each in report["operations"]
        if each["outcome"] == "failed"
    }
    said = {
        **{name: words for name, (_, words) in FAILING.items()},
        "a-syntax": "extension.py, line 1",
    }

    assert failed.keys() == FAILING.keys()
    assert {name: text for name, text in failed.items() if said[name] not in text} == {}
    slipway.check_output("test", "-e", "/srv/mark-of-the-last")
    slipway.check_output("test", "-e", "/srv/mark-b-name")  # a task of its own
    logs, status, health = slipway.logs(), slipway.status(), slipway.health()
    assert health.code == 1
    for name in FAILING:
        assert f"failed: {name}: " in logs
        assert name in status
        assert name in health.stdout
    assert "Traceback" not in logs + status + health.stdout
    verified = slipway.exec("slipway", "verify", "--", "-k", "test_wrong or test_right").stdout
    assert "1 failed, 1 passed" in verified
    assert "c-import/specs/test_wrong.py" in verified
    check = slipway.exec("slipway", "check")
    assert check.code == 1
    assert "Traceback" not in check.stdout + check.stderr
    assert slipway.ssh(key, "echo", "here").stdout == "here\n"


def test_a_build_fails_with_the_same_words(
    engine: docker.DockerClient, image: str, write: Write
) -> None:
    """
    So that no broken image is made.
    """
    root = write(
        {
            "demo/tasks/10.py": "boom\n",
            "Dockerfile": f"FROM {image}\nCOPY demo /etc/slipway/demo\n"
            "RUN slipway converge --phase build\n",
        }
    )
    with pytest.raises(docker.errors.BuildError) as failure:
        engine.images.build(path=str(root), rm=True, forcerm=True)
    said = "".join(line.get("stream", "") for line in failure.value.build_log)

    assert (
        "failed: demo: tasks/10.py: /etc/slipway/demo/tasks/10.py, line 1: NameError: "
        "name 'boom' is not defined"
    ) in said
