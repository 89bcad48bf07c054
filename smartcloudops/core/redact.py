"""Secrets out of everything that is printed, logged, or sent away."""

from __future__ import annotations

import re
from dataclasses import dataclass

MASK = "***"
_SHORTEST = 4
_PASSES = 20


@dataclass(frozen=True, slots=True)
class _Rule:
    """`pattern` is tried only where the lower-case text holds one of `triggers`: that keeps plain text fast."""

    triggers: tuple[str, ...]
    pattern: re.Pattern[str]
    replacement: str


_NAME = r"(?:passw(?:or)?d|passphrase|secret(?:[_-]?key)?|(?:api|private|access)[_-]?key)"
_VALUE = r"""(?:"(?:[^"\\\n]|\\.)+"|'(?:[^'\\\n]|\\.)+'|["']?[^\s"',;&})\]]+)"""
# Every repetition that can start at many places is bounded, so that hostile text takes linear time.
_RULES = (
    _Rule(
        ("private key",),
        re.compile(r"-----BEGIN ([A-Z0-9 ]{0,40}PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)", re.DOTALL),
        "-----BEGIN PRIVATE KEY----- " + MASK,
    ),
    _Rule(
        ("://",),
        re.compile(r"(?<=://)(?:[^\s/@\"'<>]{1,512}|[^\s/:@\"'<>]{0,128}:(?!\d{1,5}/)[^\s@\"'<>]{1,512})@(?=[^\s@])"),
        MASK + "@",
    ),
    _Rule(
        ("authorization",),
        re.compile(r"(?i)(authorization[\"']?\s*[:=]\s*[\"']?)[^\s\"'][^\n\"']*"),
        r"\1" + MASK,
    ),
    _Rule(("bearer",), re.compile(r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{6,}"), r"\1" + MASK),
    _Rule(("akia", "asia"), re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b"), MASK),
    _Rule(
        ("akia", "asia", "aws", "secret", MASK),
        re.compile(
            r"(?<![A-Za-z0-9/+=_-])(?=[A-Za-z0-9/+]{0,39}[A-Z])(?=[A-Za-z0-9/+]{0,39}[a-z])"
            r"(?=[A-Za-z0-9/+]{0,39}[0-9])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=_-])"
        ),
        MASK,
    ),
    _Rule(
        ("passw", "passphrase", "secret", "key"),
        re.compile(rf"(?i)({_NAME}[\"']?\s*(?:=>|[:=])\s*){_VALUE}"),
        r"\1" + MASK,
    ),
    _Rule(
        ("passw", "passphrase", "secret", "key", "token"),
        re.compile(rf"(?i)(--(?:[a-z]{{1,20}}-){{0,4}}(?:{_NAME}|token)[ =]){_VALUE}"),
        r"\1" + MASK,
    ),
    _Rule(
        ("token",),
        re.compile(rf"(?i)(token(?:[\"']?\s*=|[\"']\s*:|(?<=[_-]token)\s*:)\s*){_VALUE}"),
        r"\1" + MASK,
    ),
    _Rule(
        ("eyj",),
        re.compile(r"\beyJ[A-Za-z0-9_-]{5,400}+\.[A-Za-z0-9_-]{5,}+(?:\.[A-Za-z0-9_-]*+)?"),
        MASK,
    ),
    _Rule(("sk-",), re.compile(r"\bsk-[A-Za-z0-9_-]{16,}"), MASK),
    _Rule(("aiza",), re.compile(r"\bAIza[A-Za-z0-9_-]{30,}"), MASK),
    _Rule(("ghp_", "gho_", "ghs_", "xox"), re.compile(r"\b(?:gh[pos]_|xox[abprs]-)[A-Za-z0-9-]{16,}"), MASK),
)


class Redactor:
    """Masks what looks like a secret, and every exact secret that was registered."""

    def __init__(self) -> None:
        self._exact: list[str] = []

    def register(self, value: str) -> None:
        """Mask this exact text from now on; texts under 4 characters, or of `*` alone, cannot be masked."""
        if len(value) >= _SHORTEST and value.strip("*") and value not in self._exact:
            self._exact = sorted([*self._exact, value], key=len, reverse=True)

    def redact(self, text: str) -> str:
        """The text with `***` for each secret; doing it again changes nothing."""
        for _ in range(_PASSES):
            masked = self._mask_exact(_mask_patterns(text))
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


def _mask_patterns(text: str) -> str:
    lower = text.lower()
    for rule in _RULES:
        if any(trigger in lower for trigger in rule.triggers):
            text = rule.pattern.sub(rule.replacement, text)
    return text


_PROCESS = Redactor()


def redact(text: str) -> str:
    """Mask secrets in `text`, those registered anywhere in this process included."""
    return _PROCESS.redact(text)


def register(value: str) -> None:
    """Mask this exact text from now on, in everything this process prints, logs or sends."""
    _PROCESS.register(value)
