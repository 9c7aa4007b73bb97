"""
What of sshd's configuration depends on which OpenSSH this is: its algorithms above all.

They are those of ssh-audit's hardened policy for the distribution, in order.
The policies differ in key exchanges and in the order of MACs only. They hold for the server's side:
a user's key of any type that OpenSSH takes by default goes on to open a session
(PubkeyAcceptedAlgorithms is left alone).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from slipway.ssh.banner import ADDRESS

_CIPHERS = [
    "chacha20-poly1305@openssh.com",
    "aes256-gcm@openssh.com",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-gcm@openssh.com",
    "aes128-ctr",
]
_HOST_KEYS = [
    "sk-ssh-ed25519-cert-v01@openssh.com",
    "ssh-ed25519-cert-v01@openssh.com",
    "rsa-sha2-512-cert-v01@openssh.com",
    "rsa-sha2-256-cert-v01@openssh.com",
    "sk-ssh-ed25519@openssh.com",
    "ssh-ed25519",
    "rsa-sha2-512",
    "rsa-sha2-256",
]
_MLKEM = "mlkem768x25519-sha256"
_SNTRUP = ["sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com"]
_CURVE = ["curve25519-sha256", "curve25519-sha256@libssh.org"]
_GROUP16, _GROUP18 = "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512"
_EXCHANGE = "diffie-hellman-group-exchange-sha256"
_MAC256, _MAC512 = "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"
_UMAC = "umac-128-etm@openssh.com"


class Policy(NamedTuple):
    """
    What a distribution's policy has of its own.
    """

    key_exchanges: Sequence[str]
    macs: Sequence[str]


POLICIES = {
    "debian-12": Policy([*_SNTRUP, *_CURVE, _GROUP16, _GROUP18, _EXCHANGE], [_MAC256, _MAC512]),
    "debian-13": Policy([_MLKEM, *_SNTRUP], [_MAC512, _MAC256]),
    "ubuntu-22.04": Policy(
        [_SNTRUP[1], *_CURVE, _GROUP16, _GROUP18, _EXCHANGE], [_MAC256, _MAC512]
    ),
    "ubuntu-24.04": Policy(
        [_SNTRUP[1], *_CURVE, _GROUP18, _EXCHANGE, _GROUP16], [_MAC512, _MAC256]
    ),
}
OTHER = Policy([_MLKEM, *_SNTRUP, *_CURVE, _GROUP16, _GROUP18, _EXCHANGE], [_MAC512, _MAC256])


def drop_in(distribution: str, supported: Collection[str]) -> bytes:
    """
    Return the lines of sshd_config(5) for a distribution; one that has no policy gets OTHER.

    A key exchange that sshd does not know would keep it from starting, so only those are named that
    it has: a base with an older package misses its policy by one name rather than having no SSH.
    All the rest is older than any OpenSSH that we meet.

    + distribution: "debian-12", from os-release(5)
    + supported: the key exchanges of this sshd, as `ssh -Q kex` prints them
    """
    policy = POLICIES.get(distribution, OTHER)
    exchanges = [name for name in policy.key_exchanges if name in supported]
    options = {
        "KexAlgorithms": exchanges,
        "Ciphers": _CIPHERS,
        "MACs": [*policy.macs, _UMAC],
        "HostKeyAlgorithms": _HOST_KEYS,
        # Health's questions end without a login, which from OpenSSH 9.8 on has a penalty: two of
        # them a second, and sshd would answer no more. It can't be asked whether it knows the
        # option; this exchange is younger (9.9), and no base has the release between.
        "PerSourcePenaltyExemptList": [ADDRESS] if _MLKEM in supported else [],
    }
    lines = [f"{option} {','.join(names)}\n" for option, names in options.items() if names]
    return "".join(
        [f"# Slipway's: the hardened policy of {distribution or 'no distribution'}.\n", *lines]
    ).encode()
