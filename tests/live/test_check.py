"""
What `slipway check` lists is what `slipway converge` changes: no more, no less, and in words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import KeyPair, Slipway
from .test_specs import MUTATIONS

Start = Callable[..., Slipway]

CONF = "/etc/supervisor/conf.d"
WEB = r"printf '[program:web]\ncommand=sleep 1000\nstartsecs=0\n'"

# Drift beyond what a spec is about: what one operation mends is what a later one looks at
DRIFT = {
    "no keys": "rm /root/.ssh/authorized_keys",
    "no keys, sshd stopped": "rm /root/.ssh/authorized_keys; supervisorctl stop sshd",
    "no .ssh": "rm -r /root/.ssh",
    "a key and its mode": "cd /root/.ssh; sed -i d authorized_keys; chmod 644 authorized_keys",
    "no record": "rm /var/lib/slipway/keys",
    "another's keys": "chown nobody /root/.ssh/authorized_keys",
    "chroot's mode": "chmod 777 /run/sshd",
    "no chroot": "rmdir /run/sshd",
    "motd is a link": "ln -sf /etc/hostname /etc/motd",
    "no drop-in": "rm /etc/ssh/sshd_config.d/00-slipway.conf",
    "drop-ins gone": "rm -r /etc/ssh/sshd_config.d",
    "no variables of sshd": "rm /run/slipway/sshd.conf",
    "no host key": "rm /etc/ssh/ssh_host_ed25519_key*",
    "no public part": "rm /etc/ssh/ssh_host_ed25519_key.pub",
    "no supervisorctl": "rm /usr/local/bin/supervisorctl",
    "another supervisorctl": "ln -sfn /bin/true /usr/local/bin/supervisorctl",
    "extrausers": "sed -i 's/ extrausers//' /etc/nsswitch.conf",
    "a new program": f"{WEB} > {CONF}/web.conf",
    "a changed program": f"{WEB} > {CONF}/web.conf; echo priority=7 >> {CONF}/web.conf",
    "a stopped program": "supervisorctl stop web",
    "two programs, one removed": f"rm {CONF}/web.conf; {WEB} | sed s/web/two/ > {CONF}/two.conf",
    "the last program removed": f"rm {CONF}/two.conf",
    "cron's file": f"rm {CONF}/cron.conf",
    "cron's file, applied": f"rm {CONF}/cron.conf; supervisorctl update",
    "both files": f"rm {CONF}/cron.conf {CONF}/sshd.conf; supervisorctl stop sshd",
    "no workspace at all": "rm -r /workspace",
    "a remote": "printf '[far]\\ntype = memory\\n' > /etc/rclone/rclone.conf; true",
    "a readable rclone.conf": "chmod 644 /etc/rclone/rclone.conf",
    "no remote": "rm -f /etc/rclone/rclone.conf",
    "directories above": "chmod 777 / /var /var/lib; chown nobody /run /root/.ssh",
    "directories, and an ACL": "setfacl -m u:1234:rwx /root /root/.ssh /var/lib/slipway /var/lib",
    "an owner for all": "chown -R 1234:1234 /etc/ssh /root /run/slipway /var/lib/slipway",
    "a mode for all": "chmod -R 777 /etc/ssh /etc/supervisor /root /run/slipway /var/lib/slipway",
    "everything": (
        "echo x > /etc/motd; rm -r /root/.ssh /workspace; supervisorctl stop all;"
        f"rm {CONF}/*.conf /etc/ssh/sshd_config.d/*; chmod 700 /run/sshd"
    ),
}
BY_ITSELF = "a program that fails"  # it is tried again and again, whoever looks
CASES = {
    **{name: command for name, (command, _) in MUTATIONS.items() if name != BY_ITSELF},
    **DRIFT,
}

# Everything that a convergence may change, as one document; what changes by itself is left out
WORLD = r"""
import hashlib, json, os, stat, subprocess
from supervisor.xmlrpc import SupervisorTransport
from xmlrpc.client import ServerProxy
ROOTS = ["/etc", "/root", "/run/slipway", "/run/sshd", "/workspace", "/usr/local",
         "/var/lib/slipway", "/var/lib/extrausers", "/var/log/supervisor", "/run/utmp",
         "/usr/share/terminfo"]
