"""
authorized_keys: ours beside other people's.
"""

from __future__ import annotations

import pytest

from slipway.facts.attributes import Unchangeable
from slipway.facts.authorized_keys import KeyFile, KeyFiles, UnsafePlace
from slipway.facts.mounts import Mounts
from slipway.facts.users import HomeOf
from slipway.operations import authorized_keys
from slipway.operations.authorized_keys import merge
from slipway.system.mountinfo import Mount
from tests.unit.conftest import Run

ONE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIYIQ5u1YIYoX6oXqZl5HC0kXqP7yKJEgWj2bcXWk1cJ one"
TWO = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEhiD5Gm7c5gQUxyVwMAXJNqfYq1lSY2PL0JZw2mYtPw two"
FILE, RECORD, SPARE = "/root/.ssh/authorized_keys", "/var/lib/slipway/keys", "/var/lib/slipway/a"
ROOT = [Mount("/", "overlay", "overlay", frozenset({"rw"}), shared=False)]
WANTED = {"path": FILE, "record": RECORD, "fallback": SPARE}


def stored(*lines: str, mode: str = "600", real: str = FILE, user: str = "root") -> KeyFile:
    """
    Return a file with these lines.
    """
    return KeyFile("".join(f"{line}\n" for line in lines).encode(), mode, user, real)


def mounted(point: str, options: str = "rw") -> list[Mount]:
    """
    Return the mounts of a container with one more.
    """
    return [*ROOT, Mount(point, "ext4", "/dev/x", frozenset({options}), shared=False)]


def test_an_unterminated_line_stays_a_line() -> None:
    """
    A key is never glued to what somebody left without a newline.
    """
    content, ours = merge(b"# theirs", [ONE], [])

    assert (content, ours) == (f"# theirs\n{ONE}\n".encode(), [ONE])


def test_a_key_that_was_there_before_is_never_ours() -> None:
    """
    So it stays when it is no longer given.
    """
    content, ours = merge(f"{ONE}\n".encode(), [ONE], [])

    assert (content, ours) == (f"{ONE}\n".encode(), [])
    assert merge(content, [], ours)[0] == content


def test_ours_goes_when_it_is_no_longer_given() -> None:
    """
    And nothing else: bytes that are no text stay, too.
    """
    content = b"\xff garbage\n" + f"{ONE}\n{TWO}\n".encode()

    assert merge(content, [TWO], [ONE, TWO]) == (b"\xff garbage\n" + f"{TWO}\n".encode(), [TWO])


def test_other_options_replace_our_line() -> None:
    """
    One line a key.
    """
    content, ours = merge(f"{ONE}\n".encode(), [f"no-pty {ONE}"], [ONE])

    assert (content, ours) == (f"no-pty {ONE}\n".encode(), [f"no-pty {ONE}"])


def test_ours_twice_is_ours_once() -> None:
    """
    An earlier start of somebody else's script may have doubled it.
    """
    assert merge(f"{ONE}\n{ONE}\n".encode(), [ONE], [ONE]) == (f"{ONE}\n".encode(), [ONE])


def test_nothing_to_do_is_nothing(run: Run) -> None:
    """
    File and record are as they should be.
    """
    facts = {Mounts: ROOT, KeyFiles: {FILE: stored(ONE), RECORD: stored(ONE)}}

    assert run(authorized_keys.merged, keys=[ONE], **WANTED, facts=facts) == []


def test_an_addition_is_recorded_first(run: Run) -> None:
    """
    Killed between the two, the next run still knows that the key is ours.
    """
    commands = run(authorized_keys.merged, keys=[ONE], **WANTED, facts={Mounts: ROOT, KeyFiles: {}})
    uploads = [command for command in commands if " <- " in command]

    assert uploads == [
        f"/var/lib/slipway/.keys.slipway <- {ONE}\n",
        f"/root/.ssh/.authorized_keys.slipway <- {ONE}\n",
    ]


