"""
The engine's frames, cut wherever a connection may cut them.
"""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.connectors.frames import STDERR, STDOUT, Frames


def frame(stream: int, payload: bytes) -> bytes:
    """
    Return a frame as the engine's manual has it.
    """
    return struct.pack(">BxxxL", stream, len(payload)) + payload


@given(
    st.lists(st.tuples(st.sampled_from([STDOUT, STDERR]), st.binary(max_size=40))),
    st.lists(st.integers(1, 30), min_size=1),
)
def test_streams_come_back_however_the_bytes_arrive(
    sent: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    """
    Empty frames, frames cut within their header, and several at once.
    """
    wire = b"".join(frame(*each) for each in sent)
    frames, got = Frames(), {STDOUT: b"", STDERR: b""}
    turn = 0
    while wire:
        size = cuts[turn % len(cuts)]
        for stream, payload in frames.feed(wire[:size]):
            got[stream] += payload
        wire, turn = wire[size:], turn + 1

    for stream in (STDOUT, STDERR):
        assert got[stream] == b"".join(payload for each, payload in sent if each == stream)


def test_a_part_of_a_frame_is_given_at_once() -> None:
    """
    A command's output is not held back until its frame is whole.
    """
    frames = Frames()

    assert list(frames.feed(frame(STDOUT, b"hello")[:10])) == [(STDOUT, b"he")]
    assert list(frames.feed(b"llo")) == [(STDOUT, b"llo")]


@pytest.mark.parametrize("noise", [b"OCI runtime exec failed", b"\0" * 8, b"\3" + b"\0" * 7])
def test_what_is_no_frame_is_said(noise: bytes) -> None:
    """
    A terminal's stream, say, which has none.
    """
    with pytest.raises(ValueError, match="no frame"):
        list(Frames().feed(noise))
