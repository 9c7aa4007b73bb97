"""
Write caches: one rclone each, whoever dies.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from slipway.remotes.mounted import cache_claims

HOLD = """
import sys
from pathlib import Path
from slipway.remotes.mounted import cache_claims
held = cache_claims.take(Path(sys.argv[1]), "far")
print(held.cache.name, flush=True)
sys.stdin.read()
"""


def holder(root: Path) -> subprocess.Popen[str]:
    """
    Start another process that takes a cache, as another container would.
    """
    process = subprocess.Popen([sys.executable, "-c", HOLD, root], stdin=-1, stdout=-1, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().strip().startswith("far")
    return process


def test_each_has_its_own_and_the_dead_have_none(tmp_path: Path) -> None:
    """
    The second gets a second cache; what a killed one had is free, and left over for the next.
    """
    with holder(tmp_path) as first, cache_claims.take(tmp_path, "far").lock as lock:
        assert Path(lock.name).parent == tmp_path / "far~2"
        assert list(cache_claims.left(tmp_path, "far", own=tmp_path / "far~2")) == []
        first.kill()
        first.wait()
        left = [entry.cache for entry in cache_claims.left(tmp_path, "far", own=tmp_path / "far~2")]

    assert left == [tmp_path / "far"]


def test_what_is_left_over_is_nobody_elses_meanwhile(tmp_path: Path) -> None:
    """
    While its files are taken over, no other container mounts with it.
    """
    (tmp_path / "far").mkdir()
    for entry in cache_claims.left(tmp_path, "far", own=tmp_path / "far~2"):
        with cache_claims.take(tmp_path, "far").lock as lock:
            assert Path(lock.name).parent == tmp_path / "far~2"
        assert entry.cache == tmp_path / "far"


def test_another_remotes_caches_are_not_touched(tmp_path: Path) -> None:
    """
    `far~2` is ours, `far2` and the place of a copied remote are not.
    """
    for name in ("far", "far~2", "far2", "far~sync"):
        (tmp_path / name).mkdir()

    left = [entry.cache.name for entry in cache_claims.left(tmp_path, "far", own=tmp_path / "far")]
    assert left == ["far~2"]


def test_what_nobody_uses_is_told(tmp_path: Path) -> None:
    """
    Of whatever remote; what is no cache is not listed.
    """
    assert cache_claims.unused(tmp_path) == []
    used, free = cache_claims.take(tmp_path, "far"), cache_claims.take(tmp_path, "gone")
    free.lock.close()
    (tmp_path / "else").mkdir()

    assert cache_claims.unused(tmp_path) == [tmp_path / "gone"]
    used.lock.close()
    assert cache_claims.unused(tmp_path) == [tmp_path / "far", tmp_path / "gone"]