def test_a_removal_is_recorded_last(run: Run) -> None:
    """
    Killed between the two, the next run still takes the key out.
    """
    facts = {Mounts: ROOT, KeyFiles: {FILE: stored(ONE, TWO), RECORD: stored(ONE, TWO)}}
    commands = run(authorized_keys.merged, keys=[TWO], **WANTED, facts=facts)
    uploads = [command for command in commands if " <- " in command]

    assert uploads == [
        f"/var/lib/slipway/.keys.slipway <- {ONE}\n{TWO}\n",
        f"/root/.ssh/.authorized_keys.slipway <- {TWO}\n",
        f"/var/lib/slipway/.keys.slipway <- {TWO}\n",
    ]


def test_a_readable_file_is_closed(run: Run) -> None:
    """
    The content is right, the mode is not.
    """
    facts = {Mounts: ROOT, KeyFiles: {FILE: stored(ONE, mode="644"), RECORD: stored(ONE)}}
    commands = run(authorized_keys.merged, keys=[ONE], **WANTED, facts=facts)

    assert commands[0] == "mkdir -p -m 700 -- /root/.ssh && chmod 00700 -- /root/.ssh"
    assert "chmod 600 /root/.ssh/.authorized_keys.slipway" in commands[-1]


def test_a_link_is_followed(run: Run) -> None:
    """
    What is written is what it leads to.
    """
    facts = {Mounts: ROOT, KeyFiles: {FILE: stored(real="/safe/keys")}, UnsafePlace: ""}
    commands = run(authorized_keys.merged, keys=[ONE], **WANTED, facts=facts)

    assert "mv -T -- /safe/.keys.slipway /safe/keys" in commands[-1]


def test_a_link_to_where_others_write_has_a_spare(run: Run) -> None:
    """
    Sshd would ignore it: the keys are given a second place, and that is said.
    """
    facts = {
        Mounts: ROOT,
        KeyFiles: {FILE: stored(ONE, real="/data/keys"), RECORD: stored(ONE)},
        UnsafePlace: "/data",
    }
    commands = run(authorized_keys.merged, keys=[ONE], **WANTED, facts=facts)
    noted = run.host.connector_data["degraded"]

    assert f"/var/lib/slipway/.a.slipway <- {ONE}\n" in commands
    assert [entry.feature for entry in noted] == ["authorized_keys"]


@pytest.mark.parametrize(
    ("mounts", "unsafe", "spare"),
    [
        (mounted(FILE), "", f"{TWO}\n{ONE}\n"),
        (mounted("/root/.ssh", "ro"), "", f"{TWO}\n{ONE}\n"),
        # whoever it belongs to could write his key there at any time
        (mounted("/root/.ssh"), "/root/.ssh", f"{ONE}\n"),
    ],
)
def test_a_file_that_is_not_ours_to_replace_stays(
    run: Run, mounts: list[Mount], unsafe: str, spare: str
) -> None:
    """
    What sshd ignores in it, as it is another user's, and what we were given is kept beside it.
    """
    files = {FILE: stored(TWO, mode="644", user="UNKNOWN")}
    facts = {Mounts: mounts, KeyFiles: files, UnsafePlace: unsafe}
    commands = run(authorized_keys.merged, keys=[ONE], **WANTED, facts=facts)
    uploads = [command for command in commands if " <- " in command]

    assert uploads == [f"/var/lib/slipway/.a.slipway <- {spare}"]
    assert len(run.host.connector_data["degraded"]) == 1
    files[SPARE] = KeyFile(spare.encode(), "600", "root", SPARE)
    assert run(authorized_keys.merged, keys=[ONE], **WANTED, facts=facts) == []


@pytest.mark.parametrize("theirs", [[ONE], [TWO], [TWO, ONE]])
def test_a_read_only_file_below_what_a_group_may_write_to_has_a_spare(
    run: Run, theirs: list[str]
) -> None:
    """
    Sshd ignores the file for a directory above it: a Secret of Kubernetes with an fsGroup, say.
    """
    real = "/root/.ssh/..data/authorized_keys"
    facts = {
        Mounts: mounted("/root/.ssh", "ro"),
        KeyFiles: {FILE: stored(*theirs, mode="640", real=real)},
        UnsafePlace: "/root/.ssh",
    }
    commands = run(authorized_keys.merged, keys=[ONE], **WANTED, facts=facts)
    (upload,) = [command for command in commands if " <- " in command]

    assert set(upload.partition(" <- ")[2].splitlines()) == {*theirs, ONE}
    assert len(run.host.connector_data["degraded"]) == 1


