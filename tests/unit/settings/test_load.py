"""
Settings: every rule of every variable, and what no input may do.
"""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.settings import public_keys
from slipway.settings.load import KEY_FILE, load
from slipway.settings.variables import Settings
from tests.unit.settings.conftest import files, refused

ONE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIYIQ5u1YIYoX6oXqZl5HC0kXqP7yKJEgWj2bcXWk1cJ one"
TWO = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEhiD5Gm7c5gQUxyVwMAXJNqfYq1lSY2PL0JZw2mYtPw two"
NAMES = [
    "SSH_PUBKEY",
    "PUBLIC_KEY",
    "WORKSPACE",
    "WORKSPACE_FILE",
    "SKIP_ACL",
    "GPU_COUNT",
    "SLIPWAY_STRICT",
    "SLIPWAY_THREADS",
    "SLIPWAY_TYPO",
    "RCLONE_CONFIG_X_TYPE",
    "RCLONE_CACHE_DIR",
    "FOO",
]


def test_nothing_given_is_the_default() -> None:
    """
    No variable: nothing refused, nothing limited.
    """
    loaded = load({})

    assert loaded.settings == Settings()
    assert loaded.refusals == ()


def test_a_secret_may_come_as_a_file() -> None:
    """
    NAME_FILE for our variables and rclone's configuration; the last newline is the file's.
    """
    loaded = load(
        {"WORKSPACE_FILE": "/run/secrets/w", "RCLONE_CONFIG_X_PASS_FILE": "/run/secrets/p"},
        read=files({"/run/secrets/w": b"/data\n", "/run/secrets/p": b"hunter2\n"}),
    )

    assert loaded.settings.workspace == "/data"
    assert loaded.sources["WORKSPACE"] == "WORKSPACE_FILE"
    assert loaded.settings.environment["RCLONE_CONFIG_X_PASS"] == "hunter2"
    assert loaded.refusals == ()


def test_value_and_file_together_are_refused() -> None:
    """
    By name; the value is used.
    """
    given = {"WORKSPACE": "/data", "WORKSPACE_FILE": "/w"}
    loaded = load(given, read=files({"/w": b"/x"}))

    assert (loaded.settings.workspace, refused(loaded)) == ("/data", ["WORKSPACE_FILE"])


def test_a_file_that_can_not_be_read_is_named() -> None:
    """
    The variable then counts as not set.
    """
    loaded = load({"GPU_COUNT_FILE": "/nowhere"}, read=files({}))

    assert (loaded.settings.gpu_count, refused(loaded)) == (None, ["GPU_COUNT_FILE"])


def test_a_typo_in_our_own_names_is_seen() -> None:
    """
    SLIPWAY_ is ours; other people's variables are none of our business.
    """
    given = {"SLIPWAY_STRCT": "1", "SLIPWAY_STRICT_FILE": "", "OTHER": "x"}

    assert refused(load(given)) == ["SLIPWAY_STRCT"]


def test_spaces_may_be_written_as_three_underscores() -> None:
    """
    vast.ai's workaround, in our own variables only.
    """
    loaded = load({"SSH_PUBKEY": ONE.replace(" ", "___"), "WORKSPACE": "/my___data", "X": "a___b"})

    assert loaded.settings.keys == (ONE,)
    assert loaded.settings.workspace == "/my data"
    assert loaded.settings.environment["X"] == "a___b"


def test_a_process_keeps_its_own_variables() -> None:
    """
    The entrypoint's HOME and its like are not the container's.
    """
    own = dict.fromkeys(["HOME", "PWD", "SHLVL", "HOSTNAME", "TERM", "USER", "OLDPWD", "_"], "x")

    assert dict(load({**own, "FOO": "bar"}).settings.environment) == {"FOO": "bar"}


def test_crlf_in_an_env_file_changes_nothing() -> None:
    """
    `--env-file` keeps the CR of a line.
    """
    loaded = load({"SKIP_ACL": "true\r", "GPU_COUNT": "2\r", "WORKSPACE": "/data\r"})

    settings = loaded.settings
    assert (settings.workspace, settings.skip_acl, settings.gpu_count) == ("/data", True, 2)
    assert loaded.refusals == ()


