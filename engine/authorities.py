"""
The host's own certificate authorities, for images whose first connection needs them.
"""

from __future__ import annotations

from pathlib import Path

HOSTS = Path("/usr/local/share/ca-certificates")


def gather(folder: Path) -> list[str]:
    """
    Mirror the host's authorities into a folder, without subfolders; returns what can't be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, bytes] = {}
    unreadable = []
    for path in sorted(HOSTS.rglob("*.crt"), key=lambda path: (len(path.parts), path)):
        if path.is_dir():
            continue
        try:
            content = path.read_bytes()
        except OSError as error:
            unreadable.append(f"{path} can't be read ({error.strerror}): the image lacks it")
            continue
        name = "_".join(path.relative_to(HOSTS).parts)
        while name in found:
            name = f"_{name}"
        found[name] = content
    for stale in folder.glob("*.crt"):
        if stale.name not in found:
            stale.unlink()
    for name, content in found.items():
        target = folder / name
        if not target.exists() or target.read_bytes() != content:
            target.write_bytes(content)
        target.chmod(0o644)  # the mode is part of the cache's key
    return unreadable
