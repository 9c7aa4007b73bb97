"""
Real outputs, made with the tools of the image; and what a person is shown of each.
"""

from __future__ import annotations

import pytest

from slipway.system import words

SSH_KEYGEN = """\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
Permissions 0777 for '/tmp/k' are too open.
It is required that your private key files are NOT accessible by others.
This private key will be ignored.
Load key "/tmp/k": bad permissions
"""
SSHD_KEYS = """\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
Permissions 0777 for '/tmp/hk' are too open.
It is required that your private key files are NOT accessible by others.
This private key will be ignored.
Unable to load host key "/tmp/hk": bad permissions
Unable to load host key: /tmp/hk
sshd: no hostkeys available -- exiting.
"""
APT_UNKNOWN = """\
Reading package lists...
Building dependency tree...
Reading state information...
E: Unable to locate package nosuchpackage
"""
APT_OFFLINE = """\
Ign:1 http://deb.debian.org/debian bookworm InRelease
Err:1 http://deb.debian.org/debian bookworm InRelease
  Temporary failure resolving 'deb.debian.org'
Err:2 http://deb.debian.org/debian bookworm-updates InRelease
  Temporary failure resolving 'deb.debian.org'
Reading package lists...
W: Failed to fetch http://deb.debian.org/debian/dists/bookworm/InRelease  Temporary failure \
resolving 'deb.debian.org'
W: Some index files failed to download. They have been ignored, or old ones used instead.
Reading package lists...
Building dependency tree...
Reading state information...
E: Unable to locate package zip2
"""
APT_NO_CANDIDATE = """\
Reading package lists...
Building dependency tree...
Reading state information...
Package zip is not available, but is referred to by another package.
This may mean that the package is missing, has been obsoleted, or
is only available from another source

E: Package 'zip' has no installation candidate
"""
DPKG_SCRIPT = """\
Selecting previously unselected package broken.
(Reading database ... 11533 files and directories currently installed.)
Preparing to unpack p.deb ...
Unpacking broken (1) ...
Setting up broken (1) ...
configuring
dpkg: error processing package broken (--install):
 installed broken package post-installation script subprocess returned error exit status 7
Errors were encountered while processing:
 broken
"""
MOUNT = """\
mount: /mnt: permission denied.
       dmesg(1) may have more information after failed mount system call.
"""
RCLONE_SECTION = """\
2026/11/26 17:10:30 NOTICE: Config file "/etc/rclone/rclone.conf" not found - using defaults
2026/11/26 17:10:30 CRITICAL: Failed to create file system for "nosuch:": didn't find section in \
config file ("nosuch")
"""
RCLONE_FUSE = """\
2026/11/26 17:10:30 NOTICE: Config file "/etc/rclone/rclone.conf" not found - using defaults
2026/11/26 17:10:30 NOTICE: mount helper error: fusermount3: fuse device not found, try 'modprobe \
fuse' first
2026/11/26 17:10:30 CRITICAL: Fatal error: failed to mount FUSE fs: fusermount: exit status 1
"""
TRACEBACK = """\
Traceback (most recent call last):
  File "<string>", line 1, in <module>
  File "/usr/lib/python3.11/json/__init__.py", line 346, in loads
    return _default_decoder.decode(s)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^
json.decoder.JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2
"""
SUPERVISORD = """\
<?xml version='1.0'?>
<methodResponse>
<fault>
<value><struct>
<member>
<name>faultCode</name>
<value><int>50</int></value>
</member>
<member>
<name>faultString</name>
<value><string>SPAWN_ERROR: web &amp; more</string></value>
</member>
</struct></value>
</fault>
</methodResponse>
"""

