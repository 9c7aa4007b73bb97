"""
Tasks at their best: pyinfra's own operations work in them, and extensions build on one another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.live.conftest import KeyPair, Slipway, wait_until

Start = Callable[..., Slipway]
Write = Callable[[Mapping[str, str]], Path]

# What a start needs the network for stands in a task of its own: an author may want it in a build
TASKS = {
    "10-packages": """
from pyinfra.operations import apt, server
apt.packages(name="apt.packages", packages=["cron", "gnupg", "python3-venv"],
             update=True, cache_time=9999, no_recommends=True)
server.packages(name="server.packages", packages=["cron"])
apt.repo(name="apt.repo", src="deb [trusted=yes] file:/srv/repo ./", filename="demo")
""",
    "20-files": """
from io import StringIO
from pyinfra.operations import files
files.directory(name="files.directory", path="/srv/a", mode="750")
files.put(name="files.put", src="sources/plain", dest="/srv/a/plain")
files.put(name="files.put of a text", src=StringIO("x"), dest="/srv/a/text")
files.template(name="files.template", src="sources/page.j2", dest="/srv/a/page", names=["b", "c"])
files.line(name="files.line", path="/srv/a/lines", line="added")
files.block(name="files.block", path="/srv/a/block", content="block", marker="# {mark} demo")
files.replace(name="files.replace", path="/etc/issue", text="Debian", replace="Demo")
files.link(name="files.link", path="/srv/a/link", target="/srv/a/plain")
files.file(name="files.file", path="/srv/a/page", mode="600")
files.sync(name="files.sync", src="sources", dest="/srv/b")
""",
    "30-server": """
from pyinfra import host
from pyinfra.facts.files import File
from pyinfra.operations import crontab, git, gpg, python, server
server.group(name="server.group", group="demo")
server.user(name="server.user", user="demo", group="demo", home="/srv/demo", shell="/bin/sh")
crontab.crontab(name="crontab.crontab", command="true", cron_name="demo", minute="5")
git.config(name="git.config", key="user.name", value="demo")
if not host.get_fact(File, path="/srv/repo.git/HEAD"):
    server.shell(
        name="server.shell",
        commands=["git init -q --bare /srv/repo.git", "git clone -q /srv/repo.git /srv/w",
                  "cd /srv/w && git -c user.email=x@x.example commit -q --allow-empty -m x "
                  "&& git push -q origin HEAD:main"],
    )
git.repo(name="git.repo", src="/srv/repo.git", dest="/srv/checkout", branch="main")
if not host.get_fact(File, path="/srv/demo.gpg"):
    gpg.dearmor(name="gpg.dearmor", src="/etc/slipway/works/sources/key.asc", dest="/srv/demo.gpg")
if not host.get_fact(File, path="/srv/called"):
    python.call(name="python.call", function=lambda: open("/srv/called", "w").close())
if not host.get_fact(File, path="/srv/scripted"):
    server.script(name="server.script", src="sources/script")
""",
    "40-pip": """
from pyinfra.operations import pip


pip.venv(name="pip.venv", path="/srv/venv", python="python3")
pip.packages(name="pip.packages", packages=["six==1.17.0"], virtualenv="/srv/venv")
""",
    "50-wrong": """
from pyinfra.operations import files
files.directory(name="of a wrong type", path=["no", "path"])
""",
}
KEY = """\
-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEZ0AAABYJKwYBBAHaRw8BAQdAAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBka
Gxwd
=jQD1
-----END PGP PUBLIC KEY BLOCK-----
"""
DONE = {
    "/srv/a/page": "b, c.\n",
    "/srv/a/text": "x",
    "/srv/b/plain": "plain\n",
    "/srv/called": "",
    "/srv/scripted": "",
}


def outcomes(report: dict[str, Any], extension: str) -> dict[str, str]:
    """
    Return the outcome of each of an extension's operations.
    """
    operations = report["operations"]
    return {each["name"]: each["outcome"] for each in operations if each["task"] == extension}


def test_pyinfras_operations_and_extensions_of_extensions(
    start: Start, key: KeyPair, write: Write
) -> None:
    """
    One of each module that makes sense on Debian works, and changes nothing the second time.

    Who requires another extension replaces its files and its defaults; who does not is refused.
    """
    imports = "from slipway.extension import *\nEXTENSION = Extension("
    show = (
        "from pyinfra import host\nfrom pyinfra.operations import files\nfrom io import StringIO\n"
    )
    root = write(
        {
            **{f"works/tasks/{name}.py": task for name, task in TASKS.items()},
            "works/sources/plain": "plain\n",
            "works/sources/page.j2": "{{ names | join(', ') }}.\n",
            "works/sources/script": "#!/bin/sh\ntouch /srv/scripted\n",
            "works/sources/key.asc": KEY,
            "under/extension.py": f'{imports}variables=[Variable("WORD", text, default="under", '
            'meaning="A word.")])\n',
            "under/files/etc/mine.conf": "under\n",
            "under/files/etc/kept.conf": "kept\n",
            "under/tasks/10.py": f"{show}files.put(name='Show', "
            "src=StringIO(host.data.variables['WORD']), dest='/srv/word')\n",
            "over/extension.py": f'{imports}requires=["under"], defaults={{"WORD": "over"}})\n',
            "over/files/etc/mine.conf": "over\n",
            "over/files/etc/motd": "A greeting of its own.\n",
            "wild/files/etc/kept.conf": "wild\n",
            "wild/files/etc/profile.d/slipway.sh": "wild\n",
            "wild/files/srv/own": "own\n",
        }
    )
    slipway = start(environment={"SSH_PUBKEY": key.public}, volumes=[f"{root}:/etc/slipway:ro"])
    slipway.wait_ssh(key)
    first = wait_until(slipway.report, "converged", 240)  # it installs packages
    done = outcomes(first, "works")
    failed = {name for name, outcome in done.items() if outcome == "failed"}

    why = [each["detail"] for each in first["operations"] if each["outcome"] == "failed"]
    assert failed == {"of a wrong type", "tasks/50-wrong.py"}, "\n".join(why)
    assert "line 3: `path` must be a string" in "\n".join(why)
    assert {path: slipway.check_output("cat", path) for path in DONE} == DONE
    assert slipway.check_output("/srv/venv/bin/python", "-c", "import six; print(1)") == "1\n"
    assert slipway.check_output("stat", "-c", "%U", "/srv/checkout/.git") == "root\n"

    second = outcomes(slipway.converge(), "works")
    assert {name for name, outcome in second.items() if outcome == "changed"} == set()

    assert slipway.check_output("cat", "/etc/mine.conf") == "over\n"
    assert slipway.check_output("cat", "/etc/motd") == "A greeting of its own.\n"
    assert slipway.check_output("cat", "/srv/word") == "over"
    assert slipway.check_output("cat", "/etc/kept.conf") == "kept\n"
    assert slipway.check_output("cat", "/srv/own") == "own\n"
    said = "".join(each["detail"] for each in first["operations"] if each["task"] == "wild")
    assert "/etc/kept.conf is under's; with requires=['under'] it would be replaced" in said
    assert "/etc/profile.d/slipway.sh is Slipway's own place" in said
    assert "wild" in slipway.health().stdout
