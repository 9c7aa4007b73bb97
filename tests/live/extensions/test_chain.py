"""
A built image with three programs in a chain, variables, a file, apt and pip packages: what breaks
is found by check, verify or health, and mended by a convergence.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from tests.live.conftest import PREFIX, KeyPair, Slipway, wait_until

Start = Callable[..., Slipway]

FILES = {
    "Dockerfile": """\
ARG BASE
FROM ${BASE}
COPY slipway/ /etc/slipway/chain/
RUN slipway converge --phase build
""",
    "slipway/extension.py": """\
from slipway.extension import Extension, Variable, port, text

EXTENSION = Extension(
    title="Chain",
    variables=[
        Variable("CHAIN_PORT", port, default="8101", meaning="Where its end listens."),
        Variable("CHAIN_WORD", text, default="hello", meaning="What its end says.", secret=True),
    ],
)
""",
    "slipway/files/etc/chain.conf": "of the chain\n",
    "slipway/files/usr/local/bin/chain-link": """\
#!/opt/chain/bin/python
import http.server
import os

import six


class Link(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(six.ensure_binary(os.environ["WORD"]))


http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Link).serve_forever()
""",
    "slipway/tasks/10-packages.py": """\
from slipway.operations import packages, python

packages.installed(name="Install hello", packages=["hello", "python3-venv"])
python.environment(name="Make an environment", path="/opt/chain", packages=["six==1.17.0"])
""",
    "slipway/tasks/20-programs.py": """\
from pyinfra import host

from slipway.operations import service

variables = host.data.variables
for name, port, after in (
    ("chain-a", 8103, []),
    ("chain-b", 8102, ["chain-a"]),
    ("chain-c", variables["CHAIN_PORT"], ["chain-b"]),
):
    service.program(
        name=f"Run {name}",
        program=name,
        command=["chain-link"],
        environment={"WORD": f"{name} {variables['CHAIN_WORD']}"},
        port=port,
        ready=f"http://127.0.0.1:{port}/",
        after=after,
    )
""",
    "slipway/specs/test_chain.py": """\
import pytest


def test_the_package_is_there(host):
    assert host.package("hello").is_installed


@pytest.mark.start
def test_its_end_says_the_word(host, settings):
    said = host.check_output("curl -fsS http://127.0.0.1:%s/", str(settings["CHAIN_PORT"]))

    assert said == f"chain-c {settings['CHAIN_WORD']}"
""",
}

# A way to break it, and what check says of it; "" where check has nothing to say
MUTATIONS = {
    "a program's file": (
        "echo x=y >> /etc/supervisor/conf.d/chain-b.conf",
        "chain-b.conf: content",
    ),
    "a program's file is gone": ("rm /etc/supervisor/conf.d/chain-c.conf", "chain-c.conf: missing"),
    "a package": ("dpkg --purge hello", "hello: not installed"),
    "a distribution": (
        "rm -r /opt/chain/lib/python3*/site-packages/six*",
        "/opt/chain: six not installed",
    ),
    "its version": (
        "/opt/chain/bin/pip install -q six==1.16.0",
        "/opt/chain: six 1.16.0, should be 1.17.0",
    ),
    "a file": ("echo more >> /etc/chain.conf", "/etc/chain.conf: content differs"),
    "a mode": ("chmod 600 /usr/local/bin/chain-link", "/usr/local/bin/chain-link: mode 600"),
    "a stopped program": ("supervisorctl stop chain-a", "chain-a"),
}
# The mutations that a spec of the extension notices
VERIFIED = {"a package", "a program's file is gone"}


@pytest.fixture(scope="module")
def chain(
    engine: docker.DockerClient, image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """
    Build the image.
    """
    place: Path = tmp_path_factory.mktemp("chain")
    for name, content in FILES.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(0o755 if content.startswith("#!") else 0o644)
    name = f"{PREFIX}{uuid.uuid4().hex[:12]}"
    engine.images.build(path=str(place), tag=name, buildargs={"BASE": image}, rm=True, forcerm=True)
    yield name
    engine.images.remove(name, force=True)


def states(slipway: Slipway) -> dict[str, str]:
    """
    Return how the programs of the chain are.
    """
    programs = slipway.as_json("slipway", "status", "--json")["programs"]
    return {each["name"]: each["state"] for each in programs if each["name"].startswith("chain")}


def wait_ready(slipway: Slipway) -> None:
    """
    Wait until all of the chain is ready.
    """
    wait_until(lambda: set(states(slipway).values()) == {"ready"}, "the chain is ready")


def test_what_is_broken_is_found_and_mended(chain: str, start: Start, key: KeyPair) -> None:
    """
    One after the other, in one container; nothing is to be done before and after.
    """
    word = 'it\'s %(x)s; "$HOME" # é'
    variables = {"SSH_PUBKEY": key.public, "CHAIN_WORD": word, "CHAIN_PORT": "80801"}
    slipway = start(image=chain, environment=variables)
    report = slipway.wait_converged()
    wait_ready(slipway)

    (refusal,) = report["refusals"]
    assert refusal["variable"] == "CHAIN_PORT"
    assert refusal["effect"] == "8101 is used"
    assert report["settings"]["CHAIN_WORD"] == {"value": "***", "from": "CHAIN_WORD"}
    assert "CHAIN_PORT" in slipway.health().stdout
    ask = ["slipway", "verify", "--", "-k", "chain or the_word or the_package_is_there"]
    assert slipway.exec(*ask).code == 0
    before = slipway.check_output("sh", "-c", "stat -c %n:%y:%z /etc/supervisor/conf.d/chain*")
    assert slipway.converge()["totals"]["changed"] == 0
    assert before == slipway.check_output(
        "sh", "-c", "stat -c %n:%y:%z /etc/supervisor/conf.d/chain*"
    )

    for what, (command, said) in MUTATIONS.items():
        slipway.check_output("sh", "-c", command)
        check = slipway.exec("slipway", "check")
        assert (check.code, said in check.stdout) == (2, True), f"{what}: {check}"
        if what in VERIFIED:
            slipway.exec("supervisorctl", "update")
            assert slipway.exec(*ask).code == 1, what
        assert slipway.converge()["totals"]["changed"] > 0, what
        wait_ready(slipway)
        assert slipway.exec("slipway", "check").stdout == "nothing would change\n", what
        assert slipway.exec(*ask).code == 0, what

    spec = "/etc/slipway/chain/specs/test_chain.py"
    slipway.check_output("sed", "-i", "s/ is_installed/ is_(/; s/def test_the_p/def (/", spec)
    assert slipway.exec("slipway", "verify", "--", "-k", "test_files_mirrors").code == 1
    assert slipway.health().code == 0


def test_a_program_that_can_not_run_is_named_and_not_those_that_wait(
    chain: str, start: Start
) -> None:
    """
    Health says which, and a convergence brings all of them.
    """
    slipway = start(image=chain)
    wait_ready(slipway)
    slipway.check_output("supervisorctl", "stop", "all")
    slipway.check_output("mv", "/opt/chain", "/opt/away")
    slipway.exec("supervisorctl", "start", "chain-a")
    wait_until(lambda: slipway.health().code == 1, "it is unhealthy")
    said = slipway.health().stdout

    assert "chain-a" in said
    slipway.check_output("mv", "/opt/away", "/opt/chain")
    slipway.converge()
    wait_ready(slipway)
    slipway.wait_healthy()
