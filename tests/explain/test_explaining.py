"""From series to suspects, in every mode and with what real data lacks."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from fakes.shop import CALLS, ORDER, STEP, Shop

from smartcloudops.core.errors import DataError, UsageError
from smartcloudops.core.times import DAY
from smartcloudops.explain.entities import Recording
from smartcloudops.explain.explaining import explain
from smartcloudops.explain.findings import document
from smartcloudops.explain.kinds import Hint
from smartcloudops.explain.settle import Question
from smartcloudops.metrics.series import parse_series_name

EDGES = list(CALLS)


def asked(shop: Shop) -> Question:
    return Question(shop.symptom, shop.trigger)


@pytest.mark.parametrize("root", ["db", "cart", "search", "mail", "front"])
def test_the_slow_part_is_first_whoever_waits_for_it(root):
    shop = Shop(slow={root: {"mail": 2.0}.get(root, 0.05)})
    found = explain(shop.recording(), asked(shop), EDGES)
    assert found.mode == "flow" and found.unit == "s waited"
    first = found.suspects[0]
    assert (first.entity, first.confidence) == (root, "high")
    assert first.path[0] == "front" and first.path[-1] == root
    assert first.onset == int(shop.times()[shop.history + shop.before])
    assert sum(s.share for s in found.suspects) == pytest.approx(1)


@pytest.mark.parametrize("root", ["db", "cart", "search"])
def test_the_failing_part_is_first(root):
    shop = Shop(failing={root: 0.03})
    found = explain(shop.recording(), asked(shop), EDGES)
    assert (found.suspects[0].entity, found.unit) == (root, "requests failed")


def test_the_excess_is_the_seconds_that_were_waited():
    shop = Shop(slow={"search": 0.05})
    columns = shop.columns()
    found = explain(shop.recording(), asked(shop), EDGES)
    waited = 0.05 * columns['requests{service="search"}'][-3:].sum()
    assert found.suspects[0].excess == pytest.approx(waited, rel=0.05)
    assert found.felt["front"] == pytest.approx(waited, rel=0.1)
    assert found.suspects[0].share > 0.8


def test_evidence_can_be_looked_up_again():
    shop = Shop(slow={"db": 0.05})
    evidence = explain(shop.recording(), replace(asked(shop), ran_at=7), EDGES).suspects[0].evidence[0]
    assert (evidence.query, evidence.source, evidence.ran_at) == ('latency_seconds{service="db"}', "shop", 7)
    before, after = evidence.values
    assert before["unit"] == after["unit"] == "s"
    assert before["value"] == pytest.approx(0.004, rel=0.1) and after["value"] == pytest.approx(0.054, rel=0.1)


def test_a_calm_shop_has_no_suspects():
    shop = Shop()
    for symptom in ('latency_seconds{service="front"}', 'availability_percent{service="front"}', None):
        found = explain(shop.recording(), Question(symptom, shop.trigger), EDGES)
        assert found.suspects == ()
        assert "does not stand out" in found.limits[-1]


def test_the_symptom_and_its_time_are_found():
    shop = Shop(slow={"cart": 0.1}, before=6, after=6)
    for question in (Question(), Question("front"), Question(shop.symptom)):
        found = explain(shop.recording(), question, EDGES)
        assert found.symptom is not None
        assert (found.symptom.entity, found.symptom.at) == ("front", int(shop.times()[-6]))
        assert found.suspects[0].entity == "cart"


def test_without_a_graph_parts_are_ranked_by_excess_and_it_says_so():
    shop = Shop(slow={"search": 0.05})
    found = explain(shop.recording(), asked(shop))
    assert (found.mode, found.suspects[0].entity, found.suspects[0].confidence) == ("excess", "search", "medium")
    assert any("no call graph" in limit for limit in found.limits)
    assert "front" not in [s.entity for s in found.suspects]


def test_without_traffic_it_says_so_and_still_looks_below():
    shop = Shop(slow={"cart": 0.1})
    found = explain(shop.recording(leave_out=["requests"]), asked(shop), EDGES)
    assert (found.mode, found.suspects[0].entity) == ("metrics", "cart")
    assert any(limit.startswith("no traffic series:") for limit in found.limits)


def test_a_part_without_traffic_cannot_be_suspected_and_is_named():
    shop = Shop(slow={"db": 0.05})
    columns = shop.columns()
    del columns['requests{service="db"}']
    found = explain(shop.recording(columns), asked(shop), EDGES)
    assert "db" not in [s.entity for s in found.suspects]
    assert any("for db: they cannot be suspects" in limit for limit in found.limits)


def test_without_history_the_rows_before_tell_the_usual():
    shop = Shop(slow={"db": 0.05}, before=6)
    whole = shop.recording()
    bare = replace(whole, past_times=whole.past_times[:0], past=whole.past[:, :0])
    found = explain(bare, asked(shop), EDGES)
    assert found.suspects[0].entity == "db" and found.suspects[0].confidence != "high"
    assert any(limit.startswith("no history") for limit in found.limits)


def test_gaps_do_not_hide_the_part():
    shop = Shop(slow={"db": 0.05})
    columns = shop.columns()
    columns['latency_seconds{service="db"}'][-2] = np.nan
    columns['requests{service="db"}'][-3:] = np.nan
    columns['latency_seconds{service="cache"}'][:] = np.nan
    found = explain(shop.recording(columns), asked(shop), EDGES)
    assert found.suspects[0].entity == "db"


def test_one_row_alone():
    shop = Shop(slow={"db": 0.05}, before=0, after=1)
    assert explain(shop.recording(), asked(shop), EDGES).suspects[0].entity == "db"


def test_counters_are_rated():
    shop = Shop(slow={"db": 0.05})
    columns = {}
    for name, values in shop.columns().items():
        part = name.partition("{")[2]
        columns[f"requests_total{{{part}" if name.startswith("requests") else name] = (
            np.cumsum(values) if name.startswith("requests") else values
        )
    found = explain(shop.recording(columns), asked(shop), EDGES)
    whole = explain(shop.recording(), asked(shop), EDGES)
    assert found.suspects[0].entity == "db"
    assert found.suspects[0].excess == pytest.approx(whole.suspects[0].excess, rel=0.01)


def test_a_quantile_is_replaced_by_its_mean():
    shop = Shop(slow={"db": 0.05})
    columns = shop.columns()
    columns |= {
        k.replace("latency_seconds", "latency_seconds_p99"): v * 3 for k, v in columns.items() if "latency" in k
    }
    question = replace(asked(shop), series='latency_seconds_p99{service="front"}')
    found = explain(shop.recording(columns), question, EDGES)
    assert found.suspects[0].entity == "db"
    assert any("is a quantile" in limit for limit in found.limits)


def test_loops_and_calls_to_itself():
    shop = Shop(slow={"search": 0.05})
    found = explain(
        shop.recording(), asked(shop), [*EDGES, ("search", "search"), ("db", "search"), ("search", "front")]
    )
    assert found.suspects[0].entity == "search"


def test_milliseconds_and_a_users_word_for_it():
    shop = Shop(slow={"db": 0.05})
    columns = {
        k.replace("latency_seconds", "took"): v * (1000 if "latency" in k else 1) for k, v in shop.columns().items()
    }
    recording = replace(shop.recording(columns), hints={"took": Hint("latency", "ms")})
    found = explain(recording, replace(asked(shop), series='took{service="front"}'), EDGES)
    whole = explain(shop.recording(), asked(shop), EDGES)
    assert found.suspects[0].excess == pytest.approx(whole.suspects[0].excess)


def test_a_share_of_failures_may_be_of_one_or_of_a_hundred():
    shop = Shop(failing={"cart": 0.05})
    found = []
    for name, factor in (("failed_ratio", 0.01), ("failed_ratio", 1.0), ("errors_percent", 1.0)):
        columns = {
            k.replace("availability_percent", name): factor * (100 - v) if "availability" in k else v
            for k, v in shop.columns().items()
        }
        question = replace(asked(shop), series=f'{name}{{service="front"}}')
        found.append(explain(shop.recording(columns), question, EDGES).suspects[0])
    assert {s.entity for s in found} == {"cart"}
    assert found[0].excess == pytest.approx(found[1].excess) == pytest.approx(found[2].excess)


def hosted(shop: Shop) -> Recording:
    """db and cache on one host whose cpu is strange; the others on a calm one."""
    columns = {}
    for name, values in shop.columns().items():
        node = "n1" if '"db"' in name or '"cache"' in name else "n2"
        columns[name[:-1] + f',node="{node}"}}'] = values
    rng = np.random.default_rng(1)
    for node, jump in (("n1", 50.0), ("n2", 0.0)):
        cpu = rng.normal(30, 2, len(shop.times()))
        cpu[-3:] += jump
        columns[f'cpu{{node="{node}"}}'] = cpu
    return shop.recording(columns)


def test_a_host_in_common_is_named_with_what_is_strange_about_it():
    shop = Shop(slow={"db": 0.05, "cache": 0.2})
    found = explain(hosted(shop), Question("front", shop.trigger), EDGES)
    assert {s.entity for s in found.suspects[:2]} == {"db", "cache"}
    assert any("run on the same node=n1" in limit for limit in found.limits)
    assert any("cpu" in e.text for e in found.suspects[0].evidence)
    assert not any('"n2"' in e.text for e in found.suspects[0].evidence)


def test_no_name_is_a_cue():
    shop = Shop(slow={"db": 0.05})
    other = dict(zip(ORDER, ("x1", "x2", "x3", "x4", "x5", "x6"), strict=True))
    columns = {}
    for name, values in shop.columns().items():
        labels = parse_series_name(name)
        columns[f'{labels["__name__"]}{{service="{other[labels["service"]]}"}}'] = values
    edges = [(other[a], other[b]) for a, b in EDGES]
    series = shop.symptom.replace("front", other["front"])
    found = explain(shop.recording(columns), replace(asked(shop), series=series), edges)
    whole = explain(shop.recording(), asked(shop), EDGES)
    assert [(s.entity, s.share) for s in found.suspects] == [(other[s.entity], s.share) for s in whole.suspects]


def test_the_same_data_give_the_same_document_in_any_order():
    shop = Shop(slow={"db": 0.05})
    whole = shop.recording()
    order = np.random.default_rng(0).permutation(len(whole.names))
    mixed = replace(
        whole,
        names=tuple(whole.names[i] for i in order),
        labels=tuple(whole.labels[i] for i in order),
        values=whole.values[order],
        past=whole.past[order],
    )
    first, second = (document(explain(r, asked(shop), EDGES)) for r in (whole, mixed))
    json.dumps(first, allow_nan=False)
    assert first["suspects"] == second["suspects"] and first["calls"] == second["calls"]


def test_a_wrong_symptom_and_a_wrong_time():
    shop = Shop()
    with pytest.raises(UsageError, match="no series 'fornt'") as raised:
        explain(shop.recording(), Question("fornt", shop.trigger), EDGES)
    assert "front" in (raised.value.hint or "")
    with pytest.raises(DataError, match="no row at or after"):
        explain(shop.recording(), Question("front", shop.trigger + 100 * STEP), EDGES)


def host(rows: int = 288 * 10) -> Recording:
    """Plain series of one host with a daily season; `disk` leaves its season in the last six rows."""
    rng = np.random.default_rng(2)
    times = np.arange(rows, dtype=np.int64) * STEP
    season = np.sin(2 * np.pi * times / DAY)
    columns = {n: 50 + 20 * season + rng.normal(0, 1, rows) for n in ("cpu", "disk", "swap", "flat")}
    columns["flat"][:] = 3.0
    columns["disk"][-6:] += 9.0
    values = np.stack(list(columns.values()))
    cut = rows - 12
    return Recording(
        times[cut:],
        STEP,
        tuple(columns),
        tuple({"__name__": n} for n in columns),
        values[:, cut:],
        times[:cut],
        values[:, :cut],
    )


def test_series_of_a_host_are_ranked_by_their_season():
    recording = host()
    found = explain(recording, Question(None, int(recording.times[6])))
    assert (found.mode, found.suspects[0].entity) == ("metrics", "disk")
    assert found.suspects[0].excess > 5
    assert "flat" not in [s.entity for s in found.suspects]


def test_a_calm_host_has_no_suspects():
    recording = host()
    calm = replace(recording, values=recording.values[:, :6], times=recording.times[:6])
    assert explain(calm, Question()).suspects == ()


def test_nothing_at_all():
    empty = Recording(np.empty(0, np.int64), STEP, (), (), np.empty((0, 0)), np.empty(0, np.int64), np.empty((0, 0)))
    found = explain(empty, Question())
    assert found.suspects == () and found.limits == ("there are no rows to look at",)