OUTPUTS = {
    "ssh-keygen": (
        SSH_KEYGEN,
        (
            "Permissions 0777 for '/tmp/k' are too open; It is required that your pri"
            'vate key files are NOT accessible by others; Load key "/tmp/k": bad perm'
            "issions"
        ),
    ),
    "sshd -t, a host key": (
        SSHD_KEYS,
        (
            "Permissions 0777 for '/tmp/hk' are too open; Unable to load host key: /t"
            "mp/hk; sshd: no hostkeys available -- exiting"
        ),
    ),
    "sshd -t, a MAC": (
        "command-line line 0: Bad SSH2 mac spec 'nonsense'.\n",
        "command-line line 0: Bad SSH2 mac spec 'nonsense'",
    ),
    "sshd -t, a file": (
        (
            "/tmp/bad.conf: line 1: Bad configuration option: Nonsense\n"
            "/tmp/bad.conf line 2: Badly formatted port number.\n"
        ),
        (
            "/tmp/bad.conf: line 1: Bad configuration option: Nonsense; "
            "/tmp/bad.conf line 2: Badly formatted port number"
        ),
    ),
    "apt-get, no such package": (APT_UNKNOWN, "E: Unable to locate package nosuchpackage"),
    "apt-get, offline": (
        APT_OFFLINE,
        (
            "W: Failed to fetch http://deb.debian.org/debian/dists/bookworm/InRelease"
            "  Temporary failure resolving 'deb.debian.org'; W: Some index files fail"
            "ed to download. They have been ignored, or old ones used instead; E: Una"
            "ble to locate package zip2"
        ),
    ),
    "apt-get, no candidate": (
        APT_NO_CANDIDATE,
        (
            "Package zip is not available, but is referred to by another package; E: "
            "Package 'zip' has no installation candidate"
        ),
    ),
    "dpkg, a script": (
        DPKG_SCRIPT,
        (
            "dpkg: error processing package broken (--install); installed broken pack"
            "age post-installation script subprocess returned error exit status 7"
        ),
    ),
    "dpkg, no file": (
        "dpkg: error: cannot access archive 'nosuch.deb': No such file or directory\n",
        "dpkg: error: cannot access archive 'nosuch.deb': No such file or directory",
    ),
    "setfacl": (
        "setfacl: /proc/self: Operation not permitted\n",
        "setfacl: /proc/self: Operation not permitted",
    ),
    "mount": (MOUNT, "mount: /mnt: permission denied"),
    "rclone, a file": (
        (
            '2026/11/26 17:10:30 CRITICAL: Failed to load config file "/tmp/r.conf": '
            "could not parse "
            "line: nonsense\n"
        ),
        'CRITICAL: Failed to load config file "/tmp/r.conf": could not parse line: nonsense',
    ),
    "rclone, a remote": (
        RCLONE_SECTION,
        (
            'CRITICAL: Failed to create file system for "nosuch:": didn\'t find section '
            "in config file "
            '("nosuch")'
        ),
    ),
    "rclone, no FUSE": (
        RCLONE_FUSE,
        (
            "NOTICE: mount helper error: fusermount3: fuse device not found, try "
            "'modprobe fuse' first;"
            " CRITICAL: Fatal error: failed to mount FUSE fs: fusermount: exit status 1"
        ),
    ),
    "curl": (
        "curl: (7) Failed to connect to 127.0.0.1 port 9 after 0 ms: Couldn't connect to server\n",
        "curl: (7) Failed to connect to 127.0.0.1 port 9 after 0 ms: Couldn't connect to server",
    ),
    "mv": (
        "mv: cannot move 'a' to '/etc/hosts': Device or resource busy\n",
        "mv: cannot move 'a' to '/etc/hosts': Device or resource busy",
    ),
    "python": (
        TRACEBACK,
        (
            "json.decoder.JSONDecodeError: Expecting property name enclosed in double "
            "quotes: line 1 "
            "column 2"
        ),
    ),
    "sh": ("sh: 1: nosuchprogram: not found\n", "sh: 1: nosuchprogram: not found"),
    "git": (
        "fatal: repository '/nosuch' does not exist\n",
        "fatal: repository '/nosuch' does not exist",
    ),
    "tar": (
        (
            "tar: This does not look like a tar archive\n"
            "tar: Exiting with failure status due to previous errors\n"
        ),
        (
            "tar: This does not look like a tar archive; tar: Exiting with failure st"
            "atus due to previous errors"
        ),
    ),
    "wget": (
        (
            "--2026-11-26 17:10:31--  http://127.0.0.1:9/\n"
            "Connecting to 127.0.0.1:9... failed: Connection refused.\n"
        ),
        "Connecting to 127.0.0.1:9... failed: Connection refused",
    ),
    "supervisord": (SUPERVISORD, "SPAWN_ERROR: web & more"),
}


@pytest.mark.parametrize("tool", OUTPUTS)
def test_the_lines_that_say_why_are_shown(tool: str) -> None:
    """
    As one line, and never a frame of signs.
    """
    output, shown = OUTPUTS[tool]

    assert words.said(output) == shown
    assert words.said(output.splitlines()) == shown


def test_what_says_nothing_of_a_failure_is_shown_as_it_is() -> None:
    assert words.said("all of it\nis prose\n") == "all of it is prose"


def test_a_terminals_signs_are_no_words() -> None:
    """
    Colours, and what a carriage return has overwritten.
    """
    assert words.said("10%\r20%\r\x1b[31mit failed\x1b[0m\r\n") == "it failed"


@pytest.mark.parametrize(
    ("output", "code", "shown"),
    [
        ("", 3, "sshd ended with exit code 3, and said nothing"),
        ("@@@@@@\n======\n", 4, "sshd ended with exit code 4, and said nothing"),
        ("\n \n", 137, "sshd was ended by SIGKILL"),
        ("", -15, "sshd was ended by SIGTERM"),
        ("", None, "sshd failed, and said nothing"),
    ],
)
def test_an_empty_reason_there_never_is(output: str, code: int | None, shown: str) -> None:
    """
    The program and how it ended are always known.
    """
    assert words.said(output, program="sshd", code=code) == shown
    assert words.said(output)