@pytest.mark.parametrize(
    ("environ", "variable", "expected"),
    [
        ({"GPU_COUNT": "1"}, "GPU_COUNT", "GPU_COUNT"),
        ({"GPU_COUNT": "x"}, "GPU_COUNT", "default"),
        ({"GPU_COUNT": "1", "VAST_CONTAINERLABEL": "C.1"}, "GPU_COUNT", "GPU_COUNT (vast.ai)"),
        ({"PUBLIC_KEY": ONE, "RUNPOD_POD_ID": "x"}, "SSH_PUBKEY", "PUBLIC_KEY (RunPod)"),
        ({"PUBLIC_KEY": ONE}, "SSH_PUBKEY", "PUBLIC_KEY"),
        ({"SKIP_ACL": "1"}, "SKIP_ACL", "argument SKIP_ACL"),
        ({"WORKSPACE_FILE": "/w"}, "WORKSPACE", "WORKSPACE_FILE"),
    ],
)
def test_each_value_says_where_it_came_from(
    environ: dict[str, str], variable: str, expected: str
) -> None:
    """
    Variable, cloud, argument, file or default.
    """
    loaded = load(environ, read=files({"/w": b"/data"}), arguments=["SKIP_ACL"])

    assert loaded.sources[variable] == expected
    assert [row.source for row in loaded.table() if row.name == variable] == [expected]


@pytest.mark.parametrize("content", [b"x" * 131_072, b"a\0b"])
def test_a_file_that_no_variable_can_hold_is_refused(content: bytes) -> None:
    """
    It would keep every service from starting (E2BIG).
    """
    loaded = load({"RCLONE_CONFIG_X_PASS_FILE": "/s"}, read=files({"/s": content}))

    assert refused(loaded) == ["RCLONE_CONFIG_X_PASS_FILE"]
    assert "RCLONE_CONFIG_X_PASS" not in loaded.settings.environment


def test_what_is_withheld_is_named() -> None:
    """
    So that the entrypoint keeps it from services, too; variables of others are their own.
    """
    private = "-----BEGIN OPENSSH PRIVATE KEY-----"
    loaded = load({"PUBLIC_KEY": private, "DEPLOY_KEY": private, "SKIP_ACL": private})

    assert loaded.withheld == {"PUBLIC_KEY", "SKIP_ACL"}
    assert dict(loaded.settings.environment) == {"DEPLOY_KEY": private}


def test_a_name_that_forges_a_line_is_printed_as_one() -> None:
    """
    Names hold anything but = and NUL.
    """
    (refusal,) = load({"SLIPWAY_X\nslipway: all is well": "1"}).refusals

    assert "\n" not in str(refusal)


@pytest.mark.parametrize(("name", "value"), [("A\0", "x"), ("A", "\0"), ("", "x"), ("A", "\ud800")])
def test_what_no_environment_holds_is_ignored_and_said(name: str, value: str) -> None:
    """
    A mapping may come from elsewhere than a process.
    """
    loaded = load({name: value, "B": "ok\udcff"})

    assert dict(loaded.settings.environment) == {"B": "ok\udcff"}
    assert len(loaded.refusals) == 1


NAMED = [
    *NAMES, "SSH_PUBLIC_KEY", "SSH_PUBKEY_FILE", "GPU_COUNT_FILE", "SLIPWAY_SSH_ADDRESS",
    "SLIPWAY_STRICT_FILE", "RUNPOD_POD_ID", "RCLONE_CONFIG_X_PASS", "RCLONE_CONFIG_X_PASS_FILE",
    "RCLONE_RC_ADDR", "HOME",
]  # fmt: skip
PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nx"
text = st.text(max_size=40)
values = st.one_of(
    text,
    st.lists(
        st.sampled_from(
            [ONE, TWO, f"no-pty {ONE}", PRIVATE, "\n", "\\n", " ", "___", '"', "\r", "x"]
        ),
        max_size=6,
    ).map("".join),
    st.sampled_from(
        [
            "/etc",
            "/data/../etc",
            "/root/.ssh",
            "true",
            "8",
            "null",
            "/data",
            "/a___b",
            "host:22",
            "/f",
            "\udcff",
        ]
    ),
)
mappings = st.dictionaries(st.one_of(st.sampled_from(NAMED), text), values, max_size=8)


