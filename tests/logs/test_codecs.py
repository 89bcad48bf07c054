"""What surrounds compressed data: magic bytes, members, padding, layers, encodings of text, things that are no logs."""

from __future__ import annotations

import gzip
import io
import lzma
import struct
import subprocess
import sys
import tarfile
import tracemalloc
import zipfile
import zlib

import lz4.frame
import pytest
import zstandard
from fakes.compressed import ENCODERS, LINES, outcome, split

from smartcloudops.logs.codecs import magic
from smartcloudops.logs.codecs.decode import decoded, tune_allocator
from smartcloudops.logs.codecs.pieces import Pieces
from smartcloudops.logs.objects import BUFFER, Unread

names = pytest.mark.parametrize("name", list(ENCODERS))
TEXT = b"one line\nand another\n"


def test_nothing_is_nothing():
    assert outcome([]) == outcome([b""]) == outcome([b"", b""]) == (b"", None)


def test_plain_text_is_given_as_it_came_without_a_copy():
    pieces = [b"one line\n" * 100, b"\xff\x00 not UTF-8\r\n"]
    given = list(decoded(pieces, cap=1))
    assert all(out is piece for out, piece in zip(given, pieces, strict=True))


@names
def test_members_one_behind_the_other(name):
    encode = ENCODERS[name]
    stored = encode(TEXT) + encode(b"") + encode(LINES) + bytes(1000) + encode(TEXT) + bytes(512)
    for pieces in ([stored], split(stored, 7), split(stored, 5000)):
        assert outcome(pieces) == (TEXT + LINES + TEXT, None)
    assert outcome([encode(b"")]) == (b"", None)


@names
def test_what_follows_is_named_after_all_was_decoded(name):
    stored = ENCODERS[name](TEXT)
    other = "xz" if name != "xz" else "gz"
    for behind, said in (
        (b"garbage", "something else lies"),
        (b"\x00\x00\x01", "something else"),
        (ENCODERS[other](TEXT), f"{other} data lie"),
    ):
        given, wrong = outcome([stored + behind])
        assert (given, wrong.damage) == (TEXT, "trailing")
        assert said in wrong.why
        assert f"byte {len(stored) + behind.find(behind.lstrip(bytes(1)))}" in wrong.why


@names
def test_thousands_of_tiny_members_come_in_few_buffers(name):
    each = [b"%d %s\n" % (i, b"x" * (i % 50)) for i in range(5_000 if name != "xz" else 1_000)]
    buffers = list(decoded([b"".join(map(ENCODERS[name], each))], cap=1 << 30))
    assert b"".join(buffers) == b"".join(each)
    assert len(buffers) == 1


@names
def test_layers_are_undone_twice_and_no_more(name):
    once = ENCODERS[name](TEXT)
    twice = gzip.compress(once)
    assert outcome([twice]) == (TEXT, None)
    given, wrong = outcome([gzip.compress(twice)])
    assert (given, wrong.damage) == (b"", "codec")


