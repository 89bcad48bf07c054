"""`calculate`: arithmetic on what was found, and nothing else."""

from __future__ import annotations

import random
import time
from contextlib import suppress

import pytest

from smartcloudops.ask.looks.arithmetic import Term, evaluate
from smartcloudops.ask.messages import ToolAnswer, ToolCall
from smartcloudops.ask.tools import TOOLS, Result
from smartcloudops.ask.world import World
from smartcloudops.core import config
from smartcloudops.core.errors import UsageError
from smartcloudops.core.records import Evidence

NOW = 1_700_000_000_000


def value(entity: str, name: str, number: float, unit: str, ref: str) -> dict[str, object]:
    return {"entity": entity, "name": name, "value": number, "unit": unit, "time": None, "ref": ref}


@pytest.fixture
def world(tmp_path, home):
    """A world in which two calls were answered."""
    (tmp_path / "c.toml").write_text("")
    made = World(config.load(file=tmp_path / "c.toml", environ={}, cwd=tmp_path, home=home), None, lambda: NOW)
    cpu = (
        value("web-2", "cpu max", 97.0, "%", "1.max"),
        value("web-2", "cpu mean", 40.0, "%", "1.mean"),
        value("db-1", "cpu max", 10.0, "%", "2.max"),
    )
    disk = (
        value("db-1", "disk_free last", 3 * 2.0**30, "bytes", "1.last"),
        value("db-1", "disk_written mean", 2.0**20, "bytes/s", "2.mean"),
        value("web-2", "response_time max", 1.5, "s", "3.max"),
        value("web-2", "queue_time max", 500.0, "ms", "4.max"),
        value("web-2", "nothing max", 0.0, "s", "5.max"),
    )
    for number, values in enumerate((cpu, disk), 1):
        evidence = Evidence(f"E{number}", "metric", "prometheus", "q", 0, NOW, NOW, values)
        made.answered.append(ToolAnswer(ToolCall("c", "query_metrics", "{}"), "", evidence=(evidence,)))
    return made


def calculate(world: World, expression: str, **more: str) -> Result:
    return TOOLS.load("calculate").run(world, {"expression": expression, **more})


@pytest.mark.parametrize(
    ("expression", "unit", "expected", "in_unit"),
    [
        ("E1.1.max - E1.1.mean", "", 57.0, "%"),
        ("E1.1.max / E1.2.max", "", 9.7, ""),
        ("(E1.1.max - E1.1.mean) / E1.1.mean", "%", 142.5, "%"),
        ("(E1.1.max - E1.1.mean) / E1.1.mean", "percent", 142.5, "%"),
        ("100 * (E1.1.max - E1.1.mean) / E1.1.mean", "%", 142.5, "%"),
        ("mean(E1.1.max, E1.2.max)", "", 53.5, "%"),
        ("round(E1.1.max / E1.2.max, 0)", "", 10.0, ""),
        ("E2.1.last / E2.2.mean", "", 3072.0, "s"),
        ("E2.1.last / E2.2.mean", "h", 3072 / 3600, "h"),
        ("E2.1.last", "GiB", 3.0, "GiB"),
        ("E2.3.max + E2.4.max", "ms", 2000.0, "ms"),
        ("max(E2.3.max, E2.4.max)", "", 1.5, "s"),
        ("-E1.2.max ** 1", "", -10.0, "%"),
    ],
)
def test_results(world, expression, unit, expected, in_unit):
    found = calculate(world, expression, unit=unit)
    one = found.evidence[0].values[0]
    assert (one["value"], one["unit"]) == (pytest.approx(expected), in_unit)
    assert found.data["value"] == one["value"]


def test_what_it_says(world):
    found = calculate(world, "E1.1.max / E1.1.mean", about="cpu peak over mean on web-2")
    evidence = found.evidence[0]
    assert found.text.startswith("§1 cpu peak over mean on web-2: 97% / 40% = 2.42")
    assert evidence.source == "calculate" and evidence.query == "97% / 40%" and evidence.kind == "metric"
    assert evidence.values[0] | {"value": 0} == value("web-2", "cpu peak over mean on web-2", 0, "", "1.value")


def test_a_result_of_two_hosts_is_of_both(world):
    assert calculate(world, "E1.1.max - E1.2.max").evidence[0].values[0]["entity"] == "web-2, db-1"


