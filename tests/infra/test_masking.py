"""No secret is in any record: whatever a document looks like, and wherever a provider repeats what is marked."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest
from fakes.terraform_documents import change, plan
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.infra.drift import judged
from smartcloudops.infra.masking import Veil, is_secret_name, opened, veil_of
from smartcloudops.infra.plan import read_plan
from smartcloudops.infra.records import MASKED

SECRET = 'pl4nted "s3cret" ÄÖ/?'
_KEYS = st.sampled_from(["a", "b", "name", "ingress", "tags", "tags_all", "policy", "values"])
_PLAIN = st.none() | st.booleans() | st.integers(0, 9) | st.sampled_from(["", "x", "10.0.0.0/16", '{"a": [1]}'])
# (value, marks): a tree in which secrets are marked, at a leaf or at anything above it.
_MARKED = st.just((SECRET, True)) | st.just(({"deep": [SECRET, 1]}, True)) | st.just(([SECRET], [True]))
_TREES = st.recursive(
    _PLAIN.map(lambda value: (value, False)) | _MARKED,
    lambda inner: (
        st.dictionaries(_KEYS, inner, max_size=3).map(lambda d: _apart(d, dict))
        | st.lists(inner, max_size=3).map(lambda held: _apart(dict(enumerate(held)), list))
    ),
    max_leaves=8,
)
# What a provider does with a secret beside: unmarked, within a text, within JSON, in a URL, in base64, as a key.
_REPEATED = st.sampled_from(
    [
        SECRET,
        f"https://user:{SECRET}@host",
        json.dumps({"Env": [{"Value": SECRET}]}),
        f"x={quote(SECRET, safe='')}",
        base64.b64encode(SECRET.encode()).decode(),
        {"nested": [{SECRET: SECRET}]},
    ]
)
_SIDES = st.dictionaries(_KEYS, _TREES, min_size=1, max_size=4).map(lambda d: _apart(d, dict))


def _apart(held: dict[Any, tuple[Any, Any]], kind: type) -> tuple[Any, Any]:
    values, marks = {k: v for k, (v, _) in held.items()}, {k: m for k, (_, m) in held.items()}
    return (values, marks) if kind is dict else ([*values.values()], [*marks.values()])


def _entry(before: tuple[Any, Any], after: tuple[Any, Any], repeated: Any, actions: tuple[str, ...]) -> dict[str, Any]:
    old = None if actions == ("create",) else {**before[0], "repeated": "other", "secret": SECRET}
    new = None if actions == ("delete",) else {**after[0], "repeated": repeated}
    # Where it is marked at all: a secret that nothing marks and nothing names cannot be known.
    marks = {"before_sensitive": {**before[1], "secret": True}, "after_sensitive": after[1]}
    return change(old, new, actions=actions, address=f"aws_x.{'-'.join(actions)}", **marks)


@settings(max_examples=60)
@given(_SIDES, _SIDES, _REPEATED, st.sampled_from([("update",), ("create",), ("delete",), ("delete", "create")]))
def test_a_marked_secret_is_nowhere(before: Any, after: Any, repeated: Any, actions: tuple[str, ...]) -> None:
    entry = _entry(before, after, repeated, actions)
    value = {"value": SECRET, "sensitive": True}
    resource = {**entry, "values": after[0], "sensitive_values": after[1]}
    document = plan(
        entry,
        drift=(_entry(before, after, repeated, ("update",)),),
        output_changes={"o": {"actions": ["update"], "before": None, "after": SECRET, "after_sensitive": True}},
        planned_values={"outputs": {"o": value}, "root_module": {"child_modules": [{"resources": [resource]}]}},
    )
    found = read_plan(document)
    shown = repr((found, judged(found))) + json.dumps([opened(c.after) for c in found.resources])
    for form in ("s3cret", quote(SECRET, safe=""), base64.b64encode(SECRET.encode()).decode()):
        assert form not in shown


@pytest.mark.parametrize("tree", [{"x": SECRET}, [SECRET], SECRET, {"password": SECRET}, {"list": [{"token": SECRET}]}])
def test_variables_that_are_sensitive_are_masked_everywhere(tree: Any) -> None:
    configuration = {"root_module": {"variables": {"v": {"sensitive": True, "default": "another-default"}}}}
    held = change(None, {"a": tree, "b": "with another-default inside"}, actions=("create",))
    found = repr(read_plan(plan(held, configuration=configuration, variables={"v": {"value": SECRET}})))
    assert "s3cret" not in found
    assert "another-default" not in found


@pytest.mark.parametrize(
    ("name", "is_secret"),
    [
        ("password", True),
        ("master_password", True),
        ("DB_PASSWORD", True),
        ("masterUserPassword", True),
        ("auth-token", True),
        ("secret_string", True),
        ("private_key_pem", True),
        ("aws.secretAccessKey", True),
        ("http_tokens", False),
        ("secret_arn", False),
        ("password_policy", False),
        ("kms_key_id", False),
        ("key_name", False),
    ],
)
def test_names_of_secrets(name: str, is_secret: bool) -> None:
    assert is_secret_name(name) == is_secret
    shown = opened(Veil(()).sealed({name: "some value", "flag": True}))
    assert shown == {name: MASKED if is_secret else "some value", "flag": True}


def test_scripts_are_told_by_size_and_never_by_text() -> None:
    script = "#!/bin/sh\nexport DB_PASSWORD=hunter2hunter2\n"
    held = {"user_data": script, "user_data_base64": base64.b64encode(script.encode()).decode(), "custom_data": "echo"}
    shown = opened(Veil(()).sealed(held))
    assert shown == {
        "user_data": "(script, 44 bytes, holds what looks like a secret)",
        "user_data_base64": "(script, 44 bytes, holds what looks like a secret)",
        "custom_data": "(script, 4 bytes)",
    }


def test_a_secret_that_changes_is_told_as_changed_and_one_that_does_not_is_not() -> None:
    before, after = {"a": "first-one", "b": "same-one"}, {"a": "second-one", "b": "same-one"}
    marks = {"before_sensitive": {"a": True, "b": True}, "after_sensitive": {"a": True, "b": True}}
    (found,) = read_plan(plan(change(before, after, **marks))).changes
    assert [a.path for a in found.attributes] == ["a"]


def test_what_is_marked_among_the_changes_is_masked_in_the_drift() -> None:
    """Terraform 1.0 marks in its drift only what the configuration does, not what the provider calls sensitive."""
    moved = change({"value": "hello there", "x": "1"}, {"value": "by hand", "x": "1"})
    marks = {"before_sensitive": {"value": True}, "after_sensitive": {"value": True}}
    back = change({"value": "by hand", "x": "1"}, {"value": "hello there", "x": "1"}, **marks)
    found = read_plan(plan(back, drift=(moved,)))
    assert [(a.path, a.before, a.after) for a in found.drift[0].attributes] == [("value", MASKED, MASKED)]


@pytest.mark.parametrize("form", ["{}", "https://u:{}@host", '{{"Env": [{{"Value": "{}"}}]}}'])
def test_texts_that_look_alike_once_masked_are_told_apart(form: str) -> None:
    before, after = ({"copy": form.format(text), "a": text} for text in ("first-one", "second-one"))
    marks = {"before_sensitive": {"a": True}, "after_sensitive": {"a": True}}
    (found,) = read_plan(plan(change(before, after, **marks))).changes
    assert [a.path for a in found.attributes] == ["copy", "a"]
    assert "-one" not in repr(found)


def test_a_mark_that_goes_shows_no_secret() -> None:
    (found,) = read_plan(plan(change({"a": "old-secret"}, {"a": "12"}, before_sensitive={"a": True}))).changes
    assert (found.attributes[0].before, found.attributes[0].after) == (MASKED, MASKED)


def test_what_looks_like_a_secret_is_masked_and_names_of_resources_stay() -> None:
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:sco/grafana-abc"
    held = {"description": "key AKIAIOSFODNN7EXAMPLE of the robot", "arn": arn}
    shown = opened(Veil(()).sealed(held))
    assert shown == {"description": f"key {MASKED} of the robot", "arn": arn}


def test_words_of_everyday_are_not_masked_for_a_secrets_name() -> None:
    document = plan(change(None, {"password": "default", "tenancy": "default"}, actions=("create",)))
    (found,) = read_plan(document).changes
    assert found.after == {"password": MASKED, "tenancy": "default"}


def test_a_state_is_masked_too() -> None:
    resource = {"values": {"a": SECRET, "b": f"x{SECRET}"}, "sensitive_values": {"a": True}}
    veil = veil_of({"values": {"root_module": {"resources": [resource]}}})
    assert "s3cret" not in repr(opened(veil.sealed(resource["values"])))