def test_damage_of_either_layer_is_named_after_what_is_there():
    inner = gzip.compress(LINES)
    given, wrong = outcome([gzip.compress(inner[:20_000])])
    assert wrong.damage == "truncated"
    assert given == outcome([inner[:20_000]])[0] != b""
    outer = gzip.compress(inner, 1)
    given, wrong = outcome([outer[: len(outer) // 2]])
    assert wrong.damage == "truncated"
    assert LINES.startswith(given)
    assert len(given) > len(LINES) / 3


def test_the_cap_counts_every_layer():
    bomb = gzip.compress(gzip.compress(bytes(50 << 20), 9), 9)
    assert len(bomb) < 2000
    given, wrong = outcome([bomb], cap=1 << 20)
    assert (len(given), wrong.damage) == (1 << 20, "bomb")


@names
def test_a_bomb_takes_a_few_buffers_of_memory(name):
    stored = ENCODERS[name](bytes(100 << 20))
    tracemalloc.start()
    given = sum(map(len, decoded([stored], cap=1 << 40)))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert given == 100 << 20
    assert most < 4 * BUFFER


@pytest.mark.parametrize("flags", range(0, 32, 2))
def test_header_fields_of_gzip_are_skipped(flags):
    plain = gzip.compress(TEXT, mtime=0)
    header = b"\x1f\x8b\x08" + bytes([flags]) + plain[4:10]
    header += struct.pack("<H", 3_000) + b"e" * 3_000 if flags & 4 else b""
    header += b"a name\0" if flags & 8 else b""
    header += b"a remark\0" if flags & 16 else b""
    header += struct.pack("<H", zlib.crc32(header) & 0xFFFF) if flags & 2 else b""
    stored = header + plain[10:]
    assert gzip.decompress(stored) == TEXT
    for pieces in ([stored * 2], split(stored * 2, 1), split(stored * 2, 999)):
        assert outcome(pieces) == (TEXT * 2, None)


def test_a_header_without_end_is_corrupt():
    endless = b"\x1f\x8b\x08\x1e" + bytes(6) + struct.pack("<H", 1) + b"e" + b"n" * 3_000_000
    for pieces in ([endless], split(endless, 100_000)):
        given, wrong = outcome(pieces)
        assert (given, wrong.damage) == (b"", "corrupt")
        assert "header" in wrong.why
    assert outcome([endless[:1000]])[1].damage == "truncated"


def test_a_size_that_lies_is_corrupt():
    stored = gzip.compress(TEXT, mtime=0)
    for behind in (struct.pack("<I", 1 << 30), struct.pack("<I", 3)):
        given, wrong = outcome([stored[:-4] + behind])
        assert (given, wrong.damage) == (TEXT, "corrupt")
    given, wrong = outcome([stored[:-8] + b"\0\0\0\0" + stored[-4:]])
    assert (given, wrong.damage) == (TEXT, "corrupt")


def test_frames_to_be_skipped():
    skipped = b"\x5a\x2a\x4d\x18" + struct.pack("<I", 40) + b"s" * 40
    for name in ("zstd", "lz4"):
        stored = skipped * 3 + ENCODERS[name](TEXT) + skipped
        assert outcome([stored]) == outcome(split(stored, 3)) == (TEXT, None), name
    assert outcome([skipped]) == (b"", None)


def test_windows_and_dictionaries_that_are_too_large_are_refused():
    wide = zstandard.ZstdCompressionParameters(window_log=30, enable_ldm=False)
    stored = zstandard.ZstdCompressor(compression_params=wide).compressobj().compress(LINES)
    head = bytes([*b"\x28\xb5\x2f\xfd\x04", (30 - 10) << 3]) + stored[6:]
    given, wrong = outcome([head + bytes(100)])
    assert (given, wrong.damage) == (b"", "codec")
    assert "window of 1024 MiB" in wrong.why
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 512 << 20, "mode": lzma.MODE_FAST, "mf": lzma.MF_HC3, "depth": 1}]
    # The dictionary's size is the one byte of the filter's properties, in the block header: 12 + 2 + 2.
    made = bytearray(lzma.compress(TEXT, filters=[{**filters[0], "dict_size": 1 << 20}]))
    made[16] = 34
    made[20:24] = struct.pack("<I", zlib.crc32(bytes(made[12:20])))
    given, wrong = outcome([bytes(made)])
    assert (given, wrong.damage) == (b"", "codec")
    assert "128 MiB" in wrong.why


def test_a_zstd_dictionary_is_named():
    dictionary = zstandard.train_dictionary(
        4096, [b"line %d of a log with words %d\n" % (i, i % 7) for i in range(5000)]
    )
    given, wrong = outcome([zstandard.ZstdCompressor(dict_data=dictionary).compress(TEXT)])
    assert (given, wrong.damage) == (b"", "codec")
    assert f"dictionary {dictionary.dict_id()}" in wrong.why


@pytest.mark.parametrize("checksum", [False, True])
@pytest.mark.parametrize("sized", [False, True])
def test_kinds_of_frames(checksum, sized):
    compressor = zstandard.ZstdCompressor(write_checksum=checksum, write_content_size=sized)
    for data in (b"", b"x", b"x" * 300, b"r" * 1_000_000, LINES, LINES * 30):
        stored = compressor.compress(data)
        assert outcome([stored]) == outcome(split(stored, 5)) == (data, None)
        assert outcome([lz4.frame.compress(data, store_size=sized, block_linked=checksum)]) == (data, None)


def tar(text: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        entry = tarfile.TarInfo("app.log")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    return file.getvalue()


def archive(text: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("app.log", text)
    return file.getvalue()


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        (archive(TEXT), "a zip archive"),
        (tar(TEXT), "a tar archive"),
        (gzip.compress(tar(TEXT)), "a tar archive"),
        (gzip.compress(archive(TEXT)), "a zip archive"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a picture"),
        (b"\x02\x21\x4c\x18" + bytes(100), "lz4 in its legacy format"),
        (lzma.compress(LINES, lzma.FORMAT_ALONE), "the format before xz"),
        (b"\x7fELF" + bytes(100), "an executable"),
    ],
    ids=["zip", "tar", "tar in gz", "zip in gz", "picture", "old lz4", "before xz", "executable"],
)
def test_what_holds_no_lines_is_refused_by_name(stored, said):
    given, wrong = outcome([stored])
    assert (given, wrong.damage) == (b"", "codec")
    assert said in wrong.why


@pytest.mark.parametrize(
    "start", [b"PK", b"BZh9 is a word", b"PAR1 did it", b"LZIP", b"ORC up", b"ustar", b"7z", b"(\xb5"]
)
def test_lines_that_begin_like_something_else_are_lines(start):
    assert outcome([start + b" and so on\n"]) == (start + b" and so on\n", None)


def test_unknown_binary_data_is_given_and_said():
    data = bytes(range(256)) * 8
    given, wrong = outcome([data])
    assert (given, wrong.damage) == (data, "codec")
    for fine in (b"caf\xe9 \x1b[31mred\x1b[0m\tx\r\n" * 50, b"a\0b\0\0\n" * 100, "日本語\n".encode("shift_jis") * 50):
        assert outcome([fine]) == (fine, None)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "utf-8-sig"])
