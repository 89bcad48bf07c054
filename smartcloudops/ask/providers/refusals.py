"""What a provider's server said no with, as the error that the user can act on."""

from __future__ import annotations

import email.utils
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from smartcloudops.core.errors import ProviderError, Refusal
from smartcloudops.core.redact import MASK, redact
from smartcloudops.core.text import printable
from smartcloudops.core.times import SECOND, now_ms, rfc3339

_LONGEST_SAID = 300
_NAMES_SHOWN = 8
_LISTING_S = 3.0


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom we ask for what: the provider's row, its address, the model, and whether tools went along."""

    name: str
    where: str
    model: str
    tools: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What came back: `status` 0 where there was none (an error in the stream), the server's words and code for it."""

    status: int = 0
    words: str = ""
    code: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    # Time (ms) at which it may be asked again, and whether what is used up comes back only after hours or for money.
    retry_at: int | None = None
    used_up: bool = False


# The first pattern that a server's code or words hold decides; only then does the status.
_WORDS: tuple[tuple[Refusal, re.Pattern[str]], ...] = (
    ("auth", re.compile(r"invalid_api_key|api[ _]key not valid|api_key_invalid|incorrect api key|reported as leaked")),
    (
        "too_long",
        re.compile(
            r"context_length_exceeded|maximum context length|context (?:size|length|window)|exceed_context_size"
            r"|prompt is too long|input is too long|exceeds the maximum number of tokens|request too large"
            r"|reduce the length of the|string_above_max_length"
        ),
    ),
    (
        "blocked",
        re.compile(r"content_filter|content_policy_violation|responsibleaipolicyviolation|content management policy"),
    ),
    ("quota", re.compile(r"insufficient_quota|exceeded your current quota|insufficient (?:credits|balance)|billing_")),
    (
        "model",
        re.compile(
            r"model_not_found|model_not_available|deploymentnotfound|invalid model|unknown model|no such model"
            r"|model\W.{0,200}?(?:not found|not exist|is not supported for|has been (?:retired|deprecated))"
            r"|models/\S+ (?:is not found|is no longer available)|not a valid model"
        ),
    ),
)
_NO_TOOLS = re.compile(
    r"(?:tools?\b|tool[ _-](?:use|calls?|calling|choice)|function[ _-]?call(?:s|ing)?).{0,80}?"
    r"(?:not supported|unsupported|not enabled|not available|requires? --|cannot be used|not allowed|not permitted)"
    r"|(?:not|n't) support.{0,40}?(?:tool|function)"
    r"|support tool use|unsupported param(?:eter)?:? [`'\"]?tools"
    r"|unrecognized request argument supplied: tools|[`'\"]tools[`'\"].{0,40}(?:extra|not permitted|unexpected)"
)
_BY_STATUS: dict[int, Refusal] = {
    401: "auth",
    402: "quota",
    403: "auth",
    408: "server",
    409: "server",
    413: "too_long",
    425: "server",
    429: "rate",
}
_BY_CODE: dict[str, Refusal] = {
    "rate_limit_exceeded": "rate",
    "rate_limit_error": "rate",
    "resource_exhausted": "rate",
    "authentication_error": "auth",
    "unauthenticated": "auth",
    "permission_denied": "auth",
    "invalid_argument": "request",
    "invalid_request_error": "request",
}

_PLAIN: dict[Refusal, str] = {
    "auth": "refuses the key",
    "quota": "says that the quota is used up",
    "rate": "says that it is asked too often",
    "model": "does not know the model",
    "too_long": "says that the conversation is too long for the model",
    "no_tools": "says that the model cannot call tools",
    "blocked": "blocked it",
    "request": "does not understand the request",
    "server": "failed",
    "broken": "broke off",
}
_HINTS: dict[Refusal, str] = {
    "auth": "set `[ask.{name}] key_env`, `key_file` or `key_cmd` to a key for this endpoint",
    "quota": "look at the account's plan and billing, or ask another: `--provider NAME`",
    "rate": "ask again later, or another: `--provider NAME`",
    "model": "choose another: `-m MODEL`, or `[ask.{name}] model`",
    "too_long": "ask less at once or start anew (`/clear`), or choose a model with a larger context: `-m MODEL`",
    "no_tools": "choose a model that calls tools: `-m MODEL`, or `[ask.{name}] model`",
    "blocked": "word the question differently, or ask another: `--provider NAME`",
    "request": "check that `[ask.{name}] base_url` and `model` are right; `--show-prompt` prints what is sent",
    "server": "ask again in a moment, or another: `--provider NAME`",
    "down": "check that the server runs and that `[ask.{name}] base_url` is right",
    "stalled": "raise `[ask.{name}] timeout`, or ask another: `--provider NAME`",
    "broken": "ask again, or another: `--provider NAME`",
}


