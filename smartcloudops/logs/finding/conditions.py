"""`--field level=ERROR`: a field by name and the text that it has."""

from __future__ import annotations

import re

from smartcloudops.logs.finding.filters import Compare, Filter, Matches
from smartcloudops.logs.finding.misread import Misread

_FIELD = re.compile(r"\s*([^=!~<>]*[^=!~<>\s])\s*(!=|!~|=|~)(.*)", re.DOTALL)
_HINT = "write level=ERROR, level!=INFO, path~^/api or path!~^/api; numbers and more: --where 'status >= 500'"


def condition(text: str) -> Filter:
    """What `--field` says: `=` and `!=` compare the field's text, exactly, `~` and `!~` find an RE2 pattern in it.

    The value is everything behind the sign, spaces included. A missing field is never a hit. Misread.

    >>> condition("level=ERROR").matches({"level": "ERROR"}), condition("status=500").matches({"status": 500})
    (True, True)
    """
    found = _FIELD.fullmatch(text)
    if found is None:
        raise Misread("a field and its value are expected", text=text, at=0, hint=_HINT)
    name, sign, value = found.groups()
    if value.startswith("=") or (value.startswith("~") and sign == "="):
        raise Misread("one sign is expected", text=text, at=found.start(3), hint=_HINT)
    if sign in ("=", "!="):
        return Compare(name, "=" if sign == "=" else "!=", value)
    try:
        return Matches(name, value, sign == "!~")
    except Misread as e:
        raise Misread(e.message, text=text, at=found.start(3), hint=e.hint) from e
