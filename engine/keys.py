"""
Keys: the user's, for the container to let him in; and the container's, for him to know it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine import owner, packages
from engine.commands import Failure, ask

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from engine.project import Project
    from engine.steps import Step

KINDS = ("ssh-", "ecdsa-", "sk-")
GIVEN = ("SSH_PUBKEY", "PUBLIC_KEY", "SSH_PUBLIC_KEY")


def ensure_authorized(project: Project, step: Step) -> None:
    """
    Make sure that somebody can log in: the keys that are given, the user's own, or a new one.
    """
    path = project.config / "authorized_keys"
    if path.is_dir():  # what the engine makes of a bind mount whose source is missing
        try:
            path.rmdir()
        except OSError as error:
            raise Failure(f"{project.shown(path)} is a directory: make it a file") from error
    given = next((name for name in GIVEN if project.settings.get(name)), None)
    if path.exists() and _keys(path):
        step.did(f"in {project.shown(path)}", timed=False)
    elif given:
        path.touch()
        step.did(f"given by {given}", timed=False)
    elif own := users_keys(owner.home(project.environment) / ".ssh"):
        _write(project, path, own)
        step.did(f"{project.shown(path)} made from your ~/.ssh/*.pub", timed=False)
    else:
        private = project.config / "id_ed25519"
        if not private.exists():
            _make_pair(project, step, private)
        _write(project, path, _keys(_public(private)))
        step.did(f"{project.shown(private)} made for you: no key in ~/.ssh", timed=False)


def users_keys(folder: Path) -> list[str]:
    """
    Return the public keys in a user's own folder; a certificate is no key.
    """
    files = sorted(path for path in folder.glob("*.pub") if not path.name.endswith("-cert.pub"))
    return [key for path in files for key in _keys(path)]


def identity(project: Project) -> Path | None:
    """
    Return the private key that was made here, if it opens the container.
    """
    private = project.config / "id_ed25519"
    try:
        ours = _keys(_public(private))
        authorized = _keys(project.config / "authorized_keys")
    except (OSError, Failure):
        return None
    return private if private.exists() and ours and ours[0] in authorized else None


def remember_host(project: Project, container: str, address: str, port: int) -> Path:
    """
    Write the container's host keys for ssh to check it by.
    """
    show = ["docker", "exec", container, "sh", "-c", "cat /etc/ssh/ssh_host_*_key.pub"]
    answer = ask(show, environment=project.environment)
    if answer.code != 0:
        raise Failure("the container has no host keys: see `make logs`")
    host = address if port == 22 else f"[{address}]:{port}"  # noqa: PLR2004 - ssh's own
    path = project.config / "known_hosts"
    lines = known_hosts(host, answer.text.splitlines())
    if not path.exists() or path.read_text() != lines:
        path.write_text(lines)
    return path


def known_hosts(host: str, keys: Iterable[str]) -> str:
    """
    Return the known_hosts lines of public host keys, without their comments.
    """
    return "".join(f"{host} {' '.join(key.split()[:2])}\n" for key in keys if key.strip())


def _keys(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    return [
        line.strip()
        for line in lines
        if not line.lstrip().startswith("#")
        and any(word.startswith(KINDS) for word in line.split())
    ]


def _write(project: Project, path: Path, keys: list[str]) -> None:
    # The file is tracked, empty, so that the mount always has a source; what is the user's is not
    # the repository's, and must not show up as a change of it. In place: the container has it open.
    relative = str(path.relative_to(project.root))
    ask(["git", "-C", str(project.root), "update-index", "--skip-worktree", "--", relative])
    path.write_text("".join(f"{key}\n" for key in keys))


def _public(private: Path) -> Path:
    """
    Return the public half of a private key; one that is gone is made again.
    """
    public = private.with_suffix(".pub")
    if private.exists() and not public.exists():
        # No passphrase: else ssh-keygen would ask the terminal for one.
        made = ask(["ssh-keygen", "-y", "-P", "", "-f", str(private)])
        if made.code != 0:
            why = made.error.strip().splitlines()[-1:] or ["it gives no reason"]
            raise Failure(f"ssh-keygen cannot read {private} ({why[0]}): move it away")
        public.write_text(made.text)
    return public


def _make_pair(project: Project, step: Step, private: Path) -> None:
    if ask(["ssh-keygen", "-?"]).code == 127:  # noqa: PLR2004 - the shell's "not found"
        packages.install(project, step, why="There is no ssh client", required=["openssh-client"])
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "slipway", "-f", str(private)]
    made = ask(words)
    if made.code != 0:
        raise Failure(f"ssh-keygen could not make {private}: {made.error.strip()}")
