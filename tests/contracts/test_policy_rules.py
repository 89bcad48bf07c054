"""What every rule of the policy keeps, whatever it is about."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from smartcloudops.infra.policy import RULES, Rule, breaches
from smartcloudops.infra.policy.rule import example
from smartcloudops.infra.records import MASKED, Change, Plan
from smartcloudops.infra.seen import seen

# Such a resource is what is wrong, whatever its values are.
OF_THEIR_TYPE = {"key-in-state"}
# Its example has a list with nothing in it, which is known.
ON_EMPTY_LISTS = {"unencrypted-bucket"}

names = pytest.mark.parametrize("name", list(RULES))


def found(rule: Rule, changes: list[Change]) -> list[Any]:
    return list(rule.look(seen(changes)))


def hidden(change: Change) -> Change:
    """Nothing of it is known, though its attributes are there."""
    return replace(change, after={}, unknown=dict.fromkeys(change.after, True))


def masked(change: Change) -> Change:
    return replace(change, after=dict.fromkeys(change.after, MASKED))


def without_leaves(value: Any) -> Any:
    """A tree of the same form that says that no value in it is known."""
    if isinstance(value, dict):
        return {name: without_leaves(each) for name, each in value.items()}
    return [without_leaves(each) for each in value] if isinstance(value, list) else True


@names
def test_says_what_it_is(name: str) -> None:
    rule = RULES.load(name)
    assert rule.id == name
    assert rule.severity in ("low", "medium", "high")
    assert rule.wrong.strip() and rule.mend.strip()
    assert rule.bad and rule.good


@names
def test_fires_on_its_bad_example_and_names_it(name: str) -> None:
    rule = RULES.load(name)
    bad = example(rule.bad)
    assert {each.address for each in found(rule, bad)} <= {each.address for each in bad}
    assert found(rule, bad)
    assert all(each.why.strip() for each in found(rule, bad))


@names
def test_is_silent_on_its_good_example(name: str) -> None:
    rule = RULES.load(name)
    assert found(rule, example(rule.good)) == []


@names
def test_looks_into_modules(name: str) -> None:
    rule = RULES.load(name)
    inside = found(rule, example(rule.bad, module="network"))
    assert inside and all(each.address.startswith("module.network.") for each in inside)


@names
def test_reads_policies_that_are_json_in_json(name: str) -> None:
    rule = RULES.load(name)
    for of, expected in ((rule.bad, True), (rule.good, False)):
        wrapped = [
            (type, {k: json.dumps(v) if "policy" in k and isinstance(v, str) else v for k, v in values.items()})
            for type, values in of
        ]
        assert bool(found(rule, example(wrapped))) is expected


@names
@pytest.mark.parametrize("hide", [hidden, masked])
def test_does_not_guess_what_is_not_known(name: str, hide: Any) -> None:
    rule = RULES.load(name)
    changes = [hide(change) for change in example(rule.bad)]
    if rule.of_unsaid:
        assert rule.severity != "high"
    elif name not in OF_THEIR_TYPE:
        assert found(rule, changes) == []


@names
def test_does_not_guess_values_inside_of_blocks(name: str) -> None:
    rule = RULES.load(name)
    changes = [replace(each, unknown=without_leaves(each.after)) for each in example(rule.bad)]
    if not rule.of_unsaid and name not in OF_THEIR_TYPE | ON_EMPTY_LISTS:
        assert found(rule, changes) == []


@names
def test_leaves_what_is_deleted_or_looked_up(name: str) -> None:
    rule = RULES.load(name)
    gone = [replace(each, action="delete") for each in example(rule.bad)]
    data = [replace(each, action="read", address=f"data.{each.address}") for each in example(rule.bad)]
    assert found(rule, [*gone, *data]) == []


@names
def test_is_told_with_severity_and_mend(name: str) -> None:
    rule = RULES.load(name)
    told = [each for each in breaches(Plan((), resources=tuple(example(rule.bad)))) if each.rule == name]
    assert told
    assert {(each.severity, each.mend) for each in told} == {(rule.severity, rule.mend)}


@names
@pytest.mark.parametrize("junk", [None, 7, "x", [], {}, [None], [[1]], [{"a": None}], {"b": [7]}])
def test_bears_values_of_any_kind(name: str, junk: Any) -> None:
    rule = RULES.load(name)
    changes = [replace(each, after=dict.fromkeys(each.after, junk)) for each in example(rule.bad)]
    found(rule, changes)
