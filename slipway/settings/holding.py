"""
What an environment can hold.
"""

MAX_VARIABLE = 1 << 17  # bytes of NAME=value and its NUL: MAX_ARG_STRLEN of Linux


def can_be_held(name: str, value: str) -> bool:
    """
    Tell whether an environment could hold a variable; a mapping may have what none can.
    """
    if not name or "=" in name or "\0" in name or "\0" in value:
        return False
    try:
        f"{name}{value}".encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return False
    return True
