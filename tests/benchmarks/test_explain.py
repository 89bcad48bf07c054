"""The benchmark of explain measures what it says."""

from __future__ import annotations

import json

import pytest
from fakes.shop import Shop


@pytest.fixture
def measure(benchmark):
    return benchmark("explain")


def test_roots_are_counted_in_every_way(measure, tmp_path, capsys):
    roots = {}
    for root in ("db", "cart"):
        Shop(slow={root: 0.05}, history=150).write(tmp_path / "data" / root)
        roots[root] = {"root": root}
    roots["cart"]["root"] = "mail"
    (tmp_path / "roots.json").write_text(json.dumps(roots))
    measure.quality(tmp_path / "data", tmp_path / "roots.json")
    lines = capsys.readouterr().out.splitlines()
    figures = {line[:36].strip(): line[36:].split() for line in lines if line.strip()}
    assert figures["as it is"] == ["0.500", "0.500", "0.000"]
    assert len(figures) == 9
    assert float(lines[-1].split()[-1]) > 0.95


def test_cases_lose_what_they_are_said_to_lose(measure):
    shop = Shop(slow={"db": 0.05})
    case = (shop.recording(), measure.Question(shop.symptom, shop.trigger), [("a", "b")] * 100)
    assert not any(name.startswith("requests") for name in measure.without(case, "traffic")[0].names)
    assert 60 < len(measure.dropping(0)(case)[2]) < 95
    assert not len(measure.without_history(case)[0].past_times)
