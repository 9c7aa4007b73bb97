"""
Ansible, the peer: installed under build/bench/, on the machine and for the containers' Python.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from bench.containers import PEERS, PEERS_IN, Bench, Failure
from tasks.packages import PACKAGES

ROOT = PEERS.parent.parent
HOME = ROOT / "build/bench"
REQUIREMENTS = PEERS.parent / "requirements-ansible.txt"
COLLECTION = PEERS.parent / "requirements-collection.txt"
INSIDE = "/bench/ansible"  # where containers see the packages for their Python
_PACKAGES = f"BENCH_PACKAGES={' '.join(PACKAGES)}"
_COLLECTIONS = ("community/docker", "community/library_inventory_filtering_v1")


def prepare_inside(bench: Bench) -> Path:
    """
    Install Ansible for the image's Python; returns the directory. Raises Failure.
    """
    words = ["/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    asked = bench.client.containers.run(bench.image, words[1:], entrypoint=words[0], remove=True)
    version = asked.decode().strip()
    place = HOME / f"ansible-{version}"
    # fmt: off
    _once(place, [
        sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "--only-binary", ":all:", "--python-version", version, "--target", str(place),
        "-r", str(REQUIREMENTS),
    ])
    # fmt: on
    return place


def prepare_outside() -> Path:
    """
    Make a venv with Ansible and community.docker; returns it. Raises Failure.
    """
    place = HOME / "venv"
    if not (place / ".complete").exists():
        _run([sys.executable, "-m", "venv", str(place)])
    # fmt: off
    _once(place, [
        str(place / "bin/pip"), "install", "--quiet", "--disable-pip-version-check",
        "--only-binary", ":all:", "-r", str(REQUIREMENTS),
    ])
    # fmt: on
    collections = HOME / "collections"
    if not collections.exists():
        pip = [str(place / "bin/pip"), "download", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "--no-deps", "--only-binary", ":all:", "-d", str(HOME), "-r", str(COLLECTION)])
        (wheel,) = HOME.glob("ansible-*.whl")
        draft = HOME / "collections.draft"
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name.startswith(tuple(f"ansible_collections/{part}/" for part in _COLLECTIONS)):
                    archive.extract(name, draft)
        draft.rename(collections)
        wheel.unlink()
    return place


def inside() -> list[str]:
    """
    Return the command that runs the playbook in the container it is in, with mitogen.
    """
    strategy = f"{INSIDE}/ansible_mitogen/plugins/strategy"
    # fmt: off
    settings = [
        f"PYTHONPATH={INSIDE}", f"ANSIBLE_CONFIG={PEERS_IN}/ansible/ansible.cfg", "HOME=/root",
        "BENCH_FILES=/opt/slipway/files", _PACKAGES,
        f"ANSIBLE_STRATEGY_PLUGINS={strategy}", "ANSIBLE_STRATEGY=mitogen_linear",
    ]
    return [
        "env", *settings, "/usr/bin/python3", f"{INSIDE}/bin/ansible-playbook",
        "-i", "localhost,", "-c", "local", f"{PEERS_IN}/ansible/playbook.yml",
    ]
    # fmt: on


def outside(venv: Path, names: Sequence[str]) -> list[str]:
    """
    Return the command that runs the playbook over containers, through community.docker.
    """
    # fmt: off
    settings = [
        f"BENCH_FILES={ROOT / 'files'}", _PACKAGES,
        f"ANSIBLE_CONFIG={PEERS / 'ansible/ansible.cfg'}",
        f"ANSIBLE_COLLECTIONS_PATH={HOME / 'collections'}", f"ANSIBLE_FORKS={max(5, len(names))}",
    ]
    return [
        "env", *settings, str(venv / "bin/ansible-playbook"), "-i", ",".join([*names, ""]),
        "-c", "community.docker.docker", str(PEERS / "ansible/playbook.yml"),
    ]
    # fmt: on


def _once(place: Path, command: Sequence[str]) -> None:
    """
    Run what fills a directory, unless it has been filled for these requirements.
    """
    mark, wanted = place / ".complete", REQUIREMENTS.read_text()
    if mark.exists() and mark.read_text() == wanted:
        return
    _run(command)
    mark.write_text(wanted)


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()
        raise Failure(f"{' '.join(command[:3])}: exit {done.returncode}: {said[-1500:]}")