def test_a_mounted_file_that_sshd_reads_is_enough(run: Run) -> None:
    """
    Its lines are not doubled, and the options that they have there hold.
    """
    facts = {Mounts: mounted(FILE), KeyFiles: {FILE: stored(f"no-pty {ONE}")}}

    assert run(authorized_keys.merged, keys=[ONE], **WANTED, facts=facts) == []
    assert not run.host.connector_data.get("degraded")


def test_a_directory_of_roots_may_be_mounted(run: Run) -> None:
    """
    A volume that keeps /root/.ssh, say: the file in it is ours to replace.
    """
    facts = {Mounts: mounted("/root/.ssh"), KeyFiles: {}, UnsafePlace: ""}
    commands = run(authorized_keys.merged, keys=[ONE], **WANTED, facts=facts)

    assert f"/root/.ssh/.authorized_keys.slipway <- {ONE}\n" in commands


def test_a_hundred_thousand_keys_are_merged_twice() -> None:
    """
    The second time nothing differs; it once took four minutes.
    """
    lines = [f"ssh-ed25519 {number}" for number in range(100_000)]
    content = "".join(f"{line}\n" for line in lines).encode()

    assert merge(content, [], lines)[0] == b""


@pytest.mark.parametrize("closed", [FILE, "/root/.ssh"])
@pytest.mark.parametrize("mode", ["600", "666"])
def test_a_file_that_root_can_not_change_stays(run: Run, closed: str, mode: str) -> None:
    """
    Keys are used from elsewhere: those given, and those in it unless others may have written them.
    """
    facts = {
        KeyFiles: {FILE: stored(TWO, mode=mode)},
        Unchangeable: {closed: "is immutable (chattr +i)"},
    }
    commands = "\n".join(run(authorized_keys.merged, keys=[ONE], facts=facts, **WANTED))
    (entry,) = run.host.connector_data["degraded"]

    assert f"{ONE}\n" in commands
    assert TWO not in commands
    assert f" {FILE}" not in commands
    assert "is immutable (chattr +i)" in str(entry)


@pytest.mark.parametrize("home", ["/workspace", "/", "", "/root/", "/h/../root"])
@pytest.mark.parametrize(
    ("file", "theirs"),
    [
        (stored(TWO, ONE), [TWO]),
        (stored(TWO, ONE, mode="666"), []),
        (stored(TWO, ONE, user="bob"), []),
        (None, []),
    ],
)
def test_a_home_elsewhere_has_a_spare(
    run: Run, home: str, file: KeyFile | None, theirs: list[str]
) -> None:
    """
    With what root alone can have written in the file that sshd reads no longer.
    """
    facts = {Mounts: ROOT, HomeOf: home, KeyFiles: {FILE: file} if file else {}}
    commands = run(authorized_keys.merged, keys=[ONE], **WANTED, facts=facts)
    spare = [command for command in commands if command.startswith("/var/lib/slipway/.a.slipway")]
    is_elsewhere = home in {"/workspace", "/"}

    lines = "".join(f"{line}\n" for line in (*theirs, ONE))
    assert spare == ([f"/var/lib/slipway/.a.slipway <- {lines}"] if is_elsewhere else [])


def test_a_mounted_file_that_sshd_does_not_read_has_a_spare(run: Run) -> None:
    facts = {Mounts: mounted(FILE), HomeOf: "/h", KeyFiles: {FILE: stored(TWO)}}
    commands = run(authorized_keys.merged, keys=[ONE], **WANTED, facts=facts)

    assert f"/var/lib/slipway/.a.slipway <- {TWO}\n{ONE}\n" in commands
