"""What fires and what is silenced, from servers that answer as real ones do, and as broken ones do."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import pytest
from fakes.prometheus_server import Answer, Asked, FakePrometheus, Reply, always, success

from smartcloudops.alerts.read import Alerts, read
from smartcloudops.core import config
from smartcloudops.core.times import MINUTE, parse_time
from smartcloudops.metrics import choose

SINCE = "2026-11-20T10:00:00Z"


def rule(labels: Mapping[str, str], state: str = "firing", value: str = "9.7e+01", **notes: str) -> dict[str, Any]:
    """An alert as Prometheus lists it."""
    at = "2026-11-20T10:00:00.123456789Z"
    return {"labels": dict(labels), "annotations": notes, "state": state, "activeAt": at, "value": value}


def alert(labels: Mapping[str, str], muted: str = "", since: str = SINCE, **notes: str) -> dict[str, Any]:
    """An alert as Alertmanager lists it; `muted` is silencedBy or inhibitedBy."""
    status = {"state": "suppressed" if muted else "active", "silencedBy": [], "inhibitedBy": []}
    status |= {muted: ["id"]} if muted else {}
    return {"labels": dict(labels), "annotations": notes, "status": status, "startsAt": since, "fingerprint": "f"}


def silence(id: str, state: str = "active", *matchers: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A silence as Alertmanager lists it."""
    times = {"startsAt": SINCE, "endsAt": "2026-11-20T12:00:00Z"}
    about = {"createdBy": "ana", "comment": "disk is being replaced", **times, **more}
    return {"id": id, "status": {"state": state}, "matchers": list(matchers), **about}


def rules(*alerts: dict[str, Any]) -> Answer:
    return always(Reply(success({"alerts": list(alerts)})))


def mailman(*alerts: dict[str, Any], silences: tuple[dict[str, Any], ...] = ()) -> Answer:
    def answer(asked: Asked) -> Reply:
        found = alerts if asked.path.endswith("/alerts") else silences
        return Reply(json.dumps(list(found)).encode())

    return answer


@pytest.fixture
def serve():
    with ExitStack() as stack:
        yield lambda answer: stack.enter_context(FakePrometheus(answer))


@pytest.fixture
def look(tmp_path):
    """`look(prometheus=URL, am=URL, …)`; `extra` goes into each Alertmanager's section."""

    def call(prometheus: str | None = None, extra: str = "", patience_s: float = 1.5, **managers: str) -> Alerts:
        text = f'[prometheus]\nurl = "{prometheus}"\ntimeout = "5s"\n' if prometheus else ""
        for name, url in managers.items():
            text += f'[alerts.{name}]\ntype = "alertmanager"\nurl = "{url}"\n{extra}\n'
        (tmp_path / "c.toml").write_text(text)
        found = config.load(file=tmp_path / "c.toml", environ={"TOKEN": "tok-123456"}, cwd=tmp_path, home=tmp_path)
        server = choose.open_source(found, None) if prometheus else None
        return read(found, server, patience_s=patience_s)

    return call


CPU = {"alertname": "CpuHigh", "instance": "web-2:9100", "severity": "warning"}


def test_both_servers_are_one_picture(serve, look):
    prometheus = serve(
        rules(
            rule(CPU, summary="cpu of web-2 is high"),
            rule({"alertname": "DiskFills", "instance": "db-1:9100"}, "pending", "0.5"),
            rule({"alertname": "DbDown", "instance": "db-1:9100", "severity": "critical"}, value="NaN"),
        )
    )
    late = "2026-11-20T10:05:00Z"
    own = {"alertname": "ScoIncident", "instance": "web-2:9100", "severity": "warning"}
    manager = serve(
        mailman(
            alert({**CPU, "cluster": "eu"}, "silencedBy", late, summary="cpu of web-2 is high"),
            alert({"alertname": "NetFlaky", "instance": "web-3"}, "inhibitedBy"),
            alert(own, summary="warning incident ab12", incident="ab12cd34"),
            silences=(
                silence("s1", "active", {"name": "instance", "value": "web-2.*", "isRegex": True, "isEqual": True}),
                silence("s0", "expired", {"name": "instance", "value": "x"}),
                silence("s2", "pending", {"name": "team", "value": "a", "isEqual": False}, endsAt=late),
            ),
        )
    )
    found = look(prometheus.url, am=manager.url)
    assert [(a.name, a.state) for a in found.firing] == [
        ("DbDown", "firing"),
        ("ScoIncident", "firing"),
        ("DiskFills", "pending"),
        ("CpuHigh", "silenced"),
        ("NetFlaky", "inhibited"),
    ]
    down, mine, disk, cpu, _ = found.firing
    assert (cpu.value, cpu.source, cpu.summary) == (97.0, "prometheus, alerts.am", "cpu of web-2 is high")
    assert cpu.labels == {"instance": "web-2:9100", "severity": "warning", "cluster": "eu"}
    assert cpu.since == parse_time("2026-11-20T10:00:00.123Z", now=0) and cpu.severity == "warning"
    assert down.value is None and disk.value == 0.5 and not disk.severity
    assert mine.mine and mine.incident == "ab12cd34" and not cpu.mine
    assert [(s.id, s.matchers) for s in found.silences] == [("s2", ('team!="a"',)), ("s1", ('instance=~"web-2.*"',))]
    assert found.silences[1].until == parse_time("2026-11-20T12:00Z", now=0)
    assert (found.silences[1].by, found.silences[1].comment) == ("ana", "disk is being replaced")
    assert (found.read, found.missing) == (("prometheus", "alerts.am"), ())


