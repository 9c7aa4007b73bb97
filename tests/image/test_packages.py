import json
from pathlib import Path

import pytest
from testinfra.host import Host

ENVIRONMENT = "/run/slipway/environment"  # there in a started container

# fmt: off
PACKAGES = [
    "acl", "bash-completion", "bzip2", "ca-certificates", "cron", "curl", "fuse3", "git", "git-lfs",
    "gpg", "htop", "iproute2", "iputils-ping", "jq", "less", "libcap2-bin", "libnss-extrausers",
    "lsof", "nano", "ncurses-term", "netbase", "netcat-openbsd", "openssh-server", "pigz", "procps",
    "psmisc", "python3-venv", "rsync", "screen", "sudo", "tini", "tmux", "tree", "unzip",
    "vim-tiny", "wget", "xauth", "xz-utils", "zip", "zstd",
]
# fmt: on


@pytest.mark.parametrize("name", PACKAGES)
def test_the_tools_of_a_rented_machine_are_installed(host: Host, name: str) -> None:
    """
    Every package the contract names is installed and configured, unless another excludes it.
    """
    status = host.run("dpkg-query -W -f '${db:Status-Status}' %s", name).stdout
    if status != "installed" and (rival := _rivals(host).get(name)):
        pytest.skip(f"chosen: {name} {rival}")

    assert status == "installed"


def _rivals(host: Host) -> dict[str, str]:
    """
    Return what a convergence would note of packages that it leaves out, by their names.
    """
    phase = "" if Path(ENVIRONMENT).exists() else " --phase build"
    notes = json.loads(host.run(f"slipway check --json{phase}").stdout)["notes"]
    return {note["variable"]: note["text"] for note in notes}


@pytest.mark.build
def test_no_package_list_is_left(host: Host) -> None:
    """
    Apt's lists and downloads are in no layer of the image.
    """
    assert (
        host.check_output(
            "find /var/lib/apt/lists /var/cache/apt/archives -name '*.deb' -o -name '*_Packages*'"
        )
        == ""
    )


@pytest.mark.build
def test_nothing_says_when_it_was_built(host: Host) -> None:
    """
    No log, copy or cache of what was installed: two builds have the same files.
    """
    kept = (
        "find /var/log /var/cache /var/lib/dpkg -name '*.log*' -o -name '*-old' -o -name aux-cache"
    )

    assert host.check_output(kept) == ""
    assert host.check_output("find /etc -maxdepth 1 -name '*-' -o -name machine-id") == ""


@pytest.mark.build
def test_the_image_names_its_software(host: Host) -> None:
    """
    As it is now: nothing was installed since.
    """
    assert host.run("slipway sbom --check").rc == 0


def test_rclone_is_the_locked_one(host: Host) -> None:
    """
    `rclone` on PATH is the current one of the project's venv, not Debian's of 2022.
    """
    assert host.check_output("rclone version").splitlines()[0] == "rclone v1.75.2"
    assert host.check_output("command -v rclone") == "/usr/local/bin/rclone"
