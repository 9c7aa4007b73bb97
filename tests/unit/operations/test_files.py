from hashlib import sha256

import pytest
from pyinfra.api import StringCommand

from slipway.facts.files import NO_ANSWER, FileState, FileStates, FileText, LinkTargets
from slipway.facts.mounts import Mounts
from slipway.operations import files, links, room
from slipway.operations.files import File
from slipway.system.mountinfo import Mount
from tests.unit.conftest import Run

SOUND = FileState("regular file", "644", "root", "root", sha256(b"hello").hexdigest())
HELLO = File("/etc/x y", b"hello")


def made(path: str) -> str:
    """Return the command that has a directory."""
    return StringCommand(*room.made(path)).get_raw_value()


def cleared(path: str) -> str:
    """Return the command that has nothing at a draft's path."""
    return StringCommand(*room.cleared(path)).get_raw_value()


def test_files_that_are_right_are_not_touched(run: Run) -> None:
    """
    Content, mode, owner and type are as wanted: no command at all.
    """
    assert run(files.present, files=[HELLO], facts={FileStates: {"/etc/x y": SOUND}}) == []


def test_a_file_is_replaced_whole(run: Run) -> None:
    """
    A private draft beside it, synced, and only then moved over it.
    """
    expected = [
        (
            f"{made('/etc')} && {cleared('/etc/.x y.slipway')} && (umask 077 && for draft in "
            "'/etc/.x y.slipway' ; do : > \"$draft\" && "
            '{ [ -G "$draft" ] || chgrp 0 -- "$draft" || true; } || exit 1; done)'
        ),
        "/etc/.x y.slipway <- hello",
        (
            "set -e; chmod 644 '/etc/.x y.slipway' ; sync '/etc/.x y.slipway' ; "
            '[ "$PPID" = 0 ] || [ -e "/proc/$PPID" ] || exit 1; '
            "mv -T -- '/etc/.x y.slipway' '/etc/x y' ;"
        ),
    ]

    assert expected == run(files.present, files=[HELLO], facts={FileStates: {}})


def test_each_difference_counts() -> None:
    """
    Another type, mode, owner, group or content: not the file that is wanted.
    """
    for field, value in (
        ("type", "symbolic link"),
        ("mode", "600"),
        ("user", "nobody"),
        ("group", "nogroup"),
        ("sha256", ""),
    ):
        assert not HELLO.matches(SOUND._replace(**{field: value}))
    assert not HELLO.matches(None)
    assert HELLO.matches(SOUND)


def test_an_owner_is_set_before_the_file_is_in_its_place(run: Run) -> None:
    """
    Nobody ever sees it with the wrong owner or mode.
    """
    secret = File("/run/s", b"x", mode="600", user="nobody", group="nogroup")
    last = run(files.present, files=[secret], facts={FileStates: {}})[-1]

    assert "set -e; chown nobody:nogroup /run/.s.slipway ; chmod 600 /run/.s.slipway ; " in last
    assert last.endswith("mv -T -- /run/.s.slipway /run/s ;")


def test_what_a_killed_run_left_is_removed(run: Run) -> None:
    """
    A draft whose rename never came goes, even where the file itself is right.
    """
    states = {"/etc/x y": SOUND, "/etc/.x y.slipway": SOUND}

    assert run(files.present, files=[HELLO], facts={FileStates: states}) == [
        "rm -f -- '/etc/.x y.slipway'"
    ]


def test_a_file_that_must_not_be_there_goes(run: Run) -> None:
    """
    And nothing is run when it is gone.
    """
    states = {"/w/WARNING": SOUND}

    assert run(files.present, files=[], absent=["/w/WARNING"], facts={FileStates: states}) == [
        "rm -f -- /w/WARNING"
    ]
    assert run(files.present, files=[], absent=["/w/WARNING"], facts={FileStates: {}}) == []


def test_a_link_is_replaced_in_one_step(run: Run) -> None:
    """
    A link to somewhere else is never missing for a moment.
    """
    expected = [
        (
            f"{cleared('/usr/local/bin/.a.slipway')} && ln -sn -- /opt/a "
            "/usr/local/bin/.a.slipway && mv -T -- /usr/local/bin/.a.slipway /usr/local/bin/a"
        )
    ]
    wanted = {"/usr/local/bin/a": "/opt/a"}

    assert expected == run(
        links.present, links=wanted, facts={LinkTargets: {"/usr/local/bin/a": "/x"}}
    )
    assert run(links.present, links=wanted, facts={LinkTargets: wanted}) == []


def test_a_line_is_put_first_and_once(run: Run) -> None:
    """
    Before anything that may end the file early; the rest stays as it is.
    """
    wanted = {"path": "/etc/b", "content": ". /x"}

    assert "/etc/.b.slipway <- . /x\na" in run(files.first_line, **wanted, facts={FileText: "a"})
    assert run(files.first_line, **wanted, facts={FileText: ". /x\na\n"}) == []


