"""
What an image's author or a user has changed: kept, named once, and never undone over the network.
"""

from __future__ import annotations

from collections.abc import Callable

from .conftest import KeyPair, Slipway

Start = Callable[..., Slipway]
KEPT = "/var/lib/slipway/replaced/etc/motd"


def test_a_start_installs_nothing(start: Start, key: KeyPair) -> None:
    """
    A package that was removed is named; SSH comes up without any network, and all is healthy.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public}, network_mode="none", ports={})
    slipway.wait_converged()
    slipway.check_output("dpkg", "--purge", "--force-depends", "zip", "unzip")
    slipway.restart()
    report = slipway.report()
    assert report
    check = slipway.exec("slipway", "check")

    assert report["totals"]["failed"] == 0
    assert [entry["condition"] for entry in report["degraded"]] == [
        "not installed: unzip, zip; `slipway converge` installs them"
    ]
    slipway.wait_healthy()
    assert slipway.health().stdout == "healthy (degraded packages)\n"
    assert slipway.logs().count("not installed: unzip, zip") == 1
    assert check.code == 2
    assert check.stdout == "Packages: unzip: not installed\nPackages: zip: not installed\n"
    slipway.check_output("test", "-S", "/run/supervisor.sock")


# What becomes of dpkg's packages, and what a convergence of a start says of it
LOST = {
    "zip without /usr/bin/zip; `slipway converge` installs them": "rm /usr/bin/zip",
    "not installed: zip; `slipway converge` installs them": (
        "sed -i '/^Package: zip$/,/^$/s/^Status: .*/Status: install ok unpacked/' $status"
    ),
    "dpkg can't read its database": "head -c 3000 /dev/urandom > $status",
    "dpkg can't read its database: what is": "rm $status",
    "dpkg can't read its database: what is installed": "rm -f $status; mkfifo $status",
    "dpkg can't read its database: what is installed is not known": "rm /usr/bin/dpkg-query",
}


def test_packages_of_which_nothing_is_known_cost_no_start(start: Start, key: KeyPair) -> None:
    """
    A program that was removed, a package half done, dpkg's database lost: named, and SSH comes up.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_converged()
    slipway.check_output("cp", "-a", "/var/lib/dpkg/status", "/usr/bin/zip", "/tmp")
    for words, command in LOST.items():
        slipway.check_output("sh", "-c", f"status=/var/lib/dpkg/status; {command}")
        slipway.restart()
        slipway.wait_ssh(key)
        report = slipway.report()
        assert report
        (entry,) = report["degraded"]
        assert entry["condition"].startswith(words), words
        is_drift = "installs them" in words
        assert slipway.exec("slipway", "check").code == (2 if is_drift else 0), words
        slipway.wait_healthy()
        slipway.check_output("sh", "-c", "rm -f /var/lib/dpkg/status; cp -a /tmp/zip /usr/bin")
        slipway.check_output("cp", "-a", "/tmp/status", "/var/lib/dpkg/status")


def test_slipway_start_installs_nothing_either(start: Start, key: KeyPair) -> None:
    """
    Nor does the convergence beside a user's command.
    """
    slipway = start(
        environment={"SSH_PUBKEY": key.public},
        network_mode="none",
        ports={},
        entrypoint=["sh", "-c", "dpkg --purge --force-depends zip; exec sleep 1000"],
    )
    started = slipway.exec("slipway", "start")

    assert started.code == 0, started
    assert "not installed: zip" in started.stdout


def test_a_changed_file_is_kept_and_named_once(start: Start, key: KeyPair) -> None:
    """
    With its mode, below a directory that is root's alone; the next start has nothing to say.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_converged()
    slipway.check_output("sh", "-c", "echo mine > /etc/motd; chmod 640 /etc/motd")
    slipway.restart()
    report = slipway.report()
    assert report
    before = slipway.logs()

    assert [note["variable"] for note in report["notes"]] == ["/etc/motd"]
    assert before.count(KEPT) == 1
    assert slipway.check_output("cat", KEPT) == "mine\n"
    modes = slipway.check_output("stat", "-c", "%a", KEPT, "/var/lib/slipway/replaced")
    assert modes.split() == ["640", "700"]
    assert "slipway status" in slipway.check_output("cat", "/etc/motd")
    assert "/etc/motd" in slipway.status()
    slipway.restart()
    assert slipway.logs().count(KEPT) == 1


# What somebody has done to a file, and what the note says of it
WORK = {
    "/etc/motd": ("ln -sf /etc/hostname /etc/motd", "had changed it"),
    "/etc/profile.d/slipway.sh": ("rm /etc/profile.d/slipway.sh", "had removed it"),
    "/usr/local/bin/who": ("sed -i 's/$/\\r/' /usr/local/bin/who", "had changed it"),
    "/usr/local/bin/users": (
        "rm /usr/local/bin/users; mkdir -p /usr/local/bin/users/mine",
        "had made a directory of it",
    ),
    "/usr/local/bin/logtail.sh": (
        "rm /usr/local/bin/logtail.sh; mkfifo /usr/local/bin/logtail.sh",
        "had changed it; what it held could not be kept",
    ),
    "/etc/supervisor/conf.d/cron.conf": (
        "ln -sf /nowhere /etc/supervisor/conf.d/cron.conf",
        "had changed it",
    ),
}


def test_whatever_somebody_makes_of_a_file_is_said_once(start: Start, key: KeyPair) -> None:
    """
    A link is kept as a link, a directory beside its place, and each of several versions.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_converged()
    slipway.check_output("sh", "-ec", "\n".join(command for command, _ in WORK.values()))
    slipway.restart()
    report = slipway.report()
    assert report
    notes = {note["variable"]: note["text"] for note in report["notes"]}

    assert notes.keys() == WORK.keys()
    assert [path for path, (_, words) in WORK.items() if words not in notes[path]] == []
    assert slipway.check_output("readlink", KEPT) == "/etc/hostname\n"
    assert slipway.exec("test", "-d", "/usr/local/bin/users.replaced").code == 0
    slipway.wait_healthy()
    slipway.restart()
    again = slipway.report()
    assert again
    assert again["notes"] == []
    for text in ("one", "two", "two"):
        slipway.check_output("sh", "-c", f"echo {text} > /etc/motd; slipway converge")
    assert slipway.check_output("cat", KEPT, f"{KEPT}.~2~") == "two\none\n"


def test_a_mode_alone_is_no_work_of_anybodys(start: Start, key: KeyPair) -> None:
    slipway = start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_converged()
    slipway.check_output("chmod", "600", "/etc/motd")
    report = slipway.converge()

    assert report["notes"] == []
    assert slipway.exec("test", "-e", KEPT).code == 1


def test_a_file_of_the_users_own_overrules_ours(start: Start, key: KeyPair) -> None:
    """
    As the README has it: nothing is replaced, and nothing is said.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_ssh(key)
    slipway.wait_host_keys()
    slipway.check_output(
        "sh",
        "-c",
        "echo 'X11Forwarding yes' > /etc/ssh/sshd_config.d/00-mine.conf;"
        "mkdir -p /etc/motd.d; echo 'welcome aboard' > /etc/motd.d/mine;"
        "echo 'export LESS=-R' > /etc/profile.d/zz-mine.sh",
    )
    report = slipway.converge()

    assert report["notes"] == []
    assert "x11forwarding yes" in slipway.check_output("/usr/sbin/sshd", "-T")
    assert slipway.exec("slipway", "check").code == 0
