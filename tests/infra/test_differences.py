"""What differs between two values, by paths as people write them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.infra.differences import differences, is_nothing, with_unknown
from smartcloudops.infra.records import UNKNOWN

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "a", "b", '{"x": 1}', "[1]"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=10,
)
_BLOCKS = st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(0, 2), min_size=1), min_size=1, max_size=5)


def found(before: Any, after: Any) -> list[tuple[str, Any, Any]]:
    return [(d.path, d.before, d.after) for d in differences(before, after)]


def test_paths_are_as_people_write_them() -> None:
    before = {"disk": [{"gb": 8, "kind": "gp2"}], "tags": {"cost centre": "1", "Name": "a"}}
    after = {"disk": [{"gb": 10, "kind": "gp2"}], "tags": {"cost centre": "2", "Name": "b"}}
    paths = [path for path, _, _ in found(before, after)]
    assert paths == ["disk[0].gb", 'tags["cost centre"]', "tags.Name"]


@pytest.mark.parametrize(("one", "other"), [(None, ""), ({}, None), ([], None), ("", [])])
def test_what_a_provider_does_not_tell_apart_is_the_same(one: Any, other: Any) -> None:
    assert found({"a": one}, {"a": other}) == []


def test_false_and_nought_are_values() -> None:
    assert found({"a": False}, {"a": None}) == [("a", False, None)]
    assert found({"a": 0}, {"a": False}) == [("a", 0, False)]
    assert found({"a": 1}, {"a": 1.0}) == []


def test_a_block_that_is_put_first_is_the_only_one_that_comes() -> None:
    web, tls = {"from_port": 80, "cidr": ["a"]}, {"from_port": 443, "cidr": ["a"]}
    ssh = {"from_port": 22, "cidr": ["a"]}
    assert found({"ingress": [web, tls]}, {"ingress": [ssh, web, tls]}) == [("ingress[0]", None, ssh)]
    assert found({"ingress": [ssh, web, tls]}, {"ingress": [web, tls]}) == [("ingress[0]", ssh, None)]


def test_blocks_are_paired_by_what_tells_them_apart() -> None:
    old = [{"from_port": 22, "cidr": ["0.0.0.0/0"], "self": False}, {"from_port": 80, "cidr": ["b"], "self": False}]
    new = [{"from_port": 80, "cidr": ["0.0.0.0/0"], "self": False}]
    assert found({"in": old}, {"in": new}) == [("in[0]", old[0], None), ("in[0].cidr", ["b"], ["0.0.0.0/0"])]


def test_lists_of_plain_values_are_told_whole_also_in_another_order() -> None:
    assert found({"a": ["x", "y"]}, {"a": ["y", "x"]}) == [("a", ["x", "y"], ["y", "x"])]
    assert found([{"a": 1}, {"b": 1}], [{"b": 1}, {"a": 1}]) == [("", [{"a": 1}, {"b": 1}], [{"b": 1}, {"a": 1}])]


def test_policies_are_compared_as_what_they_mean() -> None:
    before = '{"Statement": {"Sid": "a", "Action": "s3:Get*", "Resource": "*"}}'
    after = '{"Statement":[{"Resource":"*","Action":"*","Sid":"a"}]}'
    assert found({"policy": before}, {"policy": after}) == [("policy.Statement[0].Action", "s3:Get*", "*")]
    assert found({"p": "[1]"}, {"p": "[1"}) == [("p", "[1]", "[1")]


def test_true_is_not_one() -> None:
    assert found([True, 0], [1, 0]) == [("", [True, 0], [1, 0])]
    assert found({"a": [[False]]}, {"a": [[0]]}) == [("a", [[False]], [[0]])]


@settings(max_examples=60)
@given(_VALUES)
def test_nothing_differs_from_itself(value: Any) -> None:
    assert list(differences(value, value)) == []


@settings(max_examples=100)
@given(_VALUES, _VALUES)
def test_what_does_not_differ_means_the_same(one: Any, other: Any) -> None:
    there, back = list(differences(one, other)), list(differences(other, one))
    assert bool(there) == bool(back)
    if not there:
        assert repr(meaning(one)) == repr(meaning(other))


def meaning(value: Any) -> Any:
    """Without what a provider does not tell from a missing value."""
    if isinstance(value, dict):
        kept = {key: meaning(each) for key, each in sorted(value.items()) if not is_nothing(each)}
        return {key: each for key, each in kept.items() if each is not None} or None
    if isinstance(value, list):
        return [meaning(each) for each in value] or None
    return None if is_nothing(value) else value


@settings(max_examples=60)
@given(_BLOCKS, st.integers(0, 5))
def test_a_block_that_comes_or_goes_is_all_that_differs(blocks: list[dict[str, int]], at: int) -> None:
    more = [*blocks[:at], {"d": 9}, *blocks[at:]]
    assert [(d.before, d.after) for d in differences(blocks, more)] == [(None, {"d": 9})]
    assert [(d.before, d.after) for d in differences(more, blocks)] == [({"d": 9}, None)]


def test_many_blocks_are_compared_in_time() -> None:
    before = [{"name": f"n{number}", "size": 1} for number in range(1500)]
    after = [{"name": f"n{number}", "size": 2} for number in range(1500)]
    assert len(list(differences(before, after))) == 1500


@pytest.mark.parametrize(
    ("value", "unknown", "merged"),
    [
        ({"a": 1}, {"b": True}, {"a": 1, "b": UNKNOWN}),
        (None, True, UNKNOWN),
        (None, {"a": {"b": True}, "c": [False]}, {"a": {"b": UNKNOWN}, "c": [None]}),
        ({"d": [{"x": 1}]}, {"d": [{"y": True}, {"z": True}]}, {"d": [{"x": 1, "y": UNKNOWN}, {"z": UNKNOWN}]}),
        ({"d": [1, 2]}, {"d": [False]}, {"d": [1, 2]}),
        ({"a": 1}, False, {"a": 1}),
    ],
)
def test_what_is_known_only_later_is_put_where_it_will_be(value: Any, unknown: Any, merged: Any) -> None:
    assert with_unknown(value, unknown) == merged
