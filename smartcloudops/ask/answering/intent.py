"""What a question asks for: its kind, and what it is asked of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from smartcloudops.ask.answering.moments import Span, span_in
from smartcloudops.ask.answering.naming import Meant, Names, meant
from smartcloudops.ask.answering.words import plain, symptom_in

Kind = Literal[
    "health",
    "why",
    "since_when",
    "compare",
    "list",
    "value",
    "what_changed",
    "forecast",
    "logs",
    "help",
    "not_understood",
]
Listed = Literal["hosts", "alerts", "incidents", "metrics", "top"]
MOST = 5


@dataclass(frozen=True, slots=True)
class Intent:
    """`listed` and `most`: of a list; `lowest`: smallest first; `reference`: what a comparison is with, as a duration
    before now or "" for host with host; `span`: None for now; `free`: what is left is asked for, not what is used."""

    kind: Kind
    hosts: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    symptom: str | None = None
    span: Span | None = None
    listed: Listed | None = None
    most: int = MOST
    lowest: bool = False
    reference: str = ""
    free: bool = False
    taken: tuple[tuple[str, str], ...] = ()
    strangers: tuple[str, ...] = ()


_HELP = re.compile(
    r"^(?:help|hi|hello|hey|usage)?$|what can (?:you|i|sco)|what do you (?:do|know|understand)|how (?:do|"
    r"can) i (?:use|ask)|"
    r"how does this work|who are you|\bhelp me$|what (?:questions|commands)"
)
_LOGS = re.compile(
    r"\blog ?(?:lines?|files?|entries|messages?|records?)\b|\blogs\b|\blogged\b|\blogging\b|"
    r"\b(?:do|does|did|in|from|of|the) (?:\S+ ){0,4}log\b(?! ?(?:in|out|on|off)\b)"
)
_FORECAST = re.compile(
    r"\bforecast|\bpredict|\bprojected|run(?:ning)? out|how (?:long|many days|much time) (?:until|till|before|"
    r"left|do (?:i|we))|"
    r"(?:days|time|hours) (?:left|until|till)|when (?:will|does|do|is|are|would)\b.*\b(?:full|fill|out|reach|hit|"
    r"exhaust)|"
    r"\bwill\b.*\b(?:full|fill|run|out|reach|last)\b|going to (?:be full|fill|run)|filling up by"
)
_SINCE = re.compile(
    r"since when|when did|when was|when has|(?:for )?how long (?:has|is|have|was|already|ago)|what time|"
    r"when (?:it )?(?:start|began|begin)|"
    r"\bwhen\b.*\b(?:start|started|begin|began)|how long"
)
_CHANGED = re.compile(
    r"\bwhat(?:ever)?\b.*\b(?:changed|changes|change|different|happened|happening|new)\b|"
    r"\b(?:any|some)thing\b.*\b(?:change|changed|new|different|happen|happened|happening)\b|"
    r"^(?:changes|changed)\b|\bany(?:thing)? (?:recent )?changes?\b|what (?:did )?(?:we )?(?:deploy|deployed)|"
    r"\bwhat happened\b|\bhas anything changed|"
    r"^what is new|\bdifferences?\b(?! between)"
)
_COMPARE = re.compile(
    r"\bcompar|\bversus\b|\bvs\b|\bdifference between\b|\b(?:than|as|like|to|from|with) (?:yesterday|last week|"
    r"last \w+day|an hour ago|usual|normal|a week ago)\b|"
    r"\b(?:higher|lower|slower|faster|worse|better|more|less|busier)\b.*\bthan\b"
)
_LIST = re.compile(
    r"^(?:list|show|give|name|print|display|get)\b.*\b(?:hosts?|servers?|machines?|instances?|nodes?|alerts?|"
    r"incidents?|metrics?|everything)\b|"
    r"\b(?:which|what|how many)\b(?: \w+)? (?:hosts?|servers?|machines?|instances?|nodes?|boxes|alerts?|"
    r"incidents?|metrics?)\b(?!.*\b(?:slow|down|failing|broken|wrong|bad|unhealthy|trouble)\b)|"
    r"\b(?:any|open|active|current|firing) (?:open |active |firing )?(?:alerts?|incidents?)\b|\balerts? (?:firing|"
    r"active|now|there)|\bfiring\b|^(?:hosts|alerts|incidents|metrics|servers|machines)$"
)
_TOP = re.compile(
    r"\btop\b(?: (\d+|three|five|ten))?|\b(?:highest|most|busiest|biggest|largest|worst|fullest|hottest|heaviest|"
    r"lowest|least|smallest|maximum|max)\b"
)
_LOWEST = re.compile(r"\b(?:lowest|least|smallest|minimum)\b")
_WHY = re.compile(
    r"\bwhy\b|\bcause|\breason|\bculprit|\broot\b|\bexplain\b|\bwho is (?:to blame|responsible)|\bto blame\b|"
    r"(?:what|who|which \w+) (?:is|are) (?:wrong|the (?:problem|issue|matter)|broken|eating|hogging|using|"
    r"consuming|taking|"
    r"slowing|killing|causing|making|going wrong)|\b(?:what|who) (?:makes|made|broke|eats|ate|is making|uses|used|"
    r"took|takes)|\bdebug\b|\bdiagnos|\binvestigate|\btroubleshoot|\bhow come\b"
)
_VALUE = re.compile(
    r"\bhow (?:much|many|high|low|full|busy|fast|big|loaded|hot)\b|\bwhat is\b|\bwhat are\b|\bwhat was\b|"
    r"\bcurrent(?:ly)?\b|\bvalues?\b|\bshow\b|\bgive\b|\bget\b|\bplot\b|\bgraph\b|\bcheck\b"
)
_HEALTH = re.compile(
    r"\bhow (?:is|are|was|were|does|do) |\bhow (?:goes|it goes|is it going)|going well|\bhealth|\bstatus\b|"
    r"\bsituation\b|\beverything\b|\boverview\b|\bsummar|\bwhat is (?:going on|happening|up|cooking|new)\b|"
    r"\ball (?:good|ok|okay|fine|quiet|well|green)\b|\bany(?:thing|body|one)?\b.*\b(?:wrong|problems?|issues?|"
    r"trouble|weird|strange|odd|unusual|fire|bad|broken|down|off|anomal\w*)\b|\bsomething\b.*\b(?:off|up|wrong)\b|"
    r"\b(?:ok|okay|fine|good|alright|healthy|alive|up)\b|\breport\b|\blooks?\b.*\b(?:good|ok|fine)|\bon fire\b|"
    r"\bworry\b|\bsleep\b|\bany (?:news|anomal\w*)\b|\bgoing on\b"
)
_FOLLOWS = re.compile(r"^(?:and|also|what about|how about|ok and|same for|but|now|then|for|on)\b")
_REFERS = re.compile(r"\b(?:it|its|that|this|there|they|them|same)\b")
_USE = re.compile(r"\b(?:free|left|available|used|remaining)\b")
_AS_LIST: tuple[tuple[str, Listed], ...] = (
    (r"\balerts?\b|\bfiring\b", "alerts"),
    (r"\bincidents?\b", "incidents"),
    (r"\bmetrics?\b", "metrics"),
    (r"\bhosts?\b|\bservers?\b|\bmachines?\b|\binstances?\b|\bnodes?\b|\bboxes\b|\beverything\b", "hosts"),
)
_COUNTS = {"three": 3, "five": 5, "ten": 10}


def understand(question: str, names: Names, *, now: int, before: Sequence[str] = ()) -> Intent:
    """What the question means, with what the questions `before` it leave to be understood.

    >>> found = understand("and db-1?", Names(("web-2", "db-1")), now=0, before=["why is web-2 slow"])
    >>> found.kind, found.hosts, found.symptom
    ('why', ('db-1',), 'slow')
    """
    found = _alone(question, names, now)
    for earlier in reversed(before):
        older = understand(earlier, names, now=now) if earlier.strip() else None
        if older and older.kind not in ("help", "not_understood"):
            return _joined(found, older, plain(question))
    return found


def _alone(question: str, names: Names, now: int) -> Intent:
    named, words = meant(question, names)
    span, rest = span_in(_clean(plain(question)), now=now)
    compared = _reference(plain(question))
    _, rest = span_in(words, now=now)
    kind = _kind(rest, words, named, compared)
    symptom = _symptom(rest, named)
    found = Intent(
        kind,
        named.hosts,
        _preferred(named.metrics, rest, symptom),
        symptom,
        None if kind == "compare" and compared else span,
        free=re.search(r"\b(?:free|left|available|remaining)\b", rest) is not None,
        taken=named.taken,
        strangers=named.strangers,
    )
    if kind == "list":
        return _as_list(found, rest)
    return replace(found, reference=compared) if kind == "compare" else found


def _clean(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def _kind(rest: str, words: str, named: Meant, compared: str) -> Kind:
    """The first of the kinds, most telling first, whose words are there."""
    if _HELP.search(words) and not named.hosts and not named.metrics and not _VALUE.search("" if words else "x"):
        return "help" if words or not (named.hosts or named.strangers) else "health"
    top = _TOP.search(rest) is not None and bool(
        named.metrics or re.search(r"\bbusiest|\bloaded|\bslowest|\bworst", rest)
    )
    listed = bool(_LIST.search(rest)) and not (named.metrics and named.hosts)
    for kind, there in (
        ("logs", bool(_LOGS.search(words)) and not re.search(r"\bwhy\b", words)),
        ("since_when", bool(re.search(r"\bsince when\b|\bwhen (?:did|was|has)\b|\bhow long (?:has|have)\b", words))),
        ("forecast", bool(_FORECAST.search(words))),
        ("since_when", bool(_SINCE.search(words)) and not re.search(r"\bwhy\b", words)),
        ("compare", bool(_COMPARE.search(words)) or (bool(compared) and not re.search(r"\bwhy\b", words))),
        ("why", bool(re.search(r"\bwhy\b|\bhow come\b|\bcause", words))),
        ("list", top or (listed and not _is_wrong(rest))),
        ("what_changed", bool(_CHANGED.search(rest)) and "going on" not in rest),
        ("why", bool(_WHY.search(rest))),
    ):
        if there:
            return kind  # type: ignore[return-value]
    return _plainer(rest, named)


def _symptom(rest: str, named: Meant) -> str | None:
    """The symptom in the words; a metric that went up or down is high or low."""
    if named.metrics and re.search(r"\b(?:up|down)\b", rest):
        return "high" if re.search(r"\bup\b", rest) else "low"
    return symptom_in(rest.split())


def _is_wrong(rest: str) -> bool:
    """Whether a list is asked for of what is amiss, which is no list of what there is."""
    return symptom_in(rest.split()) is not None and re.search(r"\balerts?\b|\bincidents?\b|\bfiring\b", rest) is None


def _plainer(rest: str, named: Meant) -> Kind:
    """Questions without a telling word: a figure, how things are, or a symptom that was only named."""
    symptom = _symptom(rest, named)
    if (
        named.metrics
        and (_VALUE.search(rest) or _USE.search(rest))
        and symptom not in ("failing", "slow", "down", "bad")
    ):
        return "value"
    if _HEALTH.search(rest) and symptom in (None, "bad", "down", "failing", "slow") and not named.metrics:
        return "health" if symptom in (None, "bad") or not named.hosts else "why"
    if symptom:
        return "why"
    if named.metrics:
        return "value"
    if _HEALTH.search(rest) or named.hosts or named.strangers:
        return "health"
    return "not_understood"


def _reference(text: str) -> str:
    """What a comparison is with, as a duration before now; "" where it names no time."""
    found = re.search(
        r"\b(?:than|as|like|to|with|versus|vs|against|from)\s+(?:it (?:was|is)\s+)?(?:the )?"
        r"(?:same (?:time|hour) )?(yesterday|last week|a week ago|usual|normal|(?:an|1|one) hour ago|last \w+day)\b",
        text,
    )
    if found is None:
        return ""
    name = found[1]
    if "week" in name or name.startswith("last"):
        return "7d"
    return "1h" if "hour" in name else "24h"


def _preferred(metrics: Sequence[str], rest: str, symptom: str | None) -> tuple[str, ...]:
    """A disk that is slow or busy is another thing than a disk that is full."""
    busy = symptom in ("slow", "high") or re.search(r"\bio\b|\bbusy\b|\bsaturated\b", rest)
    if busy and not re.search(r"\bfull|\bspace|\bfill|\bused\b|\bfree\b", rest):
        return tuple(sorted(metrics, key=lambda name: "used" in name and "disk" in name))
    return tuple(metrics)


def _as_list(found: Intent, rest: str) -> Intent:
    top = _TOP.search(rest)
    lowest = bool(_LOWEST.search(rest))
    if top and (found.metrics or not re.search(r"\balerts?\b|\bincidents?\b", rest)):
        count = top[1]
        most = int(count) if count and count.isdigit() else _COUNTS.get(count or "", 3)
        return replace(found, listed="top", most=max(1, min(most, 20)), lowest=lowest)
    listed: Listed = next((name for pattern, name in _AS_LIST if re.search(pattern, rest)), "hosts")
    if listed == "hosts" and found.metrics:
        listed = "top"
    return replace(found, listed=listed)


def _joined(found: Intent, older: Intent, text: str) -> Intent:
    """A follow-up takes what it leaves unsaid from the question before."""
    follows = bool(_FOLLOWS.search(text))
    bare = found.kind in ("not_understood", "health", "value", "why") and len(text.split()) <= 5
    refers = bool(_REFERS.search(text)) or found.kind in ("since_when", "forecast")
    if found.kind == "help" or not (follows or refers or found.kind == "not_understood"):
        return found
    kind = older.kind if bare and (follows or found.kind == "not_understood") and not _says(text) else found.kind
    same = kind == older.kind
    hosts = found.hosts or (() if found.strangers else older.hosts)
    return replace(
        found,
        kind=kind,
        hosts=hosts,
        metrics=found.metrics or older.metrics,
        symptom=found.symptom or older.symptom,
        span=found.span or older.span,
        listed=found.listed or (older.listed if same else None),
        most=found.most if found.listed else older.most,
        lowest=found.lowest or (same and older.lowest),
        reference=found.reference or (older.reference if same else ""),
    )


def _says(text: str) -> bool:
    """Whether a short follow-up has a kind of its own, beyond "what about"."""
    return re.search(r"\bwhy\b|\bhow is\b|\bhow are\b|\bhow much\b|\bwhat is\b", text) is not None
