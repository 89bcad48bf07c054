"""The answerer without a model: which looks it asks for, and what it says of what they found."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smartcloudops.ask.accumulate import Accumulator
from smartcloudops.ask.asking import Asking
from smartcloudops.ask.events import Answer, Answered
from smartcloudops.ask.messages import (
    Assistant,
    Message,
    Results,
    System,
    TextDelta,
    ToolAnswer,
    ToolCall,
    ToolSpec,
    User,
)
from smartcloudops.ask.providers import PROVIDERS, Dialling
from smartcloudops.ask.providers.offline import Offline
from smartcloudops.ask.routing import Wanted
from smartcloudops.ask.tools import TOOLS
from smartcloudops.core import config
from smartcloudops.core.records import Evidence
from smartcloudops.core.times import DAY, HOUR, MINUTE, rfc3339

NOW = 1_767_625_200_000  # 2026-01-05, 15:00 UTC
FACTS: Mapping[str, Any] = {
    "now": NOW,
    "source": "http://prometheus:9090",
    "hosts": ["web-1", "web-2", "db-1"],
    "metrics": [
        {"name": name, "unit": unit, "kind": kind, "direction": "up", "expr": name}
        for name, unit, kind in (
            ("cpu", "%", "saturation"),
            ("disk_busy", "%", "saturation"),
            ("response_time", "s", "latency"),
            ("disk_used", "%", "saturation"),
        )
    ],
    "alerts": None,
    "incidents": None,
    "overview": None,
    "missing": [],
}
SPECS = [ToolSpec(name, "", {"type": "object"}) for name in TOOLS]
Scripted = Mapping[str, tuple[Mapping[str, Any], tuple[Evidence, ...]] | str]


def stray(host: str, metric: str, value: float, usual: float, **more: Any) -> dict[str, Any]:
    base = {
        "entity": host,
        "metric": metric,
        "called": metric,
        "kind": "latency" if metric == "response_time" else "saturation",
        "worse": 1,
        "unit": "s" if metric == "response_time" else "%",
        "query": "",
        "series": f'{metric}{{instance="{host}:9100"}}',
        "value": value,
        "usual": usual,
        "worst": value,
        "worst_at": NOW,
        "size": 40.0,
        "onset": NOW - 55 * MINUTE,
        "last": NOW,
        "ongoing": True,
        "row": 1,
    }
    return base | more


def unusual(*strays: dict[str, Any], silent: Sequence[dict[str, Any]] = (), **more: Any) -> dict[str, Any]:
    numbered = [one | {"row": number} for number, one in enumerate(strays, 1)]
    hosts = list(dict.fromkeys([*(s["entity"] for s in silent), *(s["entity"] for s in numbered if s["ongoing"])]))
    shares = {h: round(100 / len(hosts), 1) for h in hosts}
    return {
        "since": NOW - DAY,
        "end": NOW,
        "start": NOW - 8 * DAY,
        "step": 5 * MINUTE,
        "series": 12,
        "hosts": ["db-1", "web-1", "web-2"],
        "total": len(numbered),
        "calls": 0,
        "strays": numbered,
        "there": {h: ["cpu", "disk_busy", "disk_used", "response_time"] for h in hosts},
        "silent": list(silent),
        "suspects": [
            {"entity": h, "share": shares[h], "rows": [s["row"] for s in numbered if s["entity"] == h], "row": n}
            for n, h in enumerate(hosts, 1)
        ],
        "common": [],
    } | more


def evidence(number: int) -> tuple[Evidence, ...]:
    return (Evidence(f"E{number}", "metric", "prometheus", "q", NOW - DAY, NOW, NOW, ()),)


NO_ALERTS = ({"alerts": [], "read": ["prometheus"], "counts": {}, "missing": []}, evidence(2))
NO_INCIDENTS = ({"incidents": [], "total": 0, "open": 0}, evidence(3))


def scripted(question: str, tools: Scripted, *before: Message, facts: Mapping[str, Any] = FACTS) -> Conversation:
    return Conversation([System("", facts), *before, User(question)], tools)


class Conversation:
    """Runs the provider against scripted tools until it speaks."""

    def __init__(self, messages: list[Message], tools: Scripted) -> None:
        self.messages, self.calls = messages, list[tuple[str, dict[str, Any]]]()
        offered = [spec for spec in SPECS if spec.name in tools]
        for self.turns in range(1, 10):
            turn = self._turn(offered)
            if not turn.calls:
                break
            answers = tuple(self._answer(call, tools[call.name]) for call in turn.calls)
            self.messages.append(Results(answers))
        self.text = turn.text

    def _turn(self, offered: Sequence[ToolSpec]) -> Assistant:
        heard = Accumulator()
        for delta in Offline().reply(self.messages, offered):
            heard.take(delta)
        turn = heard.turn("offline")
        self.messages.append(turn)
        self.calls += [(call.name, json.loads(call.arguments)) for call in turn.calls]
        return turn

    def _answer(self, call: ToolCall, found: tuple[Mapping[str, Any], tuple[Evidence, ...]] | str) -> ToolAnswer:
        if isinstance(found, str):
            return ToolAnswer(call, found, is_error=True)
        return ToolAnswer(call, "not to be read", evidence=found[1], data=found[0])

    @property
    def first(self) -> str:
        return self.text.partition("\n")[0]


def looks(**more: Any) -> dict[str, Any]:
    base = {"find_unusual": (unusual(), evidence(4)), "list_alerts": NO_ALERTS, "list_incidents": NO_INCIDENTS}
    return base | more


SLOW = unusual(
    stray("web-2", "disk_busy", 98.7, 12.3),
    stray("web-2", "response_time", 0.82, 0.15, size=12.0),
    stray("db-1", "cpu", 88.0, 40.0, size=9.0),
)


def test_what_a_host_does_not_have_is_not_as_usual() -> None:
    found = scripted("why is web-2 slow", looks(find_unusual=(SLOW | {"there": {"web-2": ["cpu"]}}, evidence(4))))
    assert "Ruled out, as usual on web-2: `cpu` [E4]." in found.text


def test_it_is_a_provider_that_dials_nobody() -> None:
    provider = PROVIDERS.load("offline")(Dialling())
    assert (provider.name, provider.model, provider.where) == ("offline", "rules", "")
    assert list(provider.models()) == ["rules"]
    provider.close()


def test_the_first_sentence_names_the_culprit_with_its_evidence() -> None:
    found = scripted("why is web-2 slow", looks(find_unusual=(SLOW, evidence(4))))
    assert found.first.startswith("**web-2** is slow since 14:05Z: its `disk_busy` is 98.7% now, usually 12.3% [E4].")
    assert "- web-2 is suspect 1 of 2, share 50% [E4].\n" in found.text
    assert "web-2, too: `response_time` is 0.820 s now, usually 0.150 s [E4]." in found.text
    assert "Next, **db-1**" in found.text
    assert "Ruled out, as usual on web-2: `cpu` and `disk_used` [E4]." in found.text
    assert """Next: `sco query 'disk_busy{instance="web-2:9100"}' --since 6h`""" in found.text
    assert found.turns == 2 and {name for name, _ in found.calls} == {"find_unusual", "list_alerts", "list_incidents"}


def test_every_sentence_with_figures_cites_evidence() -> None:
    found = scripted("how is everything", looks(find_unusual=(SLOW, evidence(4))))
    lines = [line for line in found.text.splitlines() if any(c.isdigit() for c in line) and "Next: " not in line]
    assert lines and all("[E" in line for line in lines)


def test_nothing_stands_out_accuses_nobody_and_says_what_was_looked_at() -> None:
    found = scripted("how is everything", looks())
    assert found.first == (
        "Nothing stands out: all 12 series of 3 hosts follow their usual course from 2026-01-04T15:00Z to 15:00Z [E4]."
    )
    assert "**" not in found.text
    asked = scripted("why is web-1 slow", looks())
    assert asked.first.startswith("web-1 does not stand out, nor does anything else: all 12 series")
    assert "**" not in asked.text


def test_a_host_that_was_asked_about_and_is_well_is_not_accused_for_another() -> None:
    found = scripted("why is web-1 slow", looks(find_unusual=(SLOW, evidence(4))))
    assert found.first.startswith("web-1 does not stand out. What does: **web-2** is slow")
    assert "**web-1**" not in found.text


def test_a_host_that_only_waits_is_not_named_before_what_it_waits_for() -> None:
    slow = unusual(
        stray("db-1", "response_time", 2.4, 0.2, size=80.0), stray("web-1", "response_time", 0.3, 0.2, size=9.0)
    )
    found = scripted("why is web-1 slow", looks(find_unusual=(slow, evidence(4))))
    assert found.first.startswith("web-1 is slow, but what stands out most began elsewhere: **db-1** is slow")


def test_a_silent_host_comes_first() -> None:
    gone = unusual(silent=[{"entity": "db-1", "metrics": ["cpu"], "whole": True, "last": NOW - 20 * MINUTE}])
    found = scripted("is db-1 down?", looks(find_unusual=(gone, evidence(4))))
    assert found.first == "**db-1** is silent: no metric of it has a value since 14:40Z [E4]."


def test_what_all_hosts_do_at_once_accuses_none() -> None:
    moved = unusual(common=[{"metric": "cpu", "factor": 1.3, "since": NOW - 2 * HOUR, "series": 3}])
    found = scripted("what changed", looks(find_unusual=(moved, evidence(4))))
    assert "**" not in found.text
    assert "Everywhere at once: `cpu` of most hosts is at 1.30 times its usual since 13:00Z" in found.text


def test_alerts_and_incidents_are_told_and_named_where_no_series_stands_out() -> None:
    alert = {"name": "Slow", "entity": "web-1", "state": "firing", "since": NOW - HOUR}
    fires = ({"alerts": [alert], "read": ["prometheus"]}, evidence(2))
    found = scripted("how is everything", looks(list_alerts=fires))
    assert found.first.startswith("Alert `Slow` fires for **web-1** since 14:00Z [E2], though no series")
    incident = {"id": "7f3a", "entity": "db-1", "open": True, "start": NOW - 2 * HOUR, "end": None}
    opened = ({"incidents": [incident]}, evidence(3))
    found = scripted("how is everything", looks(list_alerts=fires, list_incidents=opened))
    assert found.first.startswith("Incident `7f3a` of **db-1** is open since 13:00Z [E3]")
    assert "Alert `Slow` fires for web-1" in found.text
    assert found.text.endswith("Next: `sco explain 7f3a`")


def test_a_call_graph_knows_better_than_distances() -> None:
    suspect = {"entity": "checkout", "host": "checkout", "share": 0.71, "path": ["shop", "checkout"]}
    explained = {"mode": "flow", "symptom": {"entity": "shop"}, "suspects": [suspect], "incident": None}
    values = (
        {"entity": "checkout", "name": "service_latency", "value": 0.1, "unit": "s", "time": None},
        {"entity": "checkout", "name": "service_latency", "value": 0.9, "unit": "s", "time": NOW},
    )
    about = Evidence("E6", "metric", "", "", NOW - HOUR, NOW, NOW, values)
    graph = SLOW | {"calls": 3}
    tools = looks(find_unusual=(graph, evidence(4)), explain=(explained, (*evidence(5), about)))
    found = scripted("why is everything slow", tools)
    assert ("explain", {}) in found.calls
    assert found.first.startswith("**checkout** is to blame by the calls between services, with a share of 71% [E5].")
    assert "`service_latency` of checkout was 0.900 s, usually 0.100 s [E6]." in found.first


def test_a_tool_that_fails_is_named_with_its_reason() -> None:
    broken = looks(find_unusual="<<<data from find_unusual>>>\nerror: http://prometheus:9090 is down\n<<<end>>>")
    found = scripted("how is everything", broken)
    assert found.first == "I cannot tell whether anything stands out: what is usual is not known here."
    assert "Not known: `find_unusual`: http://prometheus:9090 is down." in found.text
    assert "sco doctor" in found.text and "**" not in found.text


def test_this_machine_is_looked_at_where_no_history_is() -> None:
    row = {"metric": "cpu", "unit": "%", "now": 12.5, "entity": "box", "outside": False}
    tools = looks(
        find_unusual="error: this machine has no history yet\ntry: sco detect",
        host_snapshot=({"host": "box", "rows": [row]}, evidence(7)),
    )
    found = scripted("how is everything", tools)
    assert "box now: `cpu` 12.5% [E7]." in found.text
    assert found.text.endswith("Next: sco detect")
    assert found.turns == 3


def test_a_figure_of_this_machine_without_history_is_the_one_of_now() -> None:
    rows = [{"metric": name, "unit": "%", "now": 12.5, "entity": "box", "outside": False} for name in ("cpu", "swap")]
    tools = looks(
        query_metrics="error: this machine has no history yet",
        host_snapshot=({"host": "box", "rows": rows}, evidence(7)),
    )
    assert scripted("what is cpu", tools).first == "box now: `cpu` 12.5% [E7]."


def test_everything_dead_still_gives_an_answer_within_four_steps() -> None:
    found = scripted("why is web-2 slow", dict.fromkeys(TOOLS, "error: nobody is there"))
    assert found.turns <= 5 and found.text
    assert found.text.count("nobody is there") == 3


def test_without_tools_it_answers_from_what_is_there() -> None:
    facts = {**FACTS, "missing": ["overview: no answer within 2s"]}
    found = scripted("how is everything", {}, facts=facts)
    assert found.turns == 1
    assert "Not known: overview: no answer in time." in found.text
    assert scripted("help", {}).first.startswith("I answer by rules")
    assert scripted("how is everything", {}, facts={}).text


def test_only_tools_that_are_offered_are_called() -> None:
    found = scripted("how is everything", {"find_unusual": (unusual(), evidence(4))})
    assert found.calls == [("find_unusual", {})]


def test_not_understood_says_so_with_three_examples_that_work_here() -> None:
    found = scripted("tell me a joke about cats", looks())
    assert found.first.startswith("I did not understand the question")
    examples = [line.removeprefix("- ") for line in found.text.splitlines() if line.startswith("- ")]
    assert examples == ["how is everything", "why is web-1 slow", "what is cpu on web-1"]
    assert all(scripted(e, {}).text and "not understand" not in scripted(e, {}).text for e in examples)
    assert found.calls == []


def test_an_unknown_host_is_said_to_be_unknown() -> None:
    found = scripted("is web-9 down", looks())
    assert found.first == "There is no host `web-9` among the watched ones; the nearest: web-1, web-2 and db-1."
    assert scripted("why is wbe-2 slow", looks()).first == "I took `wbe-2` for web-2."


def figures(metric: str, **rows: float) -> tuple[dict[str, Any], tuple[Evidence, ...]]:
    found = [
        {
            "entity": host.replace("_", "-"),
            "labels": {},
            "last": value,
            "last_at": NOW,
            "mean": value - 1,
            "min": value - 2,
            "max": value + 2,
            "changes": [{"time": NOW - 20 * MINUTE, "before": 10.0, "after": value}],
        }
        for host, value in rows.items()
    ]
    return {"metric": metric, "expr": metric, "unit": "%", "start": NOW - HOUR, "rows": found}, evidence(5)


def test_a_figure() -> None:
    found = scripted("what is cpu on web-2", looks(query_metrics=figures("cpu", web_2=42.0)))
    assert found.calls == [("query_metrics", {"query": 'cpu{instance=~"web-2([.:].*)?"}', "since": "1h"})]
    assert found.first == "`cpu` of web-2 is 42% at 15:00Z; in the last hour its mean was 41% [E5]."
    free = scripted("how much disk is free on db-1", looks(query_metrics=figures("disk_used", db_1=80.0)))
    assert free.first == "`disk_used` counts what is used; what is free is the rest to the whole."


def test_a_figure_that_cannot_be_had() -> None:
    found = scripted("what is cpu on web-2", looks(query_metrics="error: it is down"))
    assert found.first == "I could not look at `cpu` of web-2."
    assert "`query_metrics`: it is down" in found.text


def test_the_largest_and_the_smallest() -> None:
    tools = looks(query_metrics=figures("cpu", web_1=20.0, web_2=42.0, db_1=30.0))
    found = scripted("top 2 hosts by cpu", tools)
    assert found.first == "web-2 has the highest `cpu`."
    assert found.text.splitlines()[2:] == ["- web-2: `cpu` 42% [E5].", "- db-1: `cpu` 30% [E5]."]
    assert scripted("lowest cpu", tools).first == "web-1 has the lowest `cpu`."


def test_since_when() -> None:
    found = scripted("since when is web-2 slow", looks(find_unusual=(SLOW, evidence(4))))
    assert found.first.startswith("**web-2** stands out since 14:05Z: its `disk_busy` is 98.7% now")
    quiet = scripted("since when is web-1 slow", looks())
    assert quiet.first.startswith("web-1 does not stand out, so there is no beginning to name")
    changed = scripted("when did cpu on web-1 go up", looks(query_metrics=figures("cpu", web_1=50.0)))
    assert changed.first == "`cpu` of web-1 went from 10% to 50% at 14:40Z [E5]."


def test_since_when_after_an_answer_is_about_the_host_that_it_named() -> None:
    before = [User("how is everything"), Assistant("**db-1** stands out since 14:05Z: its `cpu` is 88%.")]
    found = scripted("since when?", looks(find_unusual=(SLOW, evidence(4))), *before)
    assert found.first.startswith("**db-1** stands out since 14:05Z: its `cpu`")


def test_a_comparison() -> None:
    row = {"entity": "web-2", "mean": 60.0, "mean_before": 30.0, "difference": 30.0, "ratio": 2.0}
    data = {"metric": "cpu", "expr": "cpu", "unit": "%", "rows": [row], "new": [], "gone": ["db-1"]}
    periods = (data | {"before_start": NOW - 25 * HOUR}, evidence(5))
    found = scripted("is cpu on web-2 higher than yesterday", looks(compare_periods=periods))
    assert found.calls[0][1] == {"query": 'cpu{instance=~"web-2([.:].*)?"}', "offset": "1d"}
    assert "`cpu` of web-2 is 60% on average now, up from 30% (from 2026-01-04T14:00Z on) [E5]." in found.text
    assert "`cpu` of db-1 is gone, it was there before [E5]." in found.text
    hosts = scripted("compare cpu of web-1 with db-1", looks(query_metrics=figures("cpu", web_1=50.0, db_1=20.0)))
    assert "`cpu` of db-1: 20% now, 19% on average, 22% at most since 14:00Z [E5]." in hosts.text


def test_a_forecast() -> None:
    rows = [{"entity": "db-1 /var", "now": 80.0, "reached": NOW + 5 * HOUR, "verdict": "rising", "text": ""}]
    data = {"metric": "disk_used", "expr": "disk_used", "unit": "%", "limit": 100.0, "rows": rows}
    found = scripted("when will the disk be full", looks(forecast=(data, evidence(5))))
    assert ("forecast", {"query": "disk_used"}) in found.calls
    assert found.first == (
        "`disk_used` of db-1 /var is 80% now and reaches 100% about 2026-01-05T20:00Z, if it goes on so [E5]."
    )
    flat = data | {"rows": [rows[0] | {"reached": None, "verdict": "flat"}]}
    none = scripted("when will the disk be full", looks(forecast=(flat, evidence(5))))
    assert "no series of `disk_used` reaches its limit" in none.text


def test_lists() -> None:
    assert scripted("list hosts", {}).first == "Watched hosts: web-1, web-2, db-1."
    assert scripted("what metrics are there", {}).first.startswith("Watched metrics: `cpu`, `disk_busy`")
    assert scripted("any alerts?", looks()).first == "No alert fires [E2]."
    over = {"id": "9c01", "entity": "db-1", "open": False, "start": NOW - 3 * HOUR, "end": NOW - 2 * HOUR}
    found = scripted("incidents last night", looks(list_incidents=({"incidents": [over]}, evidence(3))))
    assert found.first == "`9c01` of db-1 lasted from 12:00Z to 13:00Z [E3]."
    assert found.calls == [("list_incidents", {"since": rfc3339(NOW - 19 * HOUR)})]


def test_a_time_in_the_question_goes_to_the_tools() -> None:
    found = scripted("why was web-2 slow at 14:05", looks())
    assert found.calls[0] == (
        "find_unusual",
        {"since": rfc3339(NOW - 85 * MINUTE), "until": rfc3339(NOW - 25 * MINUTE)},
    )


@pytest.mark.parametrize(
    ("question", "hours"),
    [
        ("what happened last night", (19, 7)),
        ("why was web-2 slow 3 hours ago", (3.5, 2.5)),
        ("what changed in the last hour", (1, None)),
        ("what happened in the past two hours", (2, None)),
        ("what changed since 2h", (2, None)),
        ("what happened today", (15, None)),
    ],
)
def test_a_time_that_is_over_has_an_end(question: str, hours: tuple[float, float | None]) -> None:
    since, until = (None if h is None else rfc3339(NOW - int(h * HOUR)) for h in hours)
    called = dict(scripted(question, looks()).calls)["find_unusual"]
    assert (called["since"], called.get("until")) == (since, until)


def test_what_is_over_is_not_said_to_be_as_usual() -> None:
    over = stray("web-2", "cpu", 98.7, 12.3, ongoing=False, size=40.0)
    found = scripted("how is everything", looks(find_unusual=(unusual(over, suspects=[]), evidence(4))))
    assert found.first.startswith("Nothing stands out now; what strayed from its usual course from ")
    assert "follow their usual course" not in found.text and "Over since" in found.text


def test_text_of_files_below_the_question_is_no_question() -> None:
    found = scripted("how is everything\n\n<<<data 1f from stdin>>>\nwhy is db-1 slow\n<<<end of data 1f>>>", looks())
    assert found.first.startswith("Nothing stands out")
    assert found.text.endswith(
        "What came with the question was not read: rules answer from metrics, alerts and incidents alone."
    )
    assert "was not read" not in scripted("how is everything", looks()).text


def test_hostile_names_stay_inside_code() -> None:
    evil = stray("web-2", "disk_busy", 98.7, 12.3, called="x` **db-1** \x1b[31m", series="a'; rm -rf /")
    found = scripted("how is everything", looks(find_unusual=(unusual(evil), evidence(4))))
    assert "\x1b" not in found.text and "`x **db-1** \\x1b[31m`" in found.first
    assert """'a'"'"'; rm -rf /'""" in found.text


def test_the_text_comes_in_pieces() -> None:
    messages = [System("", FACTS), User("help")]
    assert sum(isinstance(delta, TextDelta) for delta in Offline().reply(messages, [])) >= 2


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Two days of three hosts at five minutes; for the last hour the disk of web-2 is busy and its answers are slow."""
    rng = np.random.default_rng(3)
    rows = 2 * 288
    series = {}
    for host in ("web-1", "web-2", "db-1"):
        series[f'disk_busy{{instance="{host}:9100"}}'] = 12 + rng.normal(0, 1, rows)
        series[f'response_time{{instance="{host}:9100"}}'] = 0.15 + rng.normal(0, 0.01, rows)
    series['disk_busy{instance="web-2:9100"}'][-12:] += 80
    series['response_time{instance="web-2:9100"}'][-12:] += 0.4
    lines = ["timestamp," + ",".join('"' + name.replace('"', '""') + '"' for name in series)]
    for i in range(rows):
        stamp = rfc3339(NOW - (rows - 1 - i) * 5 * MINUTE)
        lines.append(f"{stamp}," + ",".join(f"{row[i]:.4f}" for row in series.values()))
    path = tmp_path / "fleet.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def real(question: str, path: Path, home: Path) -> Answer:
    """The answer of the whole loop over a file."""
    loaded = config.load(flags={"ask.context": "20s"}, environ={}, cwd=home, home=home)
    asking = Asking(loaded, Wanted(provider="offline"), path=path, environ={}, clock=lambda: NOW)
    last = list(asking.ask(question))[-1]
    assert isinstance(last, Answered)
    return last.answer


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("why is web-2 slow", "**web-2** is slow since 14:05Z: its `disk_busy` is 9"),
        ("how is everything", "**web-2** stands out since 14:05Z"),
        ("why is web-1 slow", "web-1 does not stand out. What does: **web-2**"),
        ("since when is web-2 slow", "**web-2** stands out since 14:05Z"),
        ("what is disk_busy on db-1", "`disk_busy` of db-1 is 1"),
        ("top 2 hosts by disk_busy", "web-2 has the highest `disk_busy`."),
        ("compare response time of web-1 with db-1", "`response_time` of db-1: 0.1"),
        ("is disk_busy on web-2 higher than yesterday", "`disk_busy` of web-2 is 85.5 on average now, up from 12.1"),
        ("what changed since 3h", "**web-2** stands out since 14:05Z"),
        ("list hosts", "Watched hosts: db-1, web-1, web-2"),
    ],
)
def test_through_real_tools_no_number_rests_on_nothing(question: str, said: str, recording: Path, home: Path) -> None:
    answer = real(question, recording, home)
    assert said in answer.text
    assert [f"{n.text}: {n.reason}" for n in answer.numbers if not n.supported] == []
    assert answer.provider == "offline" and answer.looked


def test_when_everybody_is_silent_nobody_is_accused() -> None:
    gone = [{"entity": h, "metrics": ["cpu"], "whole": True, "last": NOW - 25 * MINUTE} for h in FACTS["hosts"]]
    found = scripted("why is web-2 slow", looks(find_unusual=(unusual(silent=gone), evidence(4))))
    assert found.first.startswith("All 3 hosts are silent since 14:35Z [E4]: that is hardly the hosts")
    assert "suspect" not in found.text and "sco doctor prometheus" in found.text
