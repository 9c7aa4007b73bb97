"""
The base image: pulled, or made from Debian's packages under the name that FROM expects.
"""

from __future__ import annotations

import io
import re
import shlex
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine import authorities, client, lock, packages
from engine.commands import Failure, ask, run

if TYPE_CHECKING:
    from engine.project import Project
    from engine.steps import Step

SUITES = {"12": "bookworm", "13": "trixie"}
ANSWER = 20.0  # seconds for a registry to say anything
PULL = 900.0
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
INDEX = "$(ORIGIN) $(CREATED_BY) $(COMPONENT) $(RELEASE) $(REPO_URI)"
UNKNOWN = "$(ORIGIN)"  # what apt prints for it before the first `apt-get update`

# What sets debian:*-slim apart from a plain Debian: see dpkg.cfg(5).
SLIM = [
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/groff/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/linda/*",
    "path-exclude=/usr/share/lintian/*",
    "path-exclude=/usr/share/locale/*",
    "path-include=/usr/share/locale/locale.alias",
    "path-exclude=/usr/share/man/*",
]
APT = [
    'Acquire::GzipIndexes "true"',
    'Acquire::Languages "none"',
    'APT::AutoRemove::SuggestsImportant "false"',
]
HOOKS = [
    'mkdir -p "$1/etc/apt/sources.list.d"',
    'rm -f "$1/etc/apt/sources.list" "$1"/etc/apt/sources.list.d/*',
]
# Merges /usr by links from the start: else the package that does it brings all of Perl, 45 MB.
MERGED_USR = Path("/usr/share/mmdebstrap/hooks/maybe-merged-usr")
# Packages must not start services while an image is built; mmdebstrap removes a file of this name.
NO_SERVICES = ("usr/sbin/policy-rc.d", b"#!/bin/sh\nexit 101\n")


class Archive(NamedTuple):
    """
    Where the host's apt has Debian from.
    """

    main: str
    security: str

    def sources(self, suite: str) -> str:
        """
        Return the sources of a release, with its updates and security fixes.
        """
        return (
            f"Types: deb\nURIs: {self.main}\nSuites: {suite} {suite}-updates\n"
            f"Components: main\nSigned-By: {KEYRING}\n\n"
            f"Types: deb\nURIs: {self.security}\nSuites: {suite}-security\n"
            f"Components: main\nSigned-By: {KEYRING}\n"
        )


def suite_of(name: str) -> str | None:
    """
    Return the release that a Debian image's name means, if it is one that we can make.
    """
    match = re.fullmatch(r"(?:docker\.io/)?(?:library/)?debian:(\w+?)(?:-slim)?", name)
    if match is None:
        return None
    suite = SUITES.get(match[1], match[1])
    return suite if suite in SUITES.values() else None


def ensure(project: Project, step: Step) -> None:
    """
    Make sure that the engine has the base image. One that it has stays as it is, and is pinned.
    """
    name, known = project.base, lock.read(project)
    pinned = known.pinned(name)
    if client.has_image(project, pinned):
        step.did(f"{name} is there", timed=False)
    elif pinned != name:
        if not _pulled(project, step, pinned):
            raise Failure(
                f"{pinned}, which image.lock has for {name}, cannot be pulled: "
                "see whether its registry can be reached, or move the lock with `make update`",
                project.log("base"),
            )
        step.did(f"{pinned} pulled")
    elif _pulled(project, step, name):
        step.did(f"{name} pulled")
    else:
        _make_instead(project, step)
    if pinned == name:
        lock.write(project, known.with_base(name, client.digest(project, name)))


def renew(project: Project, step: Step) -> None:
    """
    Have the base image as it is today, and pin it.
    """
    name, known = project.base, lock.read(project)
    before, suite = known.pinned(name), suite_of(name)
    if _pulled(project, step, name):
        step.did(f"{name} pulled")
    elif client.has_image(project, before) and (client.digest(project, before) or suite is None):
        step.did(f"{before} stays as it is", timed=False)
        step.note(f"{name} cannot be pulled: {project.shown(project.log('base'))} says why")
        return
    else:
        _make_instead(project, step)
    pinned = client.digest(project, name)
    lock.write(project, known.with_base(name, pinned))
    if not pinned:
        step.note(f"{name} has no digest, as it was not pulled: image.lock does not pin it")


def _make_instead(project: Project, step: Step) -> None:
    """
    Make a base image that can't be pulled.
    """
    name, suite = project.base, suite_of(project.base)
    if suite is None:
        raise Failure(
            f"{name} cannot be pulled, and only Debian 12 and 13 can be made here: "
            "see whether its registry can be reached",
            project.log("base"),
        )
    make(project, step, suite=suite, name=name)
    step.did(f"{name} made from Debian's packages")


def _pulled(project: Project, step: Step, name: str) -> bool:
    log = project.log("base")
    log.unlink(missing_ok=True)
    step.doing(f"docker pull {name}")
    words = ["docker", "pull", name]
    code = run(words, log=log, environment=project.environment, seconds=PULL, first_line=ANSWER)
    return code == 0


def make(project: Project, step: Step, *, suite: str, name: str, include: str = "") -> None:
    """
    Make an image from the packages that the host's own apt mirror has.

    + include: packages beyond the smallest system, separated by commas
    """
    if not shutil.which("mmdebstrap"):
        packages.install(project, step, why=f"{name} cannot be pulled", required=["mmdebstrap"])
    archive = archive_of(ask(["apt-get", "indextargets", "--format", INDEX]).text)
    if archive is None:
        raise Failure(f"{name} cannot be pulled, and this host's apt knows no Debian mirror")
    log = project.log("base")
    with tempfile.TemporaryDirectory(prefix="slipway-base-") as folder:
        root = Path(folder)
        root.chmod(0o755)  # mmdebstrap may read it as another user
        sources = root / "debian.sources"
        sources.write_text(archive.sources(suite))
        tar = root / "base.tar"
        words = _mmdebstrap(suite, sources, tar, include=include)
        if run(words, log=log, environment=project.environment, on_line=step.doing) != 0:
            raise Failure(f"{name} could not be made from Debian's packages", log)
        with tarfile.open(tar, "a") as image:
            _add(image, *NO_SERVICES)
        step.doing("docker import")
        words = ["docker", "import", "--change", 'CMD ["bash"]', str(tar), name]
        if run(words, log=log, environment=project.environment) != 0:
            raise Failure(f"the engine did not take {name}", log)


def archive_of(targets: str) -> Archive | None:
    """
    Read the archive from `apt-get indextargets`: the security suite's, and the one beside it.
    """
    rows = [line.split(maxsplit=4) for line in targets.splitlines()]
    for origin in ("Debian", UNKNOWN):
        found: dict[str, str] = {}
        for row in rows:
            if row[:3] == [origin, "Packages", "main"] and row[4].startswith(("http:", "https:")):
                found.setdefault(row[3], row[4].rstrip("/"))
        for release, uri in found.items():
            suite = release.removesuffix("-security")
            if suite != release and suite in found:
                return Archive(main=found[suite], security=uri)
    return None


def _add(image: tarfile.TarFile, path: str, content: bytes) -> None:
    entry = tarfile.TarInfo(f"./{path}")
    entry.size, entry.mode = len(content), 0o755
    image.addfile(entry, io.BytesIO(content))


def _mmdebstrap(suite: str, sources: Path, tar: Path, *, include: str) -> list[str]:
    extra = sources.with_name("ca-certificates")
    over_tls = "https:" in sources.read_text()
    if over_tls:  # else apt in the image could not use its own sources
        include = ",".join(filter(None, [include, "ca-certificates"]))
        authorities.gather(extra)
    # fmt: off
    return [
        "mmdebstrap", "--verbose", "--variant=minbase",
        *([f"--hook-directory={MERGED_USR}"] if MERGED_USR.exists() else []),
        *([f"--include={include}"] if include else []),
        *(f"--dpkgopt={line}" for line in SLIM),
        *(f"--aptopt={line}" for line in APT),
        *(f"--customize-hook={line}" for line in HOOKS),
        f"--customize-hook=copy-in {sources} /etc/apt/sources.list.d",
        *(
            f"--customize-hook=copy-in {shlex.quote(str(path))} {authorities.HOSTS}"
            for path in sorted(extra.glob("*.crt"))
        ),
        *(['--customize-hook=chroot "$1" update-ca-certificates'] if over_tls else []),
        suite, str(tar), str(sources),
    ]
    # fmt: on
