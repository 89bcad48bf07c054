"""What servers run when they first start (user data): unpacked, and where a secret stands in it. Pure."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from itertools import accumulate

from smartcloudops.core.redact import MASK, redact

# What masking says of a script instead of showing it.
SUSPICIOUS = "holds what looks like a secret"
_LARGEST = 1 << 20
_DEEPEST = 3
_SHORTEST = 20
_GZIP = b"\x1f\x8b"
# Base64 as cloud-init takes it for a file: one long word, or a column of them with a short one last.
_PACKED = re.compile(
    r"(?<![A-Za-z0-9+/=])((?:[A-Za-z0-9+/]{20,}+\s{0,24}+){1,20000}+)(?:[A-Za-z0-9+/]{0,19}+={0,2}+)(?![A-Za-z0-9+/=])"
)
# What is put in later is no secret: $NAME, ${NAME}, $(command), {{ name }}, %(name)s, <name>; Grafana's $__file{path}.
_FILLED_LATER = re.compile(
    r"\$(?:__\w{1,20})?\{[^{}\n]{1,200}\}|\$\([^()\n]{1,400}\)|\$[A-Za-z_]\w{0,80}|"
    r"\{\{[^{}\n]{1,200}\}\}|%\(\w{1,80}\)s|<[A-Za-z][\w-]{1,60}>"
)
# A line's end behind it keeps a form from going on into what follows; the mark tells it from real ones.
_MARK = "\x00"
_LATER = f"{MASK}\n{_MARK}"


def unpacked(value: str) -> str:
    """User data as the server reads it: out of base64 and gzip, at most 1 MiB of it.

    >>> unpacked("IyEvYmluL3NoCg=="), unpacked("#!/bin/sh")
    ('#!/bin/sh\\n', '#!/bin/sh')
    """
    try:
        data = base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return value
    if data.startswith(_GZIP):
        return _inflated(data).decode(errors="replace")
    try:
        return data.decode() or value
    except UnicodeDecodeError:
        # A short word may be base64 by chance.
        return value if len(data) < _SHORTEST else data.decode(errors="replace")


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, _LARGEST)
    except zlib.error:
        return b""


def secret_lines(value: str) -> tuple[int, ...]:
    """Numbers of the lines of user data in which something looks like a secret; files packed inside are opened, too.

    >>> secret_lines("#!/bin/sh\\nexport DB_PASSWORD=hunter22\\nexport API_KEY=$KEY")
    (2,)
    """
    return tuple(sorted(_lines(unpacked(value), 0)))


def _lines(text: str, depth: int) -> set[int]:
    kept = _FILLED_LATER.sub(_LATER, text)
    found = _differing(kept, redact(kept))
    if depth < _DEEPEST:
        for match in _PACKED.finditer(text):
            if any(_lines(inner, depth + 1) for inner in _inside(match)):
                found.add(text.count("\n", 0, match.start()) + 1)
    return found


def _inside(match: re.Match[str]) -> Iterator[str]:
    """What may be packed there; the last short word belongs to it, or to what comes after."""
    for packed in dict.fromkeys((match[0], match[1])):
        inner = unpacked(packed)
        if inner != packed and _is_text(inner):
            yield inner


def _differing(before: str, after: str) -> set[int]:
    """Numbers of the lines that masking changed; a secret over several lines counts by its first."""
    if before == after:
        return set()
    old, new = before.split("\n"), after.split("\n")
    changed = [place for place, (a, b) in enumerate(zip(old, new, strict=False)) if a != b] or [len(new) - 1]
    places = changed if len(old) == len(new) else changed[:1]
    numbers = list(accumulate((not line.startswith(_MARK) for line in old[1:]), initial=1))
    return {numbers[place] for place in places}


def _is_text(text: str) -> bool:
    """Whether it is more than bytes that happen to be base64."""
    return bool(text) and sum(c.isprintable() or c in "\r\n\t" for c in text) >= 0.95 * len(text)