@pytest.mark.parametrize(
    ("expression", "message", "hint"),
    [
        ("E1.1.mx / 2", "no result `E1.1.mx`", "did you mean `E1.1.max`?"),
        ("E7.1.max", "no result `E7.1.max`", "did you mean `E1.1.max`?"),
        ("97 * 1", "names no result", "E1.1.max"),
        ("E1.1.max * 0 + 97", "does not depend", None),
        ("E1.1.max + E2.3.max", "cannot be added", None),
        ("E1.1.max / E2.5.max", "divides by zero", None),
        ("E1.1.max ** 65", "power", None),
        ("E1.1.max ** 64 ** 60", "power", None),
        ("E1.1.max > 3", "compare", None),
        ("E1.1.max if 1 else 2", "ifexp", None),
        ("E1.1.max.__class__", "no result", None),
        ("__import__('os') + E1.1.max", "cannot be called", None),
        ("open(E1.1.max)", "`open` cannot be called", None),
        ("round(E1.1.max, 400)", "round", None),
        ("'a' * E1.1.max", "str is nothing", None),
        ("True + E1.1.max", "bool is nothing", None),
        ("[E1.1.max][0]", "subscript", None),
        ("E1.1.max // 2", "floordiv", None),
        ("E1.1.max; 1", "no expression", None),
        ("min(*E1.1.max)", "starred", None),
        ("(lambda: E1.1.max)()", "cannot be called", None),
        ("web + E1.1.max", "`web` names nothing", None),
    ],
)
def test_what_cannot_be_calculated_is_said(world, expression, message, hint):
    with pytest.raises(UsageError) as e:
        calculate(world, expression)
    assert message in e.value.message
    assert hint is None or hint in (e.value.hint or "")


@pytest.mark.parametrize("unit", ["s", "GiB"])
def test_a_result_keeps_its_dimension(world, unit):
    with pytest.raises(UsageError, match="cannot be said in"):
        calculate(world, "E1.1.max - E1.1.mean", unit=unit)


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 450 + "E1.1.max" + ")" * 450,
        "-" * 900 + "E1.1.max",
        "+".join(["E1.1.max"] * 100),
        "9" * 900 + "+E1.1.max",
        "E1.1.max" + "**9" * 200,
        "1e308*1e308*E1.1.max",
        "E1.1.max+" + "a" * 5000,
        "max(" * 90 + "E1.1.max" + ")" * 90,
        "\x00E1.1.max",
        "E1.1.max\ud800",
    ],
)
def test_hostile_input_fails_at_once(world, expression):
    started = time.monotonic()
    with suppress(UsageError):
        calculate(world, expression)
    assert time.monotonic() - started < 10


def test_before_anything_was_looked_at(world):
    world.answered.clear()
    with pytest.raises(UsageError) as e:
        calculate(world, "E1.1.max * 2")
    assert e.value.hint == "look at something first"


def _random(rng: random.Random, depth: int, names: list[str]) -> str:
    if depth == 0 or rng.random() < 0.2:
        return rng.choice([*names, f"{rng.uniform(0.1, 100):.3f}", str(rng.randint(1, 50))])
    parts = [_random(rng, depth - 1, names) for _ in range(3)]
    forms = ["({0} + {1})", "({0} - {1})", "{0} * {1}", "({0}) / ({1})", "-({0})", "({0}) ** 2", "abs({0})"]
    forms += ["min({0}, {1}, {2})", "max({0}, {1})", "round({0}, 3)", "sum([{0}, {1}])", "({0} + {1} + {2}) / 3"]
    return rng.choice(forms).format(*parts)


@pytest.mark.parametrize("seed", range(300))
def test_it_equals_python(seed):
    rng = random.Random(seed)
    values = {name: rng.uniform(-50, 50) for name in "abc"}
    python = _random(rng, rng.randint(1, 4), list(values))
    ours = python.replace("sum([", "sum(").replace("])", ")")
    try:
        expected = eval(
            python, {"__builtins__": {"min": min, "max": max, "abs": abs, "round": round, "sum": sum}}, values
        )
    except (ZeroDivisionError, OverflowError):
        with pytest.raises(UsageError):
            evaluate(ours, {name: Term(v) for name, v in values.items()})
        return
    assert evaluate(ours, {name: Term(v) for name, v in values.items()}).value == pytest.approx(expected, rel=1e-9)