def refused(asked: Asked, said: Said) -> ProviderError:
    """The error for an answer that is none, in the server's own words: one line, short, masked."""
    kind = kind_of(asked, said)
    status = f" (status {said.status})" if said.status else ""
    words = f": {shortened(said.words)}" if said.words.strip() else ""
    retry_at = said.retry_at if said.retry_at is not None else retry_after(said.headers)
    error = failed(asked, kind, f"{_PLAIN[kind]}{status}{words}", retry_at=retry_at if kind in _LATER else None)
    if error.retry_at is not None:
        error.hint = f"ask again after {rfc3339(error.retry_at // SECOND * SECOND)}, or another: `--provider NAME`"
    return error


_LATER = frozenset({"rate", "quota", "server"})


def failed(
    asked: Asked, kind: Refusal, what: str, hint: str | None = None, *, retry_at: int | None = None
) -> ProviderError:
    """An error that says who was asked for what and `what` happened, with the hint for its kind or a better one."""
    message = f"{asked.name} ({asked.where}, model {printable(asked.model)}) {what}"
    return ProviderError(message, kind=kind, hint=hint or _HINTS[kind].format(name=asked.name), retry_at=retry_at)


def kind_of(asked: Asked, said: Said) -> Refusal:
    """Which refusal it is, by what the server says first and by its status second."""
    if said.used_up:
        return "quota"
    text = f"{said.code} {said.words}".lower()
    if said.status < 500 or said.status == 501:
        found = next((kind for kind, pattern in _WORDS if pattern.search(text)), None)
        if found == "quota" and "resource_exhausted" in text:
            return "rate"  # Gemini says so for a minute's limit, too
        if found:
            return found
    if asked.tools and _NO_TOOLS.search(text):
        return "no_tools"
    if said.status == 404 and ("model" in text or "deployment" in text):
        return "model"
    if said.status:
        return _BY_STATUS.get(said.status, "server" if said.status >= 500 else "request")
    return next((kind for code, kind in _BY_CODE.items() if code in text), "server")


def shortened(words: str) -> str:
    """A server's words for people: one line, no secrets (servers repeat a part of the key), not too long."""
    line = re.sub(r"\S*\*{2,}\S*", MASK, redact(printable(words.strip())))
    return line if len(line) <= _LONGEST_SAID else line[: _LONGEST_SAID - 1] + "…"


def retry_after(headers: Mapping[str, str]) -> int | None:
    """The time (ms) that `Retry-After` asks to wait for: seconds, or a date; None where it says nothing."""
    millis, text = headers.get("retry-after-ms"), headers.get("retry-after", "")
    try:
        if millis is not None or re.fullmatch(r"\s*\d+(\.\d+)?\s*", text):
            wait_ms = float(millis) if millis is not None else float(text) * SECOND
            return now_ms() + round(wait_ms)
        return round(email.utils.parsedate_to_datetime(text).timestamp() * SECOND)
    except (ValueError, OverflowError):
        return None


def with_models(error: ProviderError, wanted: str, models: Callable[[], Sequence[str]]) -> ProviderError:
    """The error with the server's nearest models in its hint; as it was where the server does not tell in time."""
    found: list[str] = []

    def ask() -> None:
        try:
            found.extend(models())
        except ProviderError:
            found.clear()

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_LISTING_S)
    names = [printable(name) for name in list(found)]
    if names:
        near = sorted(names, key=lambda name: -SequenceMatcher(None, name, wanted).ratio())[:_NAMES_SHOWN]
        more = f" (of {len(names)})" if len(names) > len(near) else ""
        error.hint = f"{error.hint}; it has: {', '.join(near)}{more}"
    return error