def test_text_of_windows_becomes_utf_8(encoding):
    text = "zeit=10:00 größe=1 €\r\n𝄞\n" * 5
    marked = text if encoding in ("utf-16", "utf-32", "utf-8-sig") else "\ufeff" + text
    stored = marked.encode(encoding)
    for pieces in ([stored], split(stored, 1), [gzip.compress(stored)]):
        assert outcome(pieces) == (text.encode(), None)
    if encoding != "utf-8-sig":
        given, wrong = outcome([stored[:-1]])
        assert (given, wrong.damage) == (text[:-1].encode(), "truncated")


def test_the_head_is_looked_at_without_taking_it():
    stored = Pieces([b"a", b"", b"bc", b"defg"])
    assert (stored.peek(2), stored.peek(4), stored.offset) == (b"ab", b"abcd", 0)
    assert bytes(stored.take(2)) == b"ab"
    stored.back(b"ab")
    assert b"".join(stored.rest()) == b"abcdefg"
    assert (stored.offset, stored.peek(1), stored.take(5)) == (7, b"", b"")


def test_what_a_source_raises_waits_for_what_came_before():
    def broken():
        yield b"plain"
        raise Unread("gone", "deleted")

    given, wrong = outcome(broken())
    assert (given, wrong.damage) == (b"plain", "gone")


def test_knowing_the_codec_loads_none():
    heavy = {"isal", "zstandard", "lz4", "pyarrow"}
    code = f"import sys, smartcloudops.logs.codecs.decode; print({heavy} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"


def test_the_allocator_is_tuned_where_it_can_be():
    code = "from smartcloudops.logs.codecs.decode import tune_allocator; print(tune_allocator())"
    glibc = sys.platform == "linux"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == f"{glibc}\n"
    assert callable(tune_allocator)


def test_magic_needs_no_more_than_its_head():
    for name, encode in ENCODERS.items():
        assert magic.codec_of(encode(LINES)[:10]) == name


def test_bytes_that_only_begin_like_utf16_are_searched_as_they_are():
    odd = b"\xff\xfe\xc3 is how a damaged line begins, and others follow\n" + LINES[:4000].replace(b"\0", b"")
    assert b"".join(decoded([odd], cap=1 << 20)) == odd
