"""Athena's wire: limits, states, reasons, pages, and a query that is stopped."""

from __future__ import annotations

import pytest
from fakes.athena_server import athena_server

from smartcloudops.core import aws
from smartcloudops.core.errors import ConfigError, ScoError, UnreachableError
from smartcloudops.logs.athena.running import Athena
from smartcloudops.logs.athena.selecting import Statement


@pytest.fixture
def wire(monkeypatch):
    """`wire(**told)`: a server that answers as told, and a client of it that does not wait."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x" * 16)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    servers = []

    def start(**told):
        context = athena_server(**told)
        servers.append(context)
        server = context.__enter__()
        monkeypatch.setenv("AWS_ENDPOINT_URL_ATHENA", server.url)
        return server, Athena(aws.connect("athena"), "primary", pause=lambda seconds: None)

    yield start
    for context in servers:
        context.__exit__(None, None, None)


def test_a_query_runs_to_its_end_and_its_rows_come_page_by_page(wire):
    rows = [[f"line {i}", None] for i in range(7)]
    server, athena = wire(columns=["a", "b"], rows=rows, page=3)
    query = athena.start(Statement("SELECT ?", ("'x'",)), "default")
    told = []
    assert athena.wait(query, told.append).scanned == 4_000_000
    assert [now.state for now in told] == ["QUEUED", "RUNNING"]
    assert list(athena.rows(query)) == [{"a": line, "b": None} for line, _ in rows]
    begun = server.of("StartQueryExecution")[0]
    assert begun["ExecutionParameters"] == ["'x'"] and begun["WorkGroup"] == "primary"
    assert begun["QueryExecutionContext"] == {"Database": "default"}
    assert len(server.of("GetQueryResults")) == 3


def test_a_statement_without_values_sends_none(wire):
    server, athena = wire()
    athena.start(Statement("CREATE"), "default")
    assert "ExecutionParameters" not in server.of("StartQueryExecution")[0]


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("TABLE_NOT_FOUND: line 2:6: Table 'x' does not exist", "--create"),
        ("Query cancelled! : Bytes scanned limit was exceeded", "shorter window"),
        ("COLUMN_NOT_FOUND: Column 'line' cannot be resolved", "not made by sco"),
        ("Something else", "query-1"),
    ],
)
def test_a_failure_has_athenas_own_reason_and_what_to_do(wire, reason, hint):
    _, athena = wire(states=["FAILED"], reason=reason)
    with pytest.raises(ScoError) as e:
        athena.wait(athena.start(Statement("SELECT"), "d"), lambda now: None)
    assert reason in e.value.message and hint in (e.value.hint or "")


def test_a_reason_is_one_line_without_escapes_and_secrets(wire):
    _, athena = wire(states=["CANCELLED"], reason="\x1b[31mno\npassword=hunter2hunter2")
    with pytest.raises(ScoError) as e:
        athena.wait("query", lambda now: None)
    assert "\x1b" not in e.value.message and "hunter2" not in e.value.message


def test_the_limit_of_the_workgroup_is_needed(wire):
    assert wire(limit=5 * 10**9)[1].limit() == 5 * 10**9
    with pytest.raises(ConfigError) as e:
        wire(limit=None)[1].limit()
    assert "update-work-group --work-group primary" in (e.value.hint or "")
    with pytest.raises(ConfigError, match="switched off"):
        wire(workgroup_state="DISABLED")[1].limit()


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        ("AccessDeniedException", ConfigError, "access denied to look at workgroup primary"),
        ("InvalidRequestException", ConfigError, "refuses to look at workgroup primary: no such group"),
        ("UnrecognizedClientException", ConfigError, "credentials"),
        ("TooManyRequestsException", UnreachableError, "cannot look at"),
    ],
)
def test_refusals_are_said_in_athenas_words(wire, code, kind, said):
    _, athena = wire(refusals={"GetWorkGroup": (code, "no such group")})
    with pytest.raises(kind, match=said):
        athena.limit()


def test_nothing_there_is_said(wire, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_ATHENA", "http://127.0.0.1:9")
    with pytest.raises(UnreachableError, match="Athena"):
        Athena(aws.connect("athena"), "primary").limit()


def test_a_query_is_stopped_by_its_id(wire):
    server, athena = wire()
    athena.stop("query-1")
    assert server.of("StopQueryExecution") == [{"QueryExecutionId": "query-1"}]
