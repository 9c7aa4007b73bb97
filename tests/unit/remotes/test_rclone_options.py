"""
rclone's options: ours, the user's, and those that would change what a copy means.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from slipway.environment.cpus import Cpus
from slipway.environment.derived import Surroundings
from slipway.environment.gpus import NONE
from slipway.remotes import rclone_options
from slipway.settings.variables import Settings

AROUND = Surroundings(mounted=True, uid=7, gid=8, gpus=NONE, cpus=Cpus(1, None))


def test_our_options_are_defaults() -> None:
    """
    A variable of the user's overrides them, an empty one does not, and none reaches rclone on which
    the mount's safety rests, not even from the process's own environment.
    """
    inherited = dict.fromkeys(("RCLONE_DAEMON", "RCLONE_CACHE_DIR"), "true")
    given = {"RCLONE_UID": "77", "RCLONE_GID": "", "RCLONE_CONFIG": "", "RCLONE_RC_ADDR": ":1"}
    found = rclone_options.variables(Settings(environment=given), inherited, AROUND)

    expected = {
        "RCLONE_CONFIG": "/etc/rclone/rclone.conf",
        "RCLONE_ALLOW_OTHER": "true",
        "RCLONE_UID": "77",
        "RCLONE_GID": "8",
    }
    ours = {name: found[name] for name in found if name.startswith("RCLONE_")}

    assert found["PATH"] == f"{os.defpath}:/usr/local/lib/slipway/fuse"
    assert ours == expected, f"{rclone_options.__file__} has {ours}, {__file__} {expected}"


def test_a_mounts_cache_leaves_room_on_its_volume() -> None:
    """
    By default; the user's own number counts, and so does his interval.
    """
    given = {"RCLONE_VFS_CACHE_POLL_INTERVAL": "1m"}
    found = rclone_options.variables(Settings(environment=given), {}, AROUND, floor=5000)

    assert found["RCLONE_VFS_CACHE_MIN_FREE_SPACE"] == "5000B"
    assert found["RCLONE_VFS_CACHE_POLL_INTERVAL"] == "1m"


def test_where_a_stop_is_no_end_in_order_uploads_begin_soon() -> None:
    """
    By default; the user's own number counts.
    """
    given = Settings(environment={"RCLONE_VFS_WRITE_BACK": "1m"})
    soon = rclone_options.variables(Settings(), {}, AROUND, is_cut_off=True)
    later = rclone_options.variables(given, {}, AROUND, is_cut_off=True)

    assert soon["RCLONE_VFS_WRITE_BACK"] == "1s"
    assert later["RCLONE_VFS_WRITE_BACK"] == "1m"


# Of rclone's groups of options that choose, those that say how, or that commands of ours set
HARMLESS = {"links", "max-backlog", "metadata", "multi-thread-.*", "streaming-upload-cutoff"}
HARMLESS |= {"fast-list", "help", "server-side-across-configs", "verbose"}


def test_no_option_that_chooses_reaches_a_copied_remote() -> None:
    """
    All of those that this rclone has, in its groups of such options and of our commands.
    """
    rclone = str(Path(sys.executable).with_name("rclone"))
    questions = [["lsjson", "--help"], ["copy", "--help"]]
    questions += [
        ["help", "flags", "--group", group]
        for group in ("Copy", "Sync", "Important", "Filter", "Listing", "Metadata")
    ]
    found: set[str] = set()
    for words in questions:
        done = subprocess.run([rclone, *words], capture_output=True, text=True, check=True)
        own = re.split(r"^(?:Flags for|Options shared)", done.stdout, flags=re.MULTILINE)
        text = own[0] if words[1] == "--help" else done.stdout
        found |= set(re.findall(r"^ +(?:-\w, )?--([a-z0-9-]+)", text, re.MULTILINE))
    choosing = {
        f"RCLONE_{flag.upper().replace('-', '_')}"
        for flag in found
        if not any(re.fullmatch(harmless, flag) for harmless in HARMLESS)
    }
    assert len(choosing) > 90

    given = dict.fromkeys(choosing, "1")
    assert choosing & set(rclone_options.for_copies(Settings(environment=given), {})) == set()


def test_how_a_copied_remote_is_reached_stays_the_users() -> None:
    """
    Its own options, the network's, and those of a type whose names begin like a filter's.
    """
    given = {
        "RCLONE_CONFIG_FAR_EXCLUDE": "x",
        "RCLONE_BWLIMIT": "1M",
        "RCLONE_S3_NO_HEAD": "true",
        "RCLONE_HASHER_MAX_AGE": "1h",
        "RCLONE_LOCAL_NO_CHECK_UPDATED": "true",
        "FORMAT": "x",
    }

    assert given.items() <= rclone_options.for_copies(Settings(environment=given), {}).items()


def test_which_place_a_remote_is() -> None:
    """
    Another bucket or host is another place; a new password, or how it is reached, is not.
    """
    options = {"type": "sftp", "host": "h", "user": "u", "pass": "p", "chunk_size": "1"}
    url = {"type": "webdav", "url": "https://u:p@h/x"}

    assert rclone_options.place(options) == rclone_options.place(
        {**options, "pass": "q", "chunk_size": "2"}
    )
    assert rclone_options.place(url) == rclone_options.place({**url, "url": "https://u:q@h/x"})
    for name, value in {"type": "ftp", "host": "i", "user": "v", "root_folder_id": "r"}.items():
        assert rclone_options.place(options) != rclone_options.place({**options, name: value})
    assert rclone_options.place(url) != rclone_options.place({**url, "url": "https://u:p@h/y"})
