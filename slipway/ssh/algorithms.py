"""
The algorithms that sshd offers: the compatible policy, or the hardened one of the distribution.

Both hold for the server's side: a user's key of any type that OpenSSH takes by default goes on to
open a session (PubkeyAcceptedAlgorithms is left alone). In both the stronger of two comes first, so
that a client that has it uses it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

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
_PLAIN_MAC = "hmac-sha2-256"  # all that libssh2 has before 1.11 (May 2023) is encrypt-and-MAC


class Policy(NamedTuple):
    """
    What one policy has that another has not.
    """

    key_exchanges: Sequence[str]
    macs: Sequence[str]


# ssh-audit's hardened policies, in order: they differ in key exchanges and the order of MACs only
HARDENED = {
    "debian-12": Policy(
        [*_SNTRUP, *_CURVE, _GROUP16, _GROUP18, _EXCHANGE], [_MAC256, _MAC512, _UMAC]
    ),
    "debian-13": Policy([_MLKEM, *_SNTRUP], [_MAC512, _MAC256, _UMAC]),
    "ubuntu-22.04": Policy(
        [_SNTRUP[1], *_CURVE, _GROUP16, _GROUP18, _EXCHANGE], [_MAC256, _MAC512, _UMAC]
    ),
    "ubuntu-24.04": Policy(
        [_SNTRUP[1], *_CURVE, _GROUP18, _EXCHANGE, _GROUP16], [_MAC512, _MAC256, _UMAC]
    ),
}
OTHER = Policy(
    [_MLKEM, *_SNTRUP, *_CURVE, _GROUP16, _GROUP18, _EXCHANGE], [_MAC512, _MAC256, _UMAC]
)
# All that is strong, and what older clients need besides; nothing that ssh-audit fails, which are
# NIST's curves, SHA-1, CBC and groups below 3072 bits
COMPATIBLE = Policy(OTHER.key_exchanges, [*OTHER.macs, _PLAIN_MAC])


def options(*, policy: str, distribution: str, supported: Collection[str]) -> dict[str, str]:
    """
    Return the options of sshd_config(5) that a policy sets.

    A key exchange that sshd does not know would keep it from starting, so only those are named that
    it has: a base with an older package misses its policy by one name rather than having no SSH.
    All the rest is older than any OpenSSH that we meet.

    + policy: "compatible" or "hardened"
    + distribution: "debian-12", from os-release(5); one without a hardened policy gets OTHER
    + supported: the key exchanges of this sshd, as `ssh -Q kex` prints them
    """
    lists = HARDENED.get(distribution, OTHER) if policy == "hardened" else COMPATIBLE
    offered = {
        "KexAlgorithms": [name for name in lists.key_exchanges if name in supported],
        "Ciphers": _CIPHERS,
        "MACs": lists.macs,
        "HostKeyAlgorithms": _HOST_KEYS,
    }
    return {option: ",".join(names) for option, names in offered.items() if names}