LEFT_OUT = ("/run/slipway/report.json", "/run/slipway/lock", "/run/slipway/unfinished",
            "/run/slipway/processes", "/run/slipway/rclone",
            "/workspace/remote", "/root/.cache",
            "/var/lib/slipway/laid", "/var/lib/slipway/replaced", "/var/lib/slipway/positions",
            "/var/log/supervisor/", "/etc/ld.so.cache")
def one(path):
    status = os.lstat(path)
    what = [stat.S_IFMT(status.st_mode), oct(status.st_mode), status.st_uid, status.st_gid]
    if stat.S_ISLNK(status.st_mode):
        return what + [os.readlink(path)]
    what += [os.getxattr(path, name).hex() for name in sorted(os.listxattr(path)) if "acl" in name]
    if stat.S_ISREG(status.st_mode):
        what.append(hashlib.sha256(open(path, "rb").read()).hexdigest())
    return what
world = {path: one(path) for path in ["/", "/run", "/usr", "/usr/lib", "/var", "/var/lib"]}
for root in ROOTS:
    if os.path.lexists(root):
        world[root] = one(root)
    for folder, directories, files in os.walk(root):
        for name in directories + files:
            path = os.path.join(folder, name)
            if not path.startswith(LEFT_OUT):
                world[path] = one(path)
server = ServerProxy("http://x", transport=SupervisorTransport(serverurl="unix:///run/supervisor.sock"))
for each in server.supervisor.getAllProcessInfo():
    up = each["statename"] in ("RUNNING", "STARTING", "BACKOFF")
    world[each["name"]] = [up, each["pid"] if each["name"] != "web" else up and each["start"]]
if os.path.exists("/run/sshd.pid"):
    world.setdefault("sshd", []).append(os.stat("/run/sshd.pid").st_mtime_ns)
packages = subprocess.run(["dpkg-query", "-Wf", "${Package} ${db:Status-Status}\n"],
                          capture_output=True, text=True).stdout
