"""
What an environment may hold, odd things included.
"""

from __future__ import annotations

import os

from hypothesis import strategies as st

# What an environment may hold, as Python decodes it: no NUL, bytes that are no UTF-8.
bytewise = st.binary(max_size=30).map(lambda raw: os.fsdecode(raw.replace(b"\0", b"")))
values = st.one_of(bytewise, st.text("\\\"' $`#=%a", max_size=20))
shell_names = st.from_regex(r"X[A-Za-z0-9_]{0,8}", fullmatch=True)
names = (
    st.one_of(shell_names, bytewise)
    .map(lambda name: os.fsdecode(os.fsencode(name.replace("=", ""))))
    .filter(lambda name: name not in ("", "_"))  # a shell sets `_` itself
)
