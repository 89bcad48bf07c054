"""Secrets out of everything that is printed, logged, or sent away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from smartcloudops.core.secret_forms import FORMS, Form

MASK = "***"
_SHORTEST = 4
_PASSES = 20


class Redactor:
    """Masks what looks like a secret, and every exact secret that was registered."""

    def __init__(self) -> None:
        self._exact: list[str] = []

    def register(self, value: str) -> None:
        """Mask this exact text from now on, as it is and as URLs and JSON have it.

        Texts under 4 characters, or of `*` alone, cannot be masked.
        """
        import json
        from urllib.parse import quote

        for each in (value, quote(value, safe="", errors="replace"), json.dumps(value)[1:-1]):
            if len(each) >= _SHORTEST and each.strip("*") and each not in self._exact:
                self._exact = sorted([*self._exact, each], key=len, reverse=True)

    def redact(self, text: str) -> str:
        """The text with `***` for each secret; doing it again changes nothing."""
        for _ in range(_PASSES):
            masked = self._mask_exact(_mask_forms(text))
            if masked == text:
                break
            text = masked
        return text

    def _mask_exact(self, text: str) -> str:
        before = None
        while before != text:
            before = text
            for secret in self._exact:
                text = text.replace(secret, MASK)
        return text


def _mask_forms(text: str) -> str:
    lower = _lower(text)
    for form in FORMS:
        where = text if form.cased else lower
        present = tuple(trigger for trigger in form.triggers if trigger in where)
        if not present:
            continue
        masked = _masked(text, _matches(form, text, where, present))
        if masked != text:
            text, lower = masked, _lower(masked)
    return text


def _lower(text: str) -> str:
    """Lower case of the same length: only the dotted capital I has two characters there."""
    return text.replace("İ", "I").lower()


def _matches(form: Form, text: str, where: str, present: tuple[str, ...]) -> Iterator[re.Match[str]]:
    """What is a secret of this form, from left to right."""
    pattern = _compiled(form.pattern)
    if form.at == "anywhere":
        yield from pattern.finditer(text)
        return
    end = 0
    for trigger in _compiled("|".join(map(re.escape, present))).finditer(where):
        match = pattern.match(text, trigger.start()) if trigger.start() >= end else None
        if match:
            end = match.end()
            yield match


def _masked(text: str, matches: Iterator[re.Match[str]]) -> str:
    """The first group of a match stays before the mask, the rest goes."""
    parts, end = [], 0
    for match in matches:
        parts += [text[end : match.start()], match[match.lastindex] if match.lastindex else "", MASK]
        end = match.end()
    return "".join([*parts, text[end:]]) if parts else text


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


_PROCESS = Redactor()


def redact(text: str) -> str:
    """Mask secrets in `text`, those registered anywhere in this process included."""
    return _PROCESS.redact(text)


def warm() -> None:
    """Prepare every form now, which takes some 50 ms, for those who have nothing else to do meanwhile."""
    for form in FORMS:
        _compiled(form.pattern)


def register(value: str) -> None:
    """Mask this exact text from now on, in everything this process prints, logs or sends."""
    _PROCESS.register(value)