installed = [line.split()[0] for line in packages.splitlines() if line.endswith(" installed")]
world |= dict.fromkeys(installed, True)
print(json.dumps(world))
"""


def world(slipway: Slipway) -> dict[str, Any]:
    """
    Return what there is, by path, program and package.
    """
    seen: dict[str, Any] = json.loads(
        slipway.check_output("/opt/slipway/venv/bin/python3", "-Ic", WORLD)
    )
    return seen


def difference(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """
    Return the subjects that are not as before; a host key is one with its public part.
    """
    names = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    return {name.removesuffix(".pub") if "_key" in name else name for name in names}


def listed(report: dict[str, Any]) -> list[tuple[str, str, str]]:
    """
    Return task, operation and line of everything that a report says was or would be changed.
    """
    return [
        (each["task"], each["name"], line.replace(": would ", ": "))
        for each in report["operations"]
        if each["outcome"] == "changed"
        for line in each["detail"].splitlines()
    ]


def subjects(report: dict[str, Any]) -> set[str]:
    """
    Return what these lines are about.
    """
    return {line.partition(": ")[0] for _, _, line in listed(report)}


@pytest.fixture(scope="module")
def slipway(module_start: Start, key: KeyPair) -> Slipway:
    """
    One container: what a case breaks is mended by its end.
    """
    container = module_start(
        environment={"SSH_PUBKEY": key.public, "CANARY": "1", "GPU_COUNT": "2"},
        devices=[f"/dev/null:/dev/nvidia{number}" for number in range(4)],
    )
    container.wait_converged()
    container.wait_host_keys()
    container.check_output("mkdir", "-p", "/etc/rclone")
    container.converge()
    return container


@pytest.mark.parametrize("case", CASES)
def test_what_check_lists_is_what_converge_changes(slipway: Slipway, case: str) -> None:
    """
    The same things in the same words; of the container itself nothing else is another afterwards.
    """
    slipway.exec("sh", "-c", CASES[case])
    before = world(slipway)
    check = slipway.as_json("slipway", "check", "--json")
    done = slipway.converge()
    after = world(slipway)

    assert [each for each in done["operations"] if each["outcome"] == "failed"] == []
    assert listed(check) == listed(done)
    made = difference(before, after)
    parents = {path for path in made if any(each.startswith(f"{path}/") for each in made)}
    assert subjects(check) - {"the rsa host key"} | parents == made | parents
    lines = [line for _, _, line in listed(check)]
    assert len(lines) == len(set(lines)), lines
    assert not re.search(r"<|BytesIO|\$\(|&&|mv -T", str(lines)), lines
    assert slipway.exec("slipway", "check").stdout == "nothing would change\n"


def test_a_check_says_it_in_words(slipway: Slipway) -> None:
    """
    The thing and what is wrong with it, one line each.
    """
    slipway.check_output(
        "sh",
        "-c",
        "rm /root/.ssh/authorized_keys; echo bad > /etc/motd; chmod 777 /run/sshd",
    )
    before = world(slipway)
    check = slipway.exec("slipway", "check")

    assert difference(before, world(slipway)) == set()
    assert (check.code, check.stdout.splitlines()) == (
        2,
        [
            "Overlay: /run/sshd: mode 777, should be 755",
            "Overlay: /etc/motd: content differs",
            "SSH: /root/.ssh/authorized_keys: 1 key missing",
        ],
    )
    slipway.converge()


def test_verbosely_it_shows_differences_and_never_a_secret(slipway: Slipway, key: KeyPair) -> None:
    """
    Public keys are public; what sessions see may be a password.
    """
    slipway.check_output(
        "sh",
        "-c",
        "echo bad > /etc/motd; sed -i s/CANARY=.*/CANARY=hunter2/ /run/slipway/environment.sh;"
        "echo SetEnv X=hunter2 > /run/slipway/sshd.conf; : > /root/.ssh/authorized_keys",
    )
    said = slipway.exec("slipway", "check", "-v").stdout
    slipway.converge()

    assert "    -bad\n" in said
    assert f"    +{key.public}\n" in said
    assert re.search("(?m)^    \\$ .*mv -T -- /etc/.motd.slipway /etc/motd", said)
    assert "hunter2" not in said
    assert "CANARY" not in said


def test_what_is_half_done_is_no_drift(start: Start, key: KeyPair) -> None:
    """
    A check waits for a start, a convergence and the maker of a host key.
    """
    container = start(environment={"SSH_PUBKEY": key.public})
    at_start = [container.exec("slipway", "check") for _ in range(3)]
    container.wait_host_keys()
    again = "rm -r /etc/ssh/ssh_host_rsa_key /root/.ssh /workspace; slipway converge > /dev/null"
    container.check_output("sh", "-c", again)
    beside = [container.exec("slipway", "check") for _ in range(3)]
    half_done = "mv /etc/motd /tmp/motd; touch /tmp/held; sleep 3; mv /tmp/motd /etc/motd"
    hold = f"flock /run/slipway/lock sh -c '{half_done}' > /dev/null 2>&1 &"
    container.check_output("sh", "-c", f"{hold}\nuntil [ -e /tmp/held ]; do sleep 0.01; done")
    waited = container.exec("slipway", "check")

    assert [(each.code, each.stdout) for each in (*at_start, *beside, waited)] == [
        (0, "nothing would change\n")
    ] * 7
    assert "waiting for its end" in waited.stderr
