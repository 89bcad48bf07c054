"""The benchmark of grounding counts what it says, and a small part of it holds."""

from __future__ import annotations

import random

import pytest

from smartcloudops.ask.events import Number


@pytest.fixture
def measure(benchmark):
    benchmark("grounding_world")
    benchmark("grounding_templates")
    return benchmark("grounding")


@pytest.fixture
def world(measure):
    return measure.made(3)


def test_the_same_seed_is_the_same_world(measure):
    one, two, other = measure.made(3), measure.made(3), measure.made(4)
    assert one.evidence == two.evidence and one.evidence != other.evidence


def test_the_facts_are_those_of_the_evidence(world):
    values = {(v["entity"], v["name"]): v["value"] for one in world.evidence for v in one.values}
    for (host, metric, stat), (number, _) in world.truth.items():
        assert values[host, f"{metric} {stat}"] == number


def test_claims_lie_where_they_are_said_to_lie(measure, world):
    answer = measure.written("CPU on {a} is {a:cpu.max}, on {b} {b:cpu.max}.", world, random.Random(1))
    assert [answer.text[a:b] for a, b, _ in answer.hosts] == [name for *_, name in answer.hosts]
    for claim, (*_, name) in zip(answer.claims, answer.hosts, strict=True):
        said = answer.text[claim.start : claim.end]
        assert claim.fact.host == name and world.is_true(said, claim.fact, name)


@pytest.mark.parametrize("name", ["value_off", "digit_dropped", "digits_transposed", "unit_swapped", "host_swapped"])
def test_a_mutation_is_false_and_changes_one_thing(measure, world, name):
    made = 0
    for seed in range(60):
        rng = random.Random(seed)
        answer = measure.written("CPU on {a} is {a:cpu.max}, its latency {a:response_time.max}.", world, rng)
        false = getattr(measure, name)(answer, 0, world, rng)
        if false is None:
            continue
        made += 1
        claim = false.claims[0]
        said, host = false.text[claim.start : claim.end], claim.fact.host
        if name == "host_swapped":
            assert said == answer.text[answer.claims[0].start : answer.claims[0].end] and host not in false.text
            host = next(h for h in world.hosts if h in false.text)
        else:
            assert false.text != answer.text and false.text.startswith(f"CPU on {host}")
            other = false.claims[1]
            assert false.text[other.start : other.end] in answer.text
        assert not world.is_true(said, claim.fact, host)
    assert made > 10


@pytest.mark.parametrize(
    ("said", "unit", "low", "high"),
    [
        ("97%", "%", 96.5, 97.5),
        ("**1.5 GiB**", "bytes", 1.45 * 2**30, 1.55 * 2**30),
        ("about 1,234 ms", "s", 1.2335, 1.2345),
        ("60 req/min", "/s", 0.9917, 1.0083),
        ("1.2k requests/s", "/s", 1150, 1250),
    ],
)
def test_what_a_written_number_may_mean(measure, said, unit, low, high):
    import grounding_world

    assert grounding_world.interval(said, unit) == pytest.approx((low, high), rel=1e-3)


@pytest.mark.parametrize(
    ("said", "unit"), [("97 ms", "%"), ("97 GiB", "s"), ("97%", "s"), ("97 ms", "bytes"), ("-", "%")]
)
def test_another_unit_means_nothing(measure, said, unit):
    import grounding_world

    low, high = grounding_world.interval(said, unit)
    assert low > high


def test_everything_accepted_and_everything_marked_are_counted(measure, monkeypatch):
    texts, seeds = ["CPU on {a} is {a:cpu.last} and was {a:cpu.max} at most."], range(3)
    monkeypatch.setattr(measure, "check", lambda text, evidence, said="": ())
    blind = measure.measured(texts, seeds)
    count = blind.accepts["value off by 3-30 %"]
    assert count.n == count.wrong > 0 and blind.unseen.wrong == blind.unseen.n == 6 and blind.marks.n == 0

    monkeypatch.setattr(measure, "check", lambda text, evidence, said="": (Number(0, len(text), text, False),))
    strictest = measure.measured(texts, seeds)
    assert strictest.accepts["value off by 3-30 %"].wrong == 0 and strictest.marks.wrong == strictest.marks.n == 3


def test_a_small_part_holds(measure):
    table = measure.measured(measure.templates.HELD_OUT[::2], [2_000])
    needed = [table.accepts[name] for name in measure.NEEDED]
    assert sum(count.n for count in needed) > 150
    assert sum(count.wrong for count in needed) <= 0.05 * sum(count.n for count in needed)
    assert table.marks.n > 40 and table.marks.wrong <= 0.05 * table.marks.n
