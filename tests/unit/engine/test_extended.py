"""
The documents that are made of our images' declarations.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from engine import extended

ROOT = Path(__file__).parents[3]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """
    A clone with one image, and its documents.
    """
    shutil.copytree(ROOT / "images/minimal", tmp_path / "images/minimal")
    assert extended.main([], tmp_path) == 0
    return tmp_path


def test_each_image_has_a_readme_and_templates(clone: Path) -> None:
    """
    The base has templates; its README is where it was.
    """
    made = {str(path.relative_to(clone)) for path in clone.glob("templates/*/*")}

    assert made == {
        f"templates/{image}/{name}"
        for image in ("base", "minimal")
        for name in ("compose.yaml", "runpod.json", "vast.json")
    }
    assert "# Slipway: files\n" in (clone / "images/minimal/README.md").read_text()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("images/minimal/README.md", "old"),
        ("templates/base/vast.json", None),
        ("templates/gone/vast.json", "{}"),
    ],
)
def test_what_is_out_of_date_is_named_and_written(
    clone: Path, capsys: pytest.CaptureFixture[str], name: str, content: str | None
) -> None:
    """
    Changed, missing, or of an image that is no more.
    """
    assert extended.main(["--check"], clone) == 0
    (clone / name).parent.mkdir(exist_ok=True)
    (clone / name).unlink(missing_ok=True)
    if content is not None:
        (clone / name).write_text(content)

    assert extended.main(["--check"], clone) == 1
    assert capsys.readouterr().out == f"{name}: out of date; run `make readme`\n"
    assert extended.main([], clone) == 0
    assert extended.main(["--check"], clone) == 0


def test_a_declaration_that_is_wrong_is_one_line(
    clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (clone / "images/minimal/slipway/tasks/files.py").write_text("boom\n")

    assert extended.main(["--check"], clone) == 1
    assert "images/minimal: tasks/files.py: " in capsys.readouterr().out


@pytest.mark.parametrize("image", ["base", "jupyter", "minimal"])
def test_compose_takes_the_templates(image: str, tmp_path: Path) -> None:
    """
    And a variable of the user's stands where the default does.
    """
    for words in (["docker-compose"], ["docker", "compose"]):
        if (
            shutil.which(words[0])
            and subprocess.run([*words, "version"], check=False, capture_output=True).returncode
            == 0
        ):
            break
    else:
        pytest.skip("no Compose")
    shutil.copy(ROOT / f"templates/{image}/compose.yaml", tmp_path / "docker-compose.yaml")
    done = subprocess.run(
        [*words, "config"],
        cwd=tmp_path,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "WORKSPACE": "/data"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "WORKSPACE: /data" in done.stdout
    assert ":/data" in done.stdout.replace("target: ", ":")
