from slipway.facts.acl import Acl, AclObstacle, ExtendedAcls
from slipway.operations import acl
from tests.unit.conftest import Run

BARE = {"user::rwx", "group::r-x", "other::r-x"}


def test_a_missing_entry_is_given(run: Run) -> None:
    """
    The default entry and the mask come in one command, for a path with any characters in it.
    """
    expected = ["setfacl -d -m u:1234:rwx,m::rwx -- '/work space/$(x)'"]
    actual = run(
        acl.default,
        path="/work space/$(x)",
        uid=1234,
        feature="workspace ACL",
        facts={Acl: BARE, AclObstacle: ""},
    )

    assert expected == actual


def test_an_entry_that_is_there_is_left_alone(run: Run) -> None:
    """
    Nothing is run where the ACL has what it should, whatever else it holds.
    """
    entries = BARE | {"default:user:7:rwx", "default:mask::rwx", "default:user:9:r--"}

    assert run(acl.default, path="/w", uid=7, feature="f", facts={Acl: entries}) == []


def test_a_mask_that_takes_the_entry_back_is_widened(run: Run) -> None:
    """
    An entry under a narrower mask is not in effect, so it counts as missing.
    """
    entries = BARE | {"default:user:7:rwx", "default:mask::r-x"}
    facts = {Acl: entries, AclObstacle: ""}

    assert run(acl.default, path="/w", uid=7, feature="f", facts=facts) == [
        "setfacl -d -m u:7:rwx,m::rwx -- /w"
    ]


def test_a_file_system_without_acls_is_degraded_not_failed(run: Run) -> None:
    """
    Nothing is run, and the condition is named once.
    """
    facts = {Acl: BARE, AclObstacle: "the file system has no ACLs"}

    assert run(acl.default, path="/w", uid=7, feature="workspace ACL", facts=facts) == []
    assert run.host.connector_data["degraded"] == [
        ("workspace ACL", "/w: the file system has no ACLs")
    ]


def test_named_entries_are_taken_off_where_only_the_owner_may_write(run: Run) -> None:
    """
    Only paths that have such entries are touched.
    """
    facts = {ExtendedAcls: ["/root/.ssh/authorized_keys"]}

    assert run(acl.none, paths=["/root", "/root/.ssh/authorized_keys"], facts=facts) == [
        "setfacl -b -- /root/.ssh/authorized_keys"
    ]


def test_facts_read_what_getfacl_prints() -> None:
    """
    Comments and blank lines are no entries.
    """
    output = ["# file: w", "user::rwx", "group::r-x", "", "default:user:1234:rwx"]

    assert {"user::rwx", "group::r-x", "default:user:1234:rwx"} == Acl().process(output)


def test_who_may_write_in_a_directory_may_in_what_is_made_there(run: Run) -> None:
    """
    Both kinds of entries; nothing where both are there; where there can be none, that is said.
    """
    path, entry = "/work space", "u:7:rwx,m::rwx"
    there = {"user:7:rwx", "mask::rwx", "default:user:7:rwx", "default:mask::rwx"}

    def share(entries: set[str], obstacle: str = "") -> list[str]:
        facts = {Acl: entries, AclObstacle: obstacle}
        return run(acl.shared, path=path, uid=7, feature="workspace ACL", facts=facts)

    assert share(BARE) == [f"setfacl -m {entry} -- '{path}' && setfacl -d -m {entry} -- '{path}'"]
    assert share(BARE | there - {"default:mask::rwx"}) == share(BARE)
    assert share(BARE | there) == []
    assert share(BARE, "no ACLs") == []
    (said,) = run.host.connector_data["degraded"]
    why = "/work space is not uid 7's, who can't write there: no ACLs"
    assert str(said) == f"workspace ACL: {why}"
