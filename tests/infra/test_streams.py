"""JSON lines of Terraform as events; what is none is let go."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.infra.records import Complaint, Step, Summary
from smartcloudops.infra.streams import event_in


def line(kind: str, **more: object) -> str:
    return json.dumps({"@level": "info", "type": kind, **more})


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("apply_start", "began"),
        ("apply_progress", "goes on"),
        ("apply_complete", "ended"),
        ("apply_errored", "failed"),
        ("refresh_complete", "refreshed"),
    ],
)
def test_progress_of_a_resource(said, kind) -> None:
    hook = {"resource": {"addr": "aws_vpc.main"}, "action": "create", "elapsed_seconds": 3, "id_value": "vpc-1"}
    assert event_in(line(said, hook=hook)) == Step(kind, "aws_vpc.main", "create", 3.0, "vpc-1")


def test_a_diagnostic_keeps_no_code() -> None:
    snippet = {"code": 'password = "hunter2hunter2"', "values": [{"statement": "is hunter2hunter2"}]}
    diagnostic = {
        "severity": "error",
        "summary": "no",
        "detail": "why",
        "range": {"filename": "main.tf", "start": {"line": 7}},
        "snippet": snippet,
    }
    found = event_in(line("diagnostic", diagnostic=diagnostic))
    assert found == Complaint("error", "no", "why", "main.tf", 7)


def test_outputs_are_not_read_here_since_1_0_prints_secrets_in_them() -> None:
    assert event_in(line("outputs", outputs={"p": {"sensitive": True, "value": "hunter2hunter2"}})) is None


def test_counts() -> None:
    changes = {"add": 1, "change": 2, "remove": 3, "operation": "apply"}
    assert event_in(line("change_summary", changes=changes)) == Summary("apply", 1, 2, 3)


KEYS = st.sampled_from(
    [
        "resource",
        "addr",
        "action",
        "elapsed_seconds",
        "id_value",
        "severity",
        "range",
        "start",
        "line",
        "add",
        "operation",
    ]
)
nested = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=8,
)


@given(st.sampled_from(["apply_start", "diagnostic", "change_summary", "x"]), nested, st.text(max_size=20))
def test_nothing_that_is_said_breaks_it(kind, value, text) -> None:
    event_in(text)
    event_in(json.dumps(value))
    for name in ("hook", "diagnostic", "changes"):
        event_in(json.dumps({"type": kind, name: value}))
