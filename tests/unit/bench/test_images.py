"""
Images of peers: built once, or known to be missing, and why.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import images
from bench.containers import PEERS, Failure
from bench.images import Images


def test_an_image_is_built_once_and_a_failure_is_the_same_each_time() -> None:
    """
    What can't be built is said by who needs it, not by who prepares.
    """
    built: list[str] = []

    def broken(tag: str) -> None:
        built.append(tag)
        raise Failure("no network")

    made = Images({"a": built.append, "b": broken})
    made.prepare()

    assert made.get("a") == made.get("a") == built[0]
    for _ in range(2):
        with pytest.raises(Failure, match="no network"):
            made.get("b")
    assert len(built) == 2


def test_without_a_checkout_of_vast_its_row_says_what_to_give(tmp_path: Path) -> None:
    """
    A path that is none says what it lacks.
    """
    for vast, why in ((None, "VAST=PATH"), (tmp_path, r"it has no ROOT/.*entrypoint\.sh")):
        with pytest.raises(Failure, match=why):
            images.of_peers("image", base="base", key="key", vast=vast).get("vast")


def test_a_checkout_of_vast_is_laid_beside_our_dockerfile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Its ROOT alone, links as links, modes as they are; the checkout is left as it was.
    """
    first = tmp_path / images.FIRST_OF_VAST
    first.parent.mkdir(parents=True)
    first.write_text("#!/bin/bash\n")
    first.chmod(0o755)
    (tmp_path / "ROOT/link").symlink_to("/nowhere")
    (tmp_path / "portal-aio").mkdir()
    before = sorted(tmp_path.rglob("*"))
    seen: dict[str, object] = {}

    def docker(*words: str) -> str:
        context = Path(words[-1])
        seen["top"] = sorted(path.name for path in context.iterdir())
        seen["mode"] = (context / images.FIRST_OF_VAST).stat().st_mode & 0o777
        seen["link"] = (context / "ROOT/link").is_symlink()
        seen["words"] = words
        return ""

    monkeypatch.setattr(images, "docker_", docker)
    images.of_peers("ours", base="base", key="ssh-ed25519 A bench", vast=tmp_path).get("vast")
    words = seen.pop("words")

    assert seen == {"top": ["Dockerfile", "ROOT", "sshd.conf"], "mode": 0o755, "link": True}
    assert isinstance(words, tuple)
    assert {"--build-arg=BASE=ours", "--build-arg=KEY=ssh-ed25519 A bench"} <= set(words)
    assert sorted(tmp_path.rglob("*")) == before


def test_what_s6_runs_can_be_run() -> None:
    """
    Git keeps that bit alone: a script without it would be left out in silence.
    """
    root = PEERS / "s6/root"
    scripts = [root / "init", *root.glob("etc/cont-init.d/*"), *root.glob("etc/s6/*/*")]
    scripts += [path for path in root.rglob("etc/services.d/**/*") if path.is_file()]

    assert len(scripts) == 11
    assert not [path for path in scripts if not path.stat().st_mode & 0o111]
