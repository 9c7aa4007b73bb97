"""
Keys as people paste them: what is around one is left out, where only one reading makes it a key.
"""

from __future__ import annotations

import json

import pytest

from slipway.settings import authorized
from slipway.settings.load import load

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIYIQ5u1YIYoX6oXqZl5HC0kXqP7yKJEgWj2bcXWk1cJ"
ONE, TWO = (
    f"{KEY} one",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEhiD5Gm7c5gQUxyVwMAXJNqfYq1lSY2PL0JZw2mYtPw two",
)
RSA_BODY = "AAAA"

WRAPPED = {
    "single quotes": f"'{ONE}'",
    "double quotes": f'"{ONE}"',
    "backticks": f"`{ONE}`",
    "curly quotes": f"“{ONE}”",
    "German quotes": f"„{ONE}“",
    "angle brackets": f"<{ONE}>",
    "quotes within quotes": f"\"'{ONE}'\"",
    "blanks within quotes": f"'  {ONE}  '",
    "a newline within quotes": f"'{ONE}\n'",
    "a shell's $'...'": f"$'{ONE}'",
    "an assignment": f"SSH_PUBKEY={ONE}",
    "an assignment with quotes": f'SSH_PUBKEY="{ONE}"',
    "an export": f"export SSH_PUBKEY='{ONE}'",
    "an export with a prompt": f"$ export PUBLIC_KEY={ONE}",
    "a YAML mapping": f"SSH_PUBKEY: {ONE}",
    "a YAML mapping with quotes": f'SSH_PUBKEY: "{ONE}"',
    "docker's option": f"-e SSH_PUBKEY='{ONE}'",
    "a Dockerfile's": f"ENV SSH_PUBKEY={ONE}",
    "PowerShell's": f'$env:SSH_PUBKEY="{ONE}"',
    "Windows' set": f"set SSH_PUBKEY={ONE}",
    "an echo": f'echo "{ONE}" >> ~/.ssh/authorized_keys',
    "a YAML list": f"- {ONE}",
    "a numbered list": f"1. {ONE}",
    "a quoted mail": f"> {ONE}",
    "a JSON list": json.dumps([ONE]),
    "a backslash at the end": f"{KEY}\\",
    "a comma at the end": f"{KEY},",
    "a semicolon at the end": f"{KEY};",
    "a quote without its other half": f'"{ONE}',
    "a quote at the end": f"{KEY}'",
    "the type twice": f"ssh-ed25519 {ONE}",
    "the type three times": f"ssh-ed25519 ssh-ed25519 {ONE}",
    "an escaped space": ONE.replace(" ", "\\ ", 1),
    "a URL's space": ONE.replace(" ", "%20", 1),
    "a no-break space": ONE.replace(" ", "\u00a0", 1),
    "a zero-width space": f"\u200b{ONE}",
    "a mark of direction": f"\u202a{ONE}",
    "fish's set": f"set -x SSH_PUBKEY '{ONE}'",
    "Windows' setx": f'setx SSH_PUBKEY "{ONE}"',
    "TOML": f'ssh_pubkey = "{ONE}"',
    "a pod's value": f'value: "{ONE}"',
    "a label": f"Public key: {ONE}",
    "bold": f"**{ONE}**",
    "a table's cell": f"| {ONE} |",
    "parentheses": f"({ONE})",
    "a bullet": f"• {ONE}",
    "a full stop": f"{KEY}.",
    "underscores in quotes": f"'{ONE}'".replace(" ", "___"),
}


@pytest.mark.parametrize("text", WRAPPED.values(), ids=WRAPPED.keys())
def test_what_is_around_a_key_is_left_out_and_said(text: str) -> None:
    """
    It opens sessions, nothing is refused, and a note says what was left out.
    """
    loaded = load({"SSH_PUBKEY": text})

    assert [line.split()[:2] for line in loaded.settings.keys] == [KEY.split()]
    assert loaded.refusals == ()
    assert [note.variable for note in loaded.notes] == ["SSH_PUBKEY"]


@pytest.mark.parametrize(
    "text",
    [
        f'"{ONE}\n{TWO}"',
        f'"{ONE}\\n{TWO}"',
        f"'{ONE}'\n'{TWO}'",
        f"- {ONE}\n- {TWO}\n",
        json.dumps([ONE, TWO]),
        f"export SSH_PUBKEY='{ONE}\n{TWO}'",
        f"'{ONE}'\\n'{TWO}'",
    ],
    ids=["lines", r"literal \n", "each", "a list", "JSON", "export", r"each, literal \n"],
)
def test_several_keys_in_one_wrapping(text: str) -> None:
    """
    Quotes around all of them, or around each.
    """
    loaded = load({"PUBLIC_KEY": text})

    assert [line.split()[1] for line in loaded.settings.keys] == [ONE.split()[1], TWO.split()[1]]
    assert loaded.refusals == ()


@pytest.mark.parametrize(
    "text",
    [
        f"{ONE} {TWO}",
        f"{KEY}{KEY}",
        f"example.org {KEY}",
        f"'{KEY[:-6]}'",
        f'allow="x" {KEY}',
        "'hello'",
        '["a", 1]',
        "export SSH_PUBKEY=",
        "'-----BEGIN OPENSSH PRIVATE KEY-----'",
        f'"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA {KEY}"',
    ],
)
def test_what_has_more_than_one_reading_stays_refused(text: str) -> None:
    """
    Two keys on one line, half a key, a line of known_hosts, a private key.
    """
    loaded = load({"SSH_PUBKEY": text})

    assert loaded.settings.keys == ()
    assert loaded.refusals != ()
    assert loaded.notes == ()


@pytest.mark.parametrize(
    "line", [f"command=\"echo 'hi'\" {ONE}", f'from="10.0.0.1" {ONE}', f'{KEY} 12" disk', ONE]
)
def test_a_line_that_is_a_key_is_left_as_it_is(line: str) -> None:
    """
    Byte for byte; quotes are an option's or a comment's.
    """
    assert authorized.keys(line).found[0].line == line
    assert authorized.keys(line).wrapping == ()


def test_a_good_line_beside_a_wrapped_one_keeps_its_place() -> None:
    """
    And what is no key is refused by its number.
    """
    loaded = load({"SSH_PUBKEY": f"{ONE}\nnonsense\n'{TWO}'"})

    assert loaded.settings.keys == (ONE, TWO)
    assert [refusal.variable for refusal in loaded.refusals] == ["SSH_PUBKEY line 2"]
