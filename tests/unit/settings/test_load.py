"""
Settings: every rule of every variable, and what no input may do.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.contract import paths
from slipway.contract.paths import PROJECT
from slipway.settings import load as settings
from slipway.settings import public_keys
from slipway.settings.load import KEY_FILE, Loaded, Refusal, Settings, load

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


def files(content: dict[str, bytes]) -> Callable[[str], bytes]:
    """
    Return a `read` for these files and no others.
    """

    def read(path: str) -> bytes:
        if path not in content:
            raise FileNotFoundError(2, "No such file or directory", path)
        return content[path]

    return read


def refused(loaded: Loaded) -> list[str]:
    """
    Return which variables were refused.
    """
    return [refusal.variable for refusal in loaded.refusals]


def test_nothing_given_is_the_default() -> None:
    """
    No variable: nothing refused, nothing limited.
    """
    loaded = load({})

    assert loaded.settings == Settings()
    assert loaded.refusals == ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", False),
        *[(word, True) for word in ("1", "true", "TRUE", "Yes", "on", " true ")],
        *[(word, False) for word in ("0", "false", "False", "no", "OFF")],
    ],
)
def test_booleans(value: str, expected: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """
    1/0, true/false, yes/no, on/off in any case; empty is false.
    """
    loaded = load({"SKIP_ACL": value})

    assert (loaded.settings.skip_acl, loaded.refusals) == (expected, ())


def test_another_word_is_no_boolean() -> None:
    """
    Refused with the rule and what happens instead; only its own concern is touched.
    """
    loaded = load({"SKIP_ACL": "maybe", "GPU_COUNT": "2"})

    assert loaded.refusals == (Refusal("SKIP_ACL", "must be true or false", "false is used"),)
    assert (loaded.settings.skip_acl, loaded.settings.gpu_count) == (False, 2)


@pytest.mark.parametrize(("value", "expected"), [("", None), ("0", 0), ("8", 8), (" 2 ", 2)])
def test_a_count(value: str, expected: int | None) -> None:
    """
    A whole number; none for no limit.
    """
    assert load({"GPU_COUNT": value}).settings.gpu_count == expected


@pytest.mark.parametrize("value", ["abc", "-1", "1.5", "1e3", "١", "0x2", "9" * 40, "2 3", "all"])
def test_no_count(value: str) -> None:
    """
    Anything else is refused, digits of other scripts and absurd sizes included.
    """
    loaded = load({"GPU_COUNT": value})

    assert (loaded.settings.gpu_count, refused(loaded)) == (None, ["GPU_COUNT"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", "/workspace"),
        ("/workspace/", "/workspace"),
        ("/workspace//", "/workspace"),
        ("//data", "/data"),
        ("/data/../data/x", "/data/x"),
        ("/root/x", "/root/x"),
        ("/home/user", "/home/user"),
        ("/opt/x", "/opt/x"),
        ("/mnt", None),
        ("/mnt/disk", "/mnt/disk"),
        ("/data", "/data"),
        ("/my data/ü", "/my data/ü"),
        ("/libraries", None),
        ("/usrdata", "/usrdata"),
        ("/etcetera", "/etcetera"),
    ],
)
def test_a_workspace_is_canonical(value: str, expected: str | None) -> None:
    """
    An absolute path without detours; spaces and any UTF-8 are fine.
    """
    loaded = load({"WORKSPACE": value})

    assert loaded.settings.workspace == (expected or "/workspace")
    assert refused(loaded) == ([] if expected else ["WORKSPACE"])


# fmt: off
SYSTEM = [
    "/", "//", "/root", "/root/", "/home", "/opt", "/mnt", "/srv", "/media", "/tmp", "/root/.ssh",
    "/root/.config/x", "/opt/slipway", "/opt/slipway/venv", "/bin", "/boot/x", "/dev", "/dev/shm",
    "/etc", "/etc/ssh", "/lib", "/lib64/x", "/proc/1", "/run", "/run/x", "/sbin", "/sys", "/usr",
    "/usr/local/data", "/var", "/var/lib/x", "/data/../etc", "/workspace/../root/.ssh",
]
# fmt: on


@pytest.mark.parametrize("value", SYSTEM)
def test_the_system_is_no_workspace(value: str) -> None:
    """
    An ACL there would open the system to a user: refused, and the default is used.
    """
    loaded = load({"WORKSPACE": value})

    assert loaded.settings.workspace == "/workspace"
    assert refused(loaded) == ["WORKSPACE"]


@pytest.mark.parametrize("value", ["data", "./data", "~", "$HOME", "/a\nb", "/a\0b", "C:\\data"])
def test_a_workspace_is_absolute_and_on_one_line(value: str) -> None:
    """
    Relative paths and control characters are refused.
    """
    assert refused(load({"WORKSPACE": value})) == ["WORKSPACE"]


def test_a_link_into_the_system_is_seen() -> None:
    """
    What counts is where a path leads.
    """
    loaded = load({"WORKSPACE": "/data"}, resolve=lambda path: "/etc" + path)

    assert (loaded.settings.workspace, refused(loaded)) == ("/workspace", ["WORKSPACE"])


def test_a_link_elsewhere_is_followed() -> None:
    """
    The workspace is the place itself, not the link.
    """
    assert load({"WORKSPACE": "/data"}, resolve=lambda _: "/mnt/b").settings.workspace == "/mnt/b"


def test_keys_are_merged_in_the_contracts_order() -> None:
    """
    Three variables, then the file; each key once, the first line wins.
    """
    loaded = load(
        {"SSH_PUBLIC_KEY": TWO, "SSH_PUBKEY": ONE, "PUBLIC_KEY": f"{TWO}\r\n{ONE} again"},
        read=files({KEY_FILE: ONE.encode()}),
    )

    assert loaded.settings.keys == (ONE, TWO)
    assert loaded.refusals == ()
    assert loaded.sources["SSH_PUBKEY"] == f"SSH_PUBKEY, PUBLIC_KEY, SSH_PUBLIC_KEY, {KEY_FILE}"


def test_a_key_with_other_options_again_is_refused() -> None:
    """
    The first wins, and the second is not silently dropped.
    """
    loaded = load({"SSH_PUBKEY": f'from="10.0.0.1" {ONE}', "PUBLIC_KEY": ONE})

    assert loaded.settings.keys == (f'from="10.0.0.1" {ONE}',)
    assert refused(loaded) == ["PUBLIC_KEY"]


def test_a_bad_line_costs_only_itself() -> None:
    """
    It is named by variable and number; the others are used.
    """
    loaded = load({"SSH_PUBKEY": f"{ONE}\nssh-ed25519 AAAA broken\n{TWO}"})

    assert loaded.settings.keys == (ONE, TWO)
    assert refused(loaded) == ["SSH_PUBKEY line 2"]


def test_a_private_key_appears_nowhere() -> None:
    """
    Not in the keys, not in the refusal, not in any session's environment.
    """
    begin, end = "-----BEGIN OPENSSH PRIVATE KEY-----", "-----END OPENSSH PRIVATE KEY-----"
    loaded = load({"SSH_PUBKEY": f"{begin}\nCANARY\n{end}\n", "PUBLIC_KEY": ONE})

    assert loaded.settings.keys == (ONE,)
    assert [str(refusal) for refusal in loaded.refusals] == [
        "SSH_PUBKEY line 1: is a private key; give the .pub file's line (this line is left out)"
    ]
    assert "CANARY" not in repr(loaded)


@pytest.mark.parametrize("nothing", ["null", "none", "undefined", " ", "\n\n", "NULL"])
def test_no_key_is_no_complaint(nothing: str) -> None:
    """
    Clouds' consoles send such words for "no key".
    """
    loaded = load({"PUBLIC_KEY": nothing})

    assert (loaded.settings.keys, loaded.refusals) == ((), ())


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (FileNotFoundError(2, "No such file"), []),
        (IsADirectoryError(21, "Is a directory"), []),
        (PermissionError(13, "Permission denied"), [KEY_FILE]),
    ],
)
def test_a_key_file_that_is_none(error: OSError, expected: list[str]) -> None:
    """
    Absent, or the directory that Docker makes of it: no keys. Unreadable: said.
    """

    def read(path: str) -> bytes:
        raise error

    loaded = load({"SSH_PUBKEY": ONE}, read=read)

    assert (loaded.settings.keys, refused(loaded)) == ((ONE,), expected)


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


@pytest.mark.parametrize(
    "name",
    [
        "RCLONE_VFS_CACHE_MODE",
        "RCLONE_CACHE_DIR",
        "RCLONE_RC",
        "RCLONE_RC_ADDR",
        "RCLONE_DAEMON",
        "RCLONE_DAEMON_WAIT",
    ],
)
def test_what_a_mounts_safety_rests_on_is_not_the_users(name: str) -> None:
    """
    Refused by name for mounts; other options are rclone's own business.
    """
    assert refused(load({name: "x", "RCLONE_BWLIMIT": "1M"})) == [name]


@pytest.mark.parametrize(
    ("words", "given", "command"),
    [
        ([], {}, []),
        (["bash"], {}, ["bash"]),
        (["A=1", "B=x=y=", "C="], {"A": "1", "B": "x=y=", "C": ""}, []),
        (["A=1", "env", "B=2"], {"A": "1"}, ["env", "B=2"]),
        (["A=line\nline"], {"A": "line\nline"}, []),
        (["-c", "A=1"], {}, ["-c", "A=1"]),
        (["=x"], {}, ["=x"]),
        (["1A=x"], {}, ["1A=x"]),
        (["/bin/a=b"], {}, ["/bin/a=b"]),
        ([""], {}, [""]),
        (["A=1", "A=2"], {"A": "2"}, []),
    ],
)
def test_arguments(words: list[str], given: dict[str, str], command: list[str]) -> None:
    """
    Leading NAME=value words are variables; the first other word begins the command.
    """
    assert settings.split_arguments(words) == (given, command)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("WORKSPACE", "v"),
        ("RCLONE_CONFIG_X_TYPE", "v"),
        ("RCLONE_BWLIMIT", "v"),
        ("RCLONE_CONFIG_X_PASS", "***"),
        ("RCLONE_CONFIG_X_TOKEN", "***"),
        ("RCLONE_CONFIG_X_ENDPOINT", "***"),
        ("AWS_SECRET_ACCESS_KEY", "***"),
        ("HF_TOKEN", "***"),
        ("my_password", "***"),
    ],
)
def test_secrets_are_not_shown(name: str, expected: str) -> None:
    """
    When in doubt, stars.
    """
    assert settings.shown(name, "v") == expected


def test_the_readme_has_the_table_of_this_module() -> None:
    """
    Names, defaults and meanings stand once, in VARIABLES.
    """
    assert settings.markdown() in (PROJECT / "README.md").read_text()


@pytest.mark.parametrize(
    "value", ["/a\x7fb", "/\udcff", f"/{'x' * 256}", "/x" * 2000, "/a\x1b[31m", "/var/link"]
)
def test_a_path_that_nothing_could_make_or_print_is_none(value: str) -> None:
    """
    Control characters, no UTF-8, longer than Linux allows; and as it is written, /var stays /var.
    """
    loaded = load({"WORKSPACE": value}, resolve=lambda path: path.replace("/var/link", "/data"))

    assert (loaded.settings.workspace, refused(loaded)) == ("/workspace", ["WORKSPACE"])


def test_a_path_is_resolved_as_the_kernel_does() -> None:
    """
    `..` behind a link leads to the parent of where the link leads; the default may be a link, too.
    """
    links = {"/data/link/../x": "/mnt/disk/x", "/workspace": "/mnt/volume"}

    for value, expected in (("/data/link/../x", "/mnt/disk/x"), ("", "/mnt/volume")):
        loaded = load({"WORKSPACE": value}, resolve=links.__getitem__)
        assert (loaded.settings.workspace, loaded.refusals) == (expected, ())


@pytest.mark.parametrize("error", [OSError(40, "Too many levels"), ValueError("embedded null")])
def test_a_path_that_can_not_be_followed_is_none(error: Exception) -> None:
    """
    A loop of links, say: refused, not raised.
    """

    def resolve(path: str) -> str:
        if path != "/workspace":
            raise error
        return path

    assert refused(load({"WORKSPACE": "/loop"}, resolve=resolve)) == ["WORKSPACE"]


def test_crlf_in_an_env_file_changes_nothing() -> None:
    """
    `--env-file` keeps the CR of a line.
    """
    loaded = load({"SKIP_ACL": "true\r", "GPU_COUNT": "2\r", "WORKSPACE": "/data\r"})

    assert loaded.settings[1:4] == ("/data", True, 2)
    assert loaded.refusals == ()


@pytest.mark.parametrize("value", ["localhost:2222", "203.0.113.7:40022", "[2001:db8::1]:22"])
def test_an_address(value: str) -> None:
    """
    Host and port; IPv6 in brackets.
    """
    assert load({"SLIPWAY_SSH_ADDRESS": value}).settings.ssh_address == value


@pytest.mark.parametrize(
    "value", ["x", ":22", "h:", "h:0", "h:65536", "-oProxy:1", "$(x):1", "h :1"]
)
def test_no_address(value: str) -> None:
    """
    It becomes part of a line to copy into a shell.
    """
    loaded = load({"SLIPWAY_SSH_ADDRESS": value})

    assert (loaded.settings.ssh_address, refused(loaded)) == ("", ["SLIPWAY_SSH_ADDRESS"])


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


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("drive", "SERVICE_ACCOUNT_FILE"),
        ("sftp", "KEY_FILE"),
        ("sftp", "KNOWN_HOSTS_FILE"),
        ("s3", "SHARED_CREDENTIALS_FILE"),
        ("oracleobjectstorage", "SSE_CUSTOMER_KEY_FILE"),
        ("oracleobjectstorage", "CONFIG_FILE"),
        ("box", "BOX_CONFIG_FILE"),
        ("azureblob", "SERVICE_PRINCIPAL_FILE"),
    ],
)
def test_rclones_own_files_are_rclones(kind: str, name: str) -> None:
    """
    `rclone config providers` lists them: what they name is a path to rclone, and not read by us.
    """
    given = {"RCLONE_CONFIG_X_TYPE": kind, f"RCLONE_CONFIG_X_{name}": "/nowhere"}
    loaded = load(given)

    assert (dict(loaded.settings.environment), loaded.refusals) == (given, ())


@pytest.mark.parametrize(("kind", "name"), [("b2", "KEY"), ("s3", "SECRET_ACCESS_KEY")])
def test_other_remotes_keys_may_come_as_files(kind: str, name: str) -> None:
    """
    The same ending means a path for sftp, and Docker's convention for others.
    """
    given = {"RCLONE_CONFIG_X_TYPE": kind, f"RCLONE_CONFIG_X_{name}_FILE": "/s"}
    loaded = load(given, read=files({"/s": b"s3cret\n"}))

    assert loaded.settings.environment[f"RCLONE_CONFIG_X_{name}"] == "s3cret"


@pytest.mark.parametrize("content", [b"x" * 131_072, b"a\0b"])
def test_a_file_that_no_variable_can_hold_is_refused(content: bytes) -> None:
    """
    It would keep every service from starting (E2BIG).
    """
    loaded = load({"RCLONE_CONFIG_X_PASS_FILE": "/s"}, read=files({"/s": content}))

    assert refused(loaded) == ["RCLONE_CONFIG_X_PASS_FILE"]
    assert "RCLONE_CONFIG_X_PASS" not in loaded.settings.environment


def test_a_key_file_may_be_larger_than_a_variable() -> None:
    """
    Its text goes into no environment.
    """
    content = f"{ONE}\n" * 2000
    loaded = load({"SSH_PUBKEY_FILE": "/k"}, read=files({"/k": content.encode()}))

    assert loaded.settings.keys == (ONE,)
    assert dict(loaded.settings.environment) == {"SSH_PUBKEY_FILE": "/k"}


def test_refusals_of_one_source_have_an_end() -> None:
    """
    A mounted file of another kind has a million lines that are no keys.
    """
    loaded = load({"SSH_PUBKEY": ONE}, read=files({KEY_FILE: b"x\n" * 100_000}))

    assert loaded.settings.keys == (ONE,)
    assert len(loaded.refusals) == 21
    assert str(loaded.refusals[-1]) == (
        f"{KEY_FILE}: has 99980 more lines that are no keys (they are left out)"
    )


def test_what_is_withheld_is_named() -> None:
    """
    So that the entrypoint keeps it from services, too; variables of others are their own.
    """
    private = "-----BEGIN OPENSSH PRIVATE KEY-----"
    loaded = load({"PUBLIC_KEY": private, "DEPLOY_KEY": private, "SKIP_ACL": private})

    assert loaded.withheld == {"PUBLIC_KEY", "SKIP_ACL"}
    assert dict(loaded.settings.environment) == {"DEPLOY_KEY": private}


def test_mounts_do_without_what_they_refuse() -> None:
    """
    Sessions see it all the same: it is rclone's to use there.
    """
    given = {"RCLONE_RC": "true", "RCLONE_BWLIMIT": "1M", "RCLONE_CONFIG_RC_TYPE": "alias"}
    loaded = load(given)

    assert dict(loaded.settings.environment) == given
    assert sorted(loaded.settings.for_mounts()) == ["RCLONE_BWLIMIT", "RCLONE_CONFIG_RC_TYPE"]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("RCLONE_HTTP_PROXY", "x", "***"),
        ("RCLONE_HEADER", "Authorization: x", "***"),
        ("DATABASE_URL", "postgres://user:hunter2@host/db", "***"),
        ("SECRET_TYPE", "x", "***"),
        ("X", "\x1b[31mred\n\udcff", "\\x1b[31mred\\n\\udcff"),
    ],
)
def test_what_is_shown_does_no_harm(name: str, value: str, expected: str) -> None:
    """
    Credentials in addresses, headers; nothing that a terminal or a log would obey.
    """
    assert settings.shown(name, value) == expected


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


def test_the_mounted_file_is_where_compose_mounts_it() -> None:
    """
    The settings import nothing but keys and providers, so the path stands twice.
    """
    assert str(paths.AUTHORIZED_KEYS_MOUNT) == KEY_FILE


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
    st.sampled_from([*SYSTEM, "true", "8", "null", "/data", "/a___b", "host:22", "/f", "\udcff"]),
)
mappings = st.dictionaries(st.one_of(st.sampled_from(NAMED), text), values, max_size=8)


@given(mappings, st.binary(max_size=60), st.binary(max_size=60))
def test_any_mapping_gives_settings_that_keep_their_rules(
    environ: dict[str, str], mounted: bytes, file: bytes
) -> None:
    """
    Nothing raises; what comes out is allowed; and read again from what it writes, it is the same,
    with nothing left to refuse.
    """
    loaded = load(environ, read=files({KEY_FILE: mounted, "/f": file}))
    written = loaded.settings.to_environment()
    again = load(written)
    given = again.settings._replace(environment=loaded.settings.environment)

    assert given == loaded.settings
    assert again.refusals == ()
    assert load(again.settings.to_environment()).settings == again.settings
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
    "".join(f"{name}={value}" for name, value in written.items()).encode(errors="surrogateescape")


@given(st.dictionaries(st.sampled_from(NAMED), values, min_size=1, max_size=4))
def test_no_refusal_repeats_a_value(environ: dict[str, str]) -> None:
    """
    It might be a secret.
    """
    given = {name: f"S3CRET{value}S3CRET" for name, value in environ.items()}
    loaded = load(given, read=files({KEY_FILE: b"S3CRET\nssh-ed25519 S3CRET"}))

    assert all("S3CRET" not in str(refusal) for refusal in loaded.refusals)


@given(st.lists(st.text(max_size=20), max_size=6))
def test_arguments_are_never_lost(words: list[str]) -> None:
    """
    Whatever they are, each is a variable or part of the command.
    """
    given, command = settings.split_arguments(words)

    assert words[len(words) - len(command) :] == command
    assert {word.partition("=")[0] for word in words[: len(words) - len(command)]} == set(given)
