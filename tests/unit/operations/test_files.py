from hashlib import sha256

from slipway.facts.files import FileState, FileStates, FileText, LinkTargets
from slipway.operations import files
from slipway.operations.files import File
from tests.unit.conftest import Run

SOUND = FileState("regular file", "644", "root", "root", sha256(b"hello").hexdigest())
HELLO = File("/etc/x y", b"hello")


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
            "mkdir -p -- /etc && rm -f -- '/etc/.x y.slipway' && (umask 077 && for draft in "
            "'/etc/.x y.slipway' ; do : > \"$draft\" || exit 1; done)"
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


def test_directories_are_made_and_their_modes_kept(run: Run) -> None:
    """
    "" leaves a directory's mode to whoever owns it.
    """
    states = {"/w": FileState("directory", "777", "1234", "1234", "")}
    wanted = {"/w": "", "/run/sshd": "755"}

    assert run(files.directories, directories=wanted, facts={FileStates: states}) == [
        "mkdir -p -- /run/sshd && chmod 755 -- /run/sshd"
    ]


def test_a_link_is_replaced_in_one_step(run: Run) -> None:
    """
    A link to somewhere else is never missing for a moment.
    """
    expected = [
        (
            "ln -sfn -- /opt/a /usr/local/bin/.a.slipway && mv -T -- "
            "/usr/local/bin/.a.slipway /usr/local/bin/a"
        )
    ]
    wanted = {"/usr/local/bin/a": "/opt/a"}

    assert expected == run(
        files.links, links=wanted, facts={LinkTargets: {"/usr/local/bin/a": "/x"}}
    )
    assert run(files.links, links=wanted, facts={LinkTargets: wanted}) == []


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