def test_alerts_of_one_server_are_never_one_and_each_takes_one_of_another(serve, look):
    wide, narrow = {"alertname": "A", "job": "n"}, {"alertname": "A", "job": "n", "instance": "x"}
    prometheus = serve(rules(rule(wide), rule(narrow)))
    manager = serve(mailman(alert({**narrow, "dc": "1"}), alert({**narrow, "dc": "2"}), alert({**wide, "dc": "1"})))
    found = look(prometheus.url, am=manager.url)
    by = {tuple(sorted(a.labels.items())): a.source for a in found.firing}
    assert by == {
        (("dc", "1"), ("instance", "x"), ("job", "n")): "prometheus, alerts.am",
        (("dc", "1"), ("job", "n")): "alerts.am",
        (("dc", "2"), ("instance", "x"), ("job", "n")): "prometheus, alerts.am",
    }


def test_a_cluster_of_alertmanagers_tells_each_once(serve, look):
    one = silence("s", "active", {"name": "a", "value": "b"})
    first, second = (serve(mailman(alert(CPU, muted), silences=(one,))) for muted in ("", "silencedBy"))
    found = look(a=first.url, b=second.url)
    assert [(a.state, a.source) for a in found.firing] == [("silenced", "alerts.a, alerts.b")]
    assert [s.id for s in found.silences] == ["s"]


def test_what_cannot_be_read_is_named_and_the_rest_is_there(serve, look):
    manager = serve(mailman(alert(CPU)))
    found = look("http://127.0.0.1:9", am=manager.url)
    assert [a.name for a in found.firing] == ["CpuHigh"] and found.read == ("alerts.am",)
    (missing,) = found.missing
    assert missing.startswith("prometheus: ") and "connection refused" in missing and "127.0.0.1:9" in missing


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(b"<html>", type="text/html"), "something else than JSON"),
        (Reply(b'{"a": 1}'), "something else than a list"),
        (Reply(b"[1]"), "something else than a list"),
        (Reply(b"", 503), "status 503"),
        (Reply(b"", 401), "refuses the credentials"),
        (Reply(b"", 404), "nothing at this path"),
        (Reply(b"", 302, headers={"Location": "http://elsewhere.example/x"}), "redirects to"),
        (Reply(b"[" * 100, cut=3), "broke off"),
        (Reply(b"[" * 100_000), "something else than JSON"),
    ],
)
def test_a_broken_alertmanager_is_named(serve, look, reply, said):
    found = look(am=serve(always(reply)).url)
    assert not found.firing and not found.read
    (missing,) = found.missing
    assert missing.startswith("alerts.am: ") and said in missing


def test_the_slow_one_is_not_waited_for(serve, look):
    quick, slow = serve(mailman(alert(CPU))), serve(always(Reply(b"[]", wait_s=2)))
    started = time.monotonic()
    found = look(quick=quick.url, slow=slow.url, patience_s=0.2)
    assert time.monotonic() - started < 1.5
    assert len(found.firing) == 1 and found.missing == ("alerts.slow: no answer within 0.2 s of the others",)


def test_the_credentials_are_those_of_the_sink(serve, look):
    manager = serve(mailman())
    look(am=manager.url, extra='token_env = "TOKEN"')
    assert {a.headers["Authorization"] for a in manager.asked} == {"Bearer tok-123456"}
    basic = manager.url.replace("http://", "http://ana:pw-secret@")
    found = look(am=basic)
    expected = "Basic " + base64.b64encode(b"ana:pw-secret").decode()
    assert manager.asked[-1].headers["Authorization"] == expected and not found.missing
    found = look(am=basic.replace(str(manager.url.rpartition(":")[2]), "9"))
    assert found.missing and "pw-secret" not in found.missing[0]
    found = look(am=manager.url, extra='token_env = "NOT_SET"')
    assert "not set" in found.missing[0]


def test_hostile_texts_come_out_as_data(serve, look):
    nasty = "\x1b[31mred\x1b]8;;http://evil\x07\nIGNORE\u202e ALL\u200b password=hunter22"
    labels = {"alertname": nasty, "instance": nasty, "nasty\nname": "v", "severity": nasty}
    comment = silence("s", "active", {"name": "a", "value": nasty}, comment=nasty, createdBy=nasty)
    found = look(am=serve(mailman(alert(labels, summary=nasty + "x" * 9_000), silences=(comment,))).url)
    (one,) = found.firing
    (mute,) = found.silences
    texts = [
        one.name,
        one.summary,
        one.severity,
        *one.labels,
        *one.labels.values(),
        mute.comment,
        mute.by,
        *mute.matchers,
    ]
    assert all(t.isprintable() and "hunter22" not in t and len(t) <= 500 for t in texts)
    assert "IGNORE" in one.summary and "password=***" in one.summary


def test_wrong_shapes_are_not_believed(serve, look):
    odd = {"labels": None, "annotations": 3, "status": [], "startsAt": "soon"}
    found = look(am=serve(mailman(odd, silences=({"id": 1, "status": None, "matchers": []},))).url)
    (one,) = found.firing
    assert (one.name, one.since, one.labels, one.state) == ("", None, {}, "firing")
    assert found.silences[0].until is None


def test_nothing_is_configured(look):
    assert look() == Alerts()


def test_many_alerts_take_little_time(serve, look):
    many = [{"alertname": "A", "instance": f"h{i}:9100", "job": "n"} for i in range(3_000)]
    prometheus = serve(rules(*(rule(labels) for labels in many)))
    manager = serve(mailman(*(alert({**labels, "cluster": "eu"}) for labels in many)))
    started = time.process_time()
    found = look(prometheus.url, am=manager.url, patience_s=30)
    assert len(found.firing) == 3_000 and {a.source for a in found.firing} == {"prometheus, alerts.am"}
    assert time.process_time() - started < 5
    assert found.firing[0].since is not None and found.firing[0].since % MINUTE == 0
