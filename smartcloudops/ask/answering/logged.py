"""Questions about logs: which look they need, and what is said of what the lines were."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from smartcloudops.ask.answering.intent import Intent
from smartcloudops.ask.answering.looked import Looked, arguments_of, cited, clock
from smartcloudops.ask.answering.naming import short
from smartcloudops.ask.answering.phrases import code, missing, preamble
from smartcloudops.ask.answering.words import TOKEN, written_out
from smartcloudops.ask.messages import ToolAnswer
from smartcloudops.core.text import printable
from smartcloudops.core.times import MINUTE, rfc3339

Call = tuple[str, dict[str, Any]]

_MOST_CALLS = 3
_MESSAGES = 5
# Around the beginning of an incident: what led to it, and what came of it.
_BEFORE, _AFTER = 10 * MINUTE, 50 * MINUTE
_COUNTED = re.compile(r"\bhow many\b|\bcount\b|\bnumber of\b")
_BY = re.compile(r"\b(?:per|by|each|every|which) (?:host|server|machine|instance|node)s?\b")
_QUOTED = re.compile(r"[\"“`]([^\"”`]{2,200})[\"”`]")
_LEVELS = (
    ("error", re.compile(r"\b(?:errors?|exceptions?|fail\w*|crash\w*|fatal|critical|wrong|bad|problems?|issues?)\b")),
    ("warn", re.compile(r"\bwarn\w*\b")),
)
_CALLED = {"error": "error lines", "warn": "lines with warnings or errors"}


def calls(intent: Intent, looked: Looked, window: Mapping[str, Any]) -> Iterator[Call]:
    """Searches, or counts where a number is asked for: of each host that was named, in each of the sources meant."""
    tokens = _tokens(looked.question)
    known = _sources(looked)
    named = [name for name in known if name.lower() in tokens]
    hosts = _hosts(intent, named, tokens) or [""]
    pairs = [(source, host) for source in named or known for host in hosts][:_MOST_CALLS]
    for source, host in pairs:
        yield _call(looked.question, {"source": source} | ({"host": host} if host else {}) | dict(window))


def _call(question: str, of: dict[str, Any]) -> Call:
    text = question.lower()
    quoted = _QUOTED.search(question)
    narrowed: dict[str, Any] = {"pattern": re.escape(quoted[1])} if quoted else {}
    level = next((name for name, words in _LEVELS if words.search(text)), None)
    narrowed |= {"level": level} if level and not quoted else {}
    if _COUNTED.search(text):
        by = {"by": "host"} if _BY.search(text) else {"by": "level"}
        return "count_logs", of | narrowed | by
    return "search_logs", of | narrowed


def of_incident(incident: Mapping[str, Any], looked: Looked) -> Iterator[Call]:
    """What the host of an open incident logged as errors when it began; from one source alone."""
    known = _sources(looked)
    start = int(incident["start"]) // 1000 * 1000
    if len(known) == 1:
        yield (
            "search_logs",
            {
                "source": known[0],
                "host": str(incident["entity"]),
                "level": "error",
                "since": rfc3339(start - _BEFORE),
                "until": rfc3339(min(start + _AFTER, max(looked.now // 1000 * 1000, start + MINUTE))),
            },
        )


def evidence_of(looked: Looked) -> Iterator[str]:
    """A sentence on what was logged when an incident began; none where nothing was."""
    answer = looked.answer("search_logs")
    messages = answer.data.get("messages", ()) if answer else ()
    if answer and messages:
        top, host = messages[0], arguments_of(answer).get("host") or messages[0]["host"]
        yield (
            f"{printable(str(host))} logged {_lines(answer)} {_window(answer, looked)}; the most frequent came "
            f"{_times(top['count'])}: {code(_short(top['message']))}{cited(answer)}."
        )


def answer(intent: Intent, looked: Looked) -> Iterator[str]:
    """What was found in each place that was looked into."""
    yield from preamble(intent)
    if not _sources(looked):
        yield "I know of no logs: none are configured here."
        yield "Next: write [logs.web] with `uri` into sco.toml; `sco logs search PATTERN PATH` needs no configuration"
        return
    found = [*looked.all("search_logs"), *looked.all("count_logs")]
    for each in found:
        yield _head(each, looked)
        lines = [*_messages(each, looked), *_counts(each)]
        if lines:
            yield "\n".join(f"- {line}" for line in lines)
    if told := [*(_not_seen(each) for each in found if each.data.get("missing")), *missing(looked)]:
        yield "\n".join(f"- {line}" for line in told)
    elif not found:
        yield "I could not look into the logs."
    if found and found[0].evidence:
        yield f"Next: {code(found[0].evidence[0].query)}"


def _head(answer: ToolAnswer, looked: Looked) -> str:
    source = code(str(answer.data.get("source", "")))
    host = arguments_of(answer).get("host")
    of = f" of {printable(str(host))}" if host else ""
    return f"The logs {source} hold {_lines(answer)}{of} {_window(answer, looked)}{cited(answer)}."


def _lines(answer: ToolAnswer) -> str:
    asked, total = arguments_of(answer), int(answer.data.get("total", 0))
    what = _CALLED.get(str(asked.get("level")), "lines")
    what = what.replace("lines", "line", 1) if total == 1 else what
    return f"{total or 'no'} {what}" + (" with that text" if "pattern" in asked else "")


def _window(answer: ToolAnswer, looked: Looked) -> str:
    since, until = answer.data["since"], answer.data["until"]
    return f"from {clock(since, looked.now)} to {clock(until, max(looked.now, until))}"


def _messages(answer: ToolAnswer, looked: Looked) -> Iterator[str]:
    every = answer.data.get("messages", ())
    for one in every[:_MESSAGES]:
        last = f", last at {clock(one['last'], max(looked.now, one['last']))}" if one.get("last") is not None else ""
        on = f" on {printable(str(one['host']))}" if one.get("host") else ""
        yield f"{_times(one['count'])}{on}{last}: {code(_short(one['message']))}{cited(answer)}."
    if len(every) > _MESSAGES:
        yield "Other messages are left out; name a host, a time or a text to see them."


def _counts(answer: ToolAnswer) -> Iterator[str]:
    for row in answer.data.get("rows", ())[:_MESSAGES]:
        yield f"{code(str(row['entity']))}: {row['count']}{cited(answer)}."


def _not_seen(answer: ToolAnswer) -> str:
    return f"Not all was looked at: {'; '.join(printable(str(one)) for one in answer.data['missing'][:2])}."


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _short(message: str) -> str:
    line = printable(message)
    return line if len(line) <= 200 else f"{line[:199]}…"


def _sources(looked: Looked) -> list[str]:
    return [str(name) for name in looked.facts.get("logs") or ()]


def _tokens(question: str) -> set[str]:
    return {token.strip(".,:;").removesuffix("'s") for token in TOKEN.findall(written_out(question))}


def _hosts(intent: Intent, named: Sequence[str], tokens: set[str]) -> list[str]:
    """Hosts to ask for; not those that are only meant because a source is called as their names begin."""
    asked = [short(host) for host in (*intent.hosts, *intent.strangers)]
    return [h for h in asked if h in tokens or not any(h.startswith(name.lower()) for name in named)][:_MOST_CALLS]