@given(mappings, st.binary(max_size=60), st.binary(max_size=60))
def test_any_mapping_gives_settings_that_keep_their_rules(
    environ: dict[str, str], mounted: bytes, file: bytes
) -> None:
    """
    Nothing raises, and what comes out is allowed.
    """
    loaded = load(environ, read=files({KEY_FILE: mounted, "/f": file}))
    assert posixpath.normpath(loaded.settings.workspace) == loaded.settings.workspace
    assert refused(load({"WORKSPACE": loaded.settings.workspace})) == []
    assert [key for key in loaded.settings.keys if isinstance(public_keys.read(key), str)] == []
    assert len({public_keys.identity(key) for key in loaded.settings.keys}) == len(
        loaded.settings.keys
    )
    assert loaded.settings.gpu_count is None or loaded.settings.gpu_count >= 0
    assert loaded.settings.threads is None or loaded.settings.threads >= 1
    assert all(part.isprintable() and part for refusal in loaded.refusals for part in refusal)
    assert all(row.value.isprintable() for row in loaded.table())


@given(st.dictionaries(st.sampled_from(NAMED), values, min_size=1, max_size=4))
def test_no_refusal_repeats_a_value(environ: dict[str, str]) -> None:
    """
    It might be a secret.
    """
    given = {name: f"S3CRET{value}S3CRET" for name, value in environ.items()}
    loaded = load(given, read=files({KEY_FILE: b"S3CRET\nssh-ed25519 S3CRET"}))

    assert all("S3CRET" not in str(refusal) for refusal in loaded.refusals)


@pytest.mark.parametrize(
    ("name", "content", "variable"),
    [
        ("SSH_PUBKEY", b"nonsense", "SSH_PUBKEY_FILE line 1"),
        ("PUBLIC_KEY", b"\nnonsense", "PUBLIC_KEY_FILE line 2"),
        ("SSH_PUBLIC_KEY", b"ssh-rsa AAAA", "SSH_PUBLIC_KEY_FILE line 1"),
        ("WORKSPACE", b"/etc", "WORKSPACE_FILE"),
        ("GPU_COUNT", b"x", "GPU_COUNT_FILE"),
        ("SKIP_ACL", b"perhaps", "SKIP_ACL_FILE"),
        ("SLIPWAY_STRICT", b"perhaps", "SLIPWAY_STRICT_FILE"),
        ("SLIPWAY_SSH_ADDRESS", b"x", "SLIPWAY_SSH_ADDRESS_FILE"),
        ("SLIPWAY_SERVICES_OFF", b"sshd", "SLIPWAY_SERVICES_OFF_FILE"),
        ("SLIPWAY_SERVICES_OFF", b"nobody", "SLIPWAY_SERVICES_OFF_FILE"),
        ("SLIPWAY_REMOTE_SYNC", b"-z", "SLIPWAY_REMOTE_SYNC_FILE"),
    ],
)
def test_what_a_file_holds_is_blamed_on_the_file(name: str, content: bytes, variable: str) -> None:
    """
    And the same of the variable itself on that.
    """
    read = files({"/f": content})
    of_file = load({f"{name}_FILE": "/f"}, read=read, programs=lambda: {"web"})
    of_variable = load({name: content.decode()}, programs=lambda: {"web"})

    assert refused(of_file) == [variable]
    assert refused(of_variable) == [variable.replace("_FILE", "")]


@pytest.mark.parametrize(
    ("given", "effect"),
    [
        ({"GPU_COUNT": "x"}, "it is ignored"),
        ({"SLIPWAY_THREADS": "0"}, "it is ignored"),
        ({"SLIPWAY_SSH_ADDRESS": "x"}, "it is ignored"),
        ({"SLIPWAY_DRAIN_SECONDS": "-1"}, "5 is used"),
        ({"WORKSPACE": "/etc"}, "/workspace is used"),
        ({"GPU_COUNT_FILE": "/nowhere"}, "it is ignored"),
        ({"WORKSPACE_FILE": "/nowhere"}, "/workspace is used"),
        ({"SKIP_ACL_FILE": "relative"}, "false is used"),
        ({"RCLONE_CONFIG_X_PASS_FILE": "/nowhere"}, "it is ignored"),
    ],
)
def test_the_effect_is_what_happens(given: dict[str, str], effect: str) -> None:
    """
    Of a value that was given nobody is told that it was not.
    """
    (refusal,) = load(given, read=files({})).refusals

    assert refusal.effect == effect
