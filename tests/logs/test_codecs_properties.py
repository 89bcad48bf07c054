"""Decoding against the libraries' own decoders, for any content, however it is cut, broken or followed by something."""

from __future__ import annotations

import pytest
from fakes.compressed import ENCODERS, MAGIC_LENGTH, REFERENCES, outcome, split
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.logs.codecs import CODECS
from smartcloudops.logs.codecs.pieces import Pieces
from smartcloudops.logs.objects import Unread

names = pytest.mark.parametrize("name", list(ENCODERS))
# Repeated, so that codecs refer back; long enough for several blocks of lz4.
contents = st.one_of(
    st.binary(max_size=300),
    st.builds(lambda part, times: part * times, st.binary(min_size=1, max_size=60), st.integers(1, 3_000)),
)


def undone(name: str, pieces: list[bytes]) -> tuple[bytes, Unread | None]:
    """What a codec gives out, whatever that looks like, and what it raises after it."""
    out = []
    try:
        out.extend(CODECS.load(name).decode(Pieces(pieces)))
    except Unread as e:
        return b"".join(out), e
    return b"".join(out), None


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Pieces that end at those places."""
    ends = sorted(place % (len(data) + 1) for place in places)
    return [data[start:end] for start, end in zip([0, *ends], [*ends, len(data)], strict=True)]


@names
@given(
    members=st.lists(contents, min_size=1, max_size=4),
    zeros=st.integers(0, 3),
    places=st.lists(st.integers(0, 1 << 20), max_size=6),
)
@settings(max_examples=150)
def test_members_come_out_whole_wherever_pieces_end(name, members, zeros, places):
    padding = bytes(zeros * 4)
    stored = b"".join(ENCODERS[name](member) + padding for member in members)
    assert undone(name, cut(stored, places)) == (b"".join(members), None)


@names
@given(content=contents, at=st.integers(0, 1 << 20), size=st.integers(1, 50))
@settings(max_examples=200)
def test_of_what_was_cut_off_all_that_any_decoder_knows_is_given(name, content, at, size):
    stored = ENCODERS[name](content)
    kept = stored[: MAGIC_LENGTH[name] + at % (len(stored) - MAGIC_LENGTH[name])]
    for pieces in ([kept], split(kept, size)):
        out, wrong = undone(name, pieces)
        assert wrong.damage == "truncated"
        assert content.startswith(out)
        assert len(out) >= len(REFERENCES[name](kept))


@names
@given(content=contents, behind=st.binary(min_size=1, max_size=40), size=st.integers(1, 50))
@settings(max_examples=100)
def test_garbage_behind_is_never_passed_over(name, content, behind, size):
    stored = ENCODERS[name](content) + b"\x01" + behind
    for pieces in ([stored], split(stored, size)):
        out, wrong = undone(name, pieces)
        assert (out, wrong.damage) == (content, "trailing")


@names
@given(content=contents, at=st.integers(0, 1 << 20), bit=st.integers(0, 7), size=st.integers(1, 50))
@settings(max_examples=250)
def test_a_flipped_bit_is_never_wrong_in_silence(name, content, at, bit, size):
    stored = bytearray(ENCODERS[name](content))
    at = MAGIC_LENGTH[name] + at % (len(stored) - MAGIC_LENGTH[name])
    stored[at] ^= 1 << bit
    whole, pieces = undone(name, [bytes(stored)]), undone(name, split(bytes(stored), size))
    for out, wrong in (whole, pieces):
        assert out == content if wrong is None else wrong.damage in ("corrupt", "truncated", "trailing", "codec")
    # Decoders differ in when they notice that a block cannot be, never in what they made of it.
    shorter, longer = sorted((whole[0], pieces[0]), key=len)
    assert longer.startswith(shorter)


@names
@given(garbage=st.binary(max_size=400))
@settings(max_examples=150)
def test_garbage_behind_magic_bytes_is_named(name, garbage):
    stored = ENCODERS[name](b"")[: MAGIC_LENGTH[name]] + b"\xa9" + garbage
    assert undone(name, [stored])[1] is not None


@given(data=st.binary(max_size=600), size=st.integers(1, 20))
@settings(max_examples=300)
def test_any_bytes_are_given_or_named(data, size):
    out, wrong = outcome(split(data, size))
    assert outcome([data])[0] == out
    assert (
        wrong is not None
        or out == data
        or data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff"))
    )