def test_file_states_join_stat_and_sums() -> None:
    """
    Names with separators and backslashes come through; links and directories have no sum.
    """
    digest = "a" * 64
    output = [
        "regular file|644|root|root|/etc/a|b",
        "regular empty file|600|root|root|/etc/c\\d",
        "symbolic link|777|root|root|/etc/l",
        f"{digest}  /etc/a|b",
        f"\\{digest}  /etc/c\\\\d",
        f"{digest}  /etc/l",
    ]

    assert {
        "/etc/a|b": FileState("regular file", "644", "root", "root", digest),
        "/etc/c\\d": FileState("regular file", "600", "root", "root", digest),
        "/etc/l": FileState("symbolic link", "777", "root", "root", ""),
    } == FileStates().process(output)


MOUNTED = Mount("/etc/x y", "ext4", "/dev/x", frozenset({"rw"}), shared=False)
CLOSED = Mount("/etc", "ext4", "/dev/x", frozenset({"ro"}), shared=False)
OTHER = File("/srv/other", b"other")


@pytest.mark.parametrize("mount", [MOUNTED, MOUNTED._replace(options=frozenset({"ro"})), CLOSED])
def test_a_file_that_is_mounted_stays_and_keeps_no_other_from_its_place(
    run: Run, mount: Mount
) -> None:
    """
    Somebody wants it so: it is named, and the rest is laid.
    """
    commands = run(files.present, files=[HELLO, OTHER], facts={Mounts: [mount]})
    (entry,) = run.host.connector_data["degraded"]

    assert [command for command in commands if " <- " in command] == [
        "/srv/.other.slipway <- other"
    ]
    assert "x y" not in " ".join(commands)
    assert entry.feature == "/etc/x y"
    assert "stays as it is" in entry.condition


def test_a_mounted_file_that_is_right_is_nothing_to_speak_of(run: Run) -> None:
    """
    Nor is one of a directory that is mounted for writing.
    """
    right = {FileStates: {"/etc/x y": SOUND}, Mounts: [MOUNTED]}
    inside = {Mounts: [CLOSED._replace(options=frozenset({"rw"}))]}

    assert run(files.present, files=[HELLO], facts=right) == []
    assert not run.host.connector_data.get("degraded")
    assert "/etc/.x y.slipway <- hello" in run(files.present, files=[HELLO], facts=inside)


def test_a_mounted_file_that_must_not_be_there_stays(run: Run) -> None:
    """
    It can't be removed, and it keeps no other from being removed.
    """
    states = {"/etc/x y": SOUND, "/a": SOUND}
    facts = {FileStates: states, Mounts: [MOUNTED]}

    assert run(files.present, files=[], absent=["/etc/x y", "/a"], facts=facts) == ["rm -f -- /a"]
    assert run.host.connector_data["degraded"][0].feature == "/etc/x y"


def test_a_link_and_a_line_in_what_is_mounted_are_left_out(run: Run) -> None:
    """
    Each of them named.
    """
    wanted = {"/etc/x y": "/opt/a"}
    facts = {LinkTargets: {}, Mounts: [MOUNTED], FileText: ""}

    assert run(links.present, links=wanted, facts=facts) == []
    assert run.host.connector_data["degraded"][0].feature == "/etc/x y"
    assert run(files.first_line, path="/etc/x y", content=". /y", facts=facts) == []
    assert run.host.connector_data["degraded"][0].feature == "/etc/x y"


def test_a_directory_in_a_files_place_is_kept_beside_it(run: Run) -> None:
    """
    For files, for those that must not be there, and for links.
    """
    folder = FileState("directory", "755", "root", "root", "")
    facts = {FileStates: {"/d": folder}, LinkTargets: {}}
    aside = "rmdir -- /d 2>/dev/null || mv -T --backup=numbered -- /d /d.replaced"

    assert run(files.present, files=[File("/d", b"")], facts=facts)[0] == aside
    assert run(files.present, files=[], absent=["/d"], facts=facts) == [aside]
    assert run(links.present, links={"/d": "/x"}, facts=facts)[0] == aside


def test_a_file_system_that_does_not_answer_is_left_alone(run: Run) -> None:
    """
    And named.
    """
    facts = {FileStates: {"/etc/x y": FileState(NO_ANSWER, "", "", "", "")}}

    assert run(files.present, files=[HELLO], facts=facts) == []
    assert "does not answer" in run.host.connector_data["degraded"][0].condition


@pytest.mark.parametrize(
    ("state", "commands"),
    [
        (SOUND._replace(mode="600"), []),
        (SOUND, ["chown 0:0 -- /s && chmod 600 -- /s"]),
        (SOUND._replace(mode="600", user="x"), ["chown 0:0 -- /s && chmod 600 -- /s"]),
        (SOUND._replace(type="directory"), []),
    ],
)
def test_secrets_that_others_have_written_are_kept_to_root(
    run: Run, state: FileState, commands: list[str]
) -> None:
    """
    What is no file, and what is not there, is left alone.
    """
    assert run(files.private, paths=["/s", "/gone"], facts={FileStates: {"/s": state}}) == commands
