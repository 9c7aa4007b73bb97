"""
Gathers the project as it will be in the image: compiled, and known to the venv.

Below /project is what changes now and then, and below /code slipway/, for a layer of its own. This
runs in a venv of its own that has pip and the build backend.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE))

from assembly.prune import compile_all  # noqa: E402 - -I leaves the project out

AROUND = Path("/project", *HERE.parts[1:])
CODE = Path("/code", *HERE.parts[1:])
COMPILED = ("tasks", "deploy.py", "inventory.py")
# Modules of the connector `@container`, which nothing imports inside a container: for pyinfra's own
# command line, which imports every connector, the source will do
OUTSIDE = (
    "batch", "connection", "container", "container_files", "engine", "engine_socket", "frames",
    "scripts", "session", "shell",
)  # fmt: skip
PLAIN = ("files", "tests", "pyproject.toml", "README.md", "LICENSE")


def register() -> None:
    """
    Have pip say what the project is, and where: a directory and a .pth, copied to the image's venv.
    """
    pip = [sys.executable, "-I", "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--no-compile", "--editable", str(HERE)], check=True)
    made = Path(sysconfig.get_path("purelib"))
    place = AROUND / "venv" / made.relative_to(sys.prefix)
    place.mkdir(parents=True)
    for path in (*made.glob("slipway-*.dist-info"), *made.glob("*slipway*.pth")):
        _copy(path, place)


def gather() -> None:
    """
    Compile the code where it will be, then copy it.
    """
    for path in sorted(HERE.glob("[a-z]*/**/__pycache__")):
        if "venv" not in path.parts:
            shutil.rmtree(path)
    compile_all(HERE / "slipway", lean=True)
    for name in OUTSIDE:
        source = HERE / "slipway/connectors" / f"{name}.py"
        Path(importlib.util.cache_from_source(source)).unlink()
    for name in COMPILED:
        compile_all(HERE / name)
    CODE.mkdir(parents=True)
    _copy(HERE / "slipway", CODE)
    for name in (*COMPILED, *PLAIN):
        _copy(HERE / name, AROUND)
    _copy(HERE / "__pycache__", AROUND)  # deploy.py's


def _copy(path: Path, place: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, place / path.name)
    else:
        shutil.copy(path, place)


if __name__ == "__main__":
    register()
    gather()
