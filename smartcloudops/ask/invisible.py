"""Characters that a reader does not see and a model does, or that turn text around on a terminal."""

from __future__ import annotations

import re

# Soft hyphen and grapheme joiner, fillers, zero width, bidi and mathematical invisibles, blank braille, private use,
# surrogates and non-characters, variation selectors (which carry whole messages), annotations, musical and shorthand
# controls, tags (which spell ASCII that nobody sees).
_RANGES = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\U000f0000-\U0010ffff"
)
_INVISIBLE = re.compile(f"[{_RANGES}]+")
# Unicode's own ends of line, which some terminals and no log reader follow.
_ENDS = re.compile("[\u2028\u2029]")


def without_invisible(text: str) -> str:
    r"""The text without them; control characters are others' to judge.

    >>> without_invisible("a\u200bb\U000e0041c")
    'abc'
    """
    return text if text.isascii() else _ENDS.sub("\n", _INVISIBLE.sub("", text))
