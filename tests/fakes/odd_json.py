"""JSON as odd as it may be written: any character escaped, numbers with exponents or too many nines, doubled keys."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

WORDS = [
    "ERROR",
    "error",
    "INFO",
    "a/b",
    "500",
    "50",
    "0500",
    "1.5",
    "5e2",
    "true",
    "null",
    "",
    "x y",
    "é",
    "中文",
    "K",
]
WORDS += ['"', "\\", "a\nb", "/api/v1", "user-1", "\ufffd", "\U0001f600", "[1]", "-7", "request_id:abc", "nan"]
NAMES = ["a", "b", "a.b", "level", "status", "é"]
SPELLINGS = {
    500: ["500", "5e2", "5E+2", "0.5e3", "500.0", "50000e-2", "499.99999999999999999", "500.00000000000000001"]
}
SPELLINGS |= {1.5: ["1.5", "15e-1", "1.50"], 50: ["50", "5e1"], 123456789012: ["123456789012", "123456789011.99999999"]}
NUMBERS: list[int | float] = [0, 1, -7, 50, 500, 1.5, 0.1, 123456789012, 10**13]


def texts() -> st.SearchStrategy[str]:
    """Written JSON strings."""
    return st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map("".join).flatmap(_spelled)


def _spelled(text: str) -> st.SearchStrategy[str]:
    parts = [st.sampled_from(_ways(char)) for char in text]
    plain = st.just(json.dumps(text, ensure_ascii=False))
    return st.one_of(plain, plain, st.tuples(*parts).map(lambda chars: f'"{"".join(chars)}"'))


def _ways(char: str) -> list[str]:
    escaped = json.dumps(char)[1:-1]
    coded = "".join(f"\\u{u:04x}" for u in _units(char))
    ways = [escaped, coded, coded.replace("\\u00", "\\u00").upper().replace("\\U", "\\u")]
    if char == "/":
        ways.append("\\/")
    return [char, char, *ways] if char.isprintable() and char not in '"\\' else ways


def _units(char: str) -> list[int]:
    raw = char.encode("utf-16-be")
    return [int.from_bytes(raw[i : i + 2]) for i in range(0, len(raw), 2)]


def numbers() -> st.SearchStrategy[str]:
    """Written JSON numbers."""
    return st.sampled_from(NUMBERS).flatmap(lambda n: st.sampled_from(SPELLINGS.get(n, [repr(n)])))


def _held(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    key = st.sampled_from(NAMES).map(lambda name: json.dumps(name, ensure_ascii=False))
    pair = st.builds("{}{}{}".format, key, st.sampled_from([":", ": ", " : "]), inner)
    joined = st.lists(pair, max_size=4).map(",".join).map(lambda s: "{" + s + "}")
    return st.one_of(joined, st.lists(inner, max_size=2).map(", ".join).map(lambda s: f"[{s}]"))


def values() -> st.SearchStrategy[str]:
    """Written JSON values."""
    leaves = st.one_of(texts(), numbers(), st.sampled_from(["true", "false", "null"]))
    return st.recursive(leaves, _held, max_leaves=4)


def objects() -> st.SearchStrategy[str]:
    """Written JSON objects; a key may come twice."""
    key = st.sampled_from(NAMES).flatmap(_spelled)
    pair = st.builds("{}{}{}".format, key, st.sampled_from([":", ": "]), values())
    return st.lists(pair, min_size=1, max_size=4).map(lambda pairs: "{" + ", ".join(pairs) + "}")


def buffers() -> st.SearchStrategy[bytes]:
    """Lines of JSON, and of what is none, with either line end."""
    junk = st.sampled_from([b"", b"ERROR \xff 500", b"{", b"\0", b'{"level": "ERR', b"[500]", b"5e2 \\u0041"])
    broken = objects().map(lambda text: text.encode().replace(b"R", b"\xe9", 1))
    line = st.one_of(objects().map(str.encode), objects().map(str.encode), junk, broken)
    ended = st.tuples(line, st.sampled_from([b"\n", b"\r\n"])).map(b"".join)
    return st.tuples(st.lists(ended, max_size=6).map(b"".join), line).map(b"".join)


def constants() -> st.SearchStrategy[Any]:
    """What filters compare with."""
    return st.one_of(st.sampled_from(WORDS), st.sampled_from(NUMBERS))
