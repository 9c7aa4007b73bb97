"""
The keys themselves, in base64, checked as sshd checks them: RFC 4253, section 6.6, and RFC 5656.
"""

from __future__ import annotations

from base64 import b64decode, b64encode

SMALLEST_RSA = 2048  # bits: what our sshd accepts (RequiredRSASize), its own bound is 1024
_LARGEST_RSA = 16384  # OpenSSH's own bound

CUT = "is cut off or damaged: its base64 is no key of the type it names"
RSA_BITS = (
    f"is an RSA key of less than {SMALLEST_RSA} or more than {_LARGEST_RSA} bits, "
    "which sshd does not accept"
)


def complaint(kind: str, blob: str) -> str:
    """
    Return why a blob is no key of this type, "" if it is one.
    """
    if len(blob) % 4:
        return CUT
    try:
        content = b64decode(blob)
    except ValueError:
        return CUT
    if b64encode(content).decode() != blob:  # bits left over at the end: sshd refuses those, too
        return CUT
    fields = _fields(content)
    name, shape, curve = KINDS[kind]
    if not fields or fields.pop(0) != name:
        return CUT
    return shape(fields, curve)


def _fields(content: bytes) -> list[bytes]:
    """
    Split a blob into its strings (RFC 4251, section 5); nothing where they don't add up.
    """
    fields, position = [], 0
    while position < len(content):
        start = position + 4
        position = start + int.from_bytes(content[position:start], "big")
        fields.append(content[start:position])
    return fields if position == len(content) else []


# Curves y^2 = x^3 - 3x + b modulo p, of order n (FIPS 186-4, D.1.2): name, p, b, n
_Curve = tuple[bytes, int, int, int]
# fmt: off
_P256 = (
    b"nistp256", 2**256 - 2**224 + 2**192 + 2**96 - 1,
    0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
)
_P384 = (
    b"nistp384", 2**384 - 2**128 - 2**96 + 2**32 - 1,
    0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
)
_P521 = (
    b"nistp521", 2**521 - 1,
    0x0051953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E156193951EC7E937B1652C0BD3BB1BF073573DF883D2C34F1EF451FD46B503F00,
    0x01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409,
)
# fmt: on

_ED25519_BYTES = 32


def _ed25519(fields: list[bytes], _curve: _Curve) -> str:
    return "" if len(fields) == 1 and len(fields[0]) == _ED25519_BYTES else CUT


def _sk_ed25519(fields: list[bytes], curve: _Curve) -> str:
    return _ed25519(fields[:-1], curve) if _is_application(fields) else CUT


def _sk_ecdsa(fields: list[bytes], curve: _Curve) -> str:
    return _ecdsa(fields[:-1], curve) if _is_application(fields) else CUT


def _is_application(fields: list[bytes]) -> bool:
    """
    Tell whether the last string is a security key's application: a C string.
    """
    return bool(fields) and b"\0" not in fields[-1][:-1]


def _ecdsa(fields: list[bytes], curve: _Curve) -> str:
    """
    Check that the point is one of the curve, as sshkey_ec_validate_public of OpenSSH does.
    """
    name, p, b, n = curve
    size = (p.bit_length() + 7) // 8
    if len(fields) != 2 or fields[0] != name:  # noqa: PLR2004 - curve, point
        return CUT
    point = fields[1]
    if len(point) != 1 + 2 * size or point[0] != 4:  # noqa: PLR2004 - uncompressed
        return CUT
    x, y = int.from_bytes(point[1 : 1 + size], "big"), int.from_bytes(point[1 + size :], "big")
    half = n.bit_length() // 2
    if not (half < x.bit_length() and half < y.bit_length() and max(x, y) < n - 1):
        return CUT
    return "" if (y * y - x * (x * x - 3) - b) % p == 0 else CUT


def _rsa(fields: list[bytes], _curve: _Curve) -> str:
    if len(fields) != 2 or any(field[:1] >= b"\x80" for field in fields):  # noqa: PLR2004 - e, n
        return CUT
    bits = int.from_bytes(fields[1], "big").bit_length()
    return "" if SMALLEST_RSA <= bits <= _LARGEST_RSA else RSA_BITS


# Name on the line: name in the blob, what follows there, and the curve. The names of signature
# algorithms are taken by sshd for their key's type.
KINDS = {
    "ssh-ed25519": (b"ssh-ed25519", _ed25519, _P256),
    "ssh-rsa": (b"ssh-rsa", _rsa, _P256),
    "rsa-sha2-256": (b"ssh-rsa", _rsa, _P256),
    "rsa-sha2-512": (b"ssh-rsa", _rsa, _P256),
    "ecdsa-sha2-nistp256": (b"ecdsa-sha2-nistp256", _ecdsa, _P256),
    "ecdsa-sha2-nistp384": (b"ecdsa-sha2-nistp384", _ecdsa, _P384),
    "ecdsa-sha2-nistp521": (b"ecdsa-sha2-nistp521", _ecdsa, _P521),
    "sk-ssh-ed25519@openssh.com": (b"sk-ssh-ed25519@openssh.com", _sk_ed25519, _P256),
    "sk-ecdsa-sha2-nistp256@openssh.com": (
        b"sk-ecdsa-sha2-nistp256@openssh.com",
        _sk_ecdsa,
        _P256,
    ),
    "webauthn-sk-ecdsa-sha2-nistp256@openssh.com": (
        b"sk-ecdsa-sha2-nistp256@openssh.com",
        _sk_ecdsa,
        _P256,
    ),
}
