"""
The file that ssh is told of: ssh itself reads it.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from engine import ssh_config
from engine.project import Project


@pytest.mark.parametrize("folder", ["clone", "my clone", "100%d", "a'b"])
@pytest.mark.parametrize("has_key", [True, False])
def test_ssh_reads_what_is_written(tmp_path: Path, folder: str, *, has_key: bool) -> None:
    """
    From any directory, whatever the clone's path holds.
    """
    project = Project.at(tmp_path / folder, {})
    project.config.mkdir(parents=True)
    known, private = project.config / "known_hosts", project.config / "id_ed25519"
    path = ssh_config.write(
        project,
        address="127.0.0.1",
        port=2201,
        known=known,
        private=private if has_key else None,
    )
    said = subprocess.check_output(["ssh", "-F", path, "-G", "slipway"], text=True, cwd="/")
    lines = said.replace("%%", "%").replace('"', "").splitlines()

    assert {"hostname 127.0.0.1", "port 2201", "user root"} <= set(lines)
    assert f"userknownhostsfile {known}" in lines
    assert (f"identityfile {private}" in lines) == has_key
