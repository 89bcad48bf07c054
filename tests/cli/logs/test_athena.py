"""`sco logs athena` without a server: statements, and what is refused before anything is asked."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from cli.conftest import sco

from smartcloudops.core.errors import Status

__all__ = ["sco"]

WEB = ("s3://my-logs/AWSLogs/123456789012/elasticloadbalancing/eu-central-1", "--layout", "alb")
WINDOW = ("--since", "2026-11-20T10:00Z", "--until", "2026-11-20T12:00Z")


def test_statements_are_printed_without_a_server(sco, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    said = sco("logs", "athena", "it's $5?", *WEB, *WINDOW, "-F", "-n", "3", "--print-sql")
    assert said.status == Status.DONE, said.err
    assert said.out.startswith("-- makes the table; with --create\nCREATE EXTERNAL TABLE IF NOT EXISTS `default`.`sco_")
    assert "strpos(line, ?) > 0" in said.out and "LIMIT 3;" in said.out and "it''s $5?" in said.out
    statement = said.out.partition("SELECT")[2].partition(";")[0]
    assert "it''s" not in statement and "2026" not in statement


def test_statements_as_json(sco):
    said = sco("logs", "athena", "x", *WEB, *WINDOW, "--table", "ops.web", "--print-sql", "-o", "json")
    assert said.json["table"] == "ops.web" and said.json["select"].count("?") == len(said.json["values"])
    assert "`ops`.`web`" in said.json["create"]


def test_only_the_table_is_printed_where_nothing_is_asked(sco):
    said = sco("logs", "athena", "--create", "--print-sql", *WEB)
    assert said.status == Status.DONE and "SELECT" not in said.out and "CREATE" in said.out


def test_configured_logs_bring_their_table_and_layout(sco, monkeypatch):
    monkeypatch.setenv("SCO_LOGS__WEB__URI", "s3://my-logs/app")
    monkeypatch.setenv("SCO_LOGS__WEB__LAYOUT", "sco")
    monkeypatch.setenv("SCO_LOGS__WEB__TABLE", "ops.app")
    said = sco("logs", "athena", "--where", "status >= 500", "web", *WINDOW, "--field", "host=web-2", "--print-sql")
    assert said.status == Status.DONE, said.err
    assert 'FROM "ops"."app"' in said.out and "-- value 1: 'web-2'" in said.out
    monkeypatch.setenv("SCO_LOGS__WEB__ENDPOINT", "http://minio:9000")
    refused = sco("logs", "athena", "x", "web", *WINDOW, "--print-sql")
    assert refused.status == Status.USAGE and "Athena reads S3 of AWS only" in refused.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("x", *WEB), "everything there is"),
        ((), "what is to be found"),
        (("x", "/var/log", *WINDOW, "--layout", "alb"), "S3 only"),
        (("x", "s3://my-logs", *WINDOW), "layout is not known"),
        (("x", "s3://my-logs", *WINDOW, "--layout", "album"), "did you mean `alb`"),
        (("(x", *WEB, *WINDOW), "missing )"),
        (("x", *WEB, *WINDOW, "--where", "elb_status = 500"), "elb_status_code"),
        (("x", *WEB, *WINDOW, "--field", "region=us-east-1"), "holds region eu-central-1 only"),
        (("x", *WEB, *WINDOW, "--cap", "much"), "--cap"),
        (("x", *WEB, *WINDOW, "--table", "a;b"), "no name that Athena takes"),
        (("x", *WEB, "--since", "1h", "--until", "2h"), "not before"),
    ],
)
def test_what_is_wrong_is_said_with_status_2(sco, arguments, said):
    found = sco("logs", "athena", *arguments, "--print-sql")
    assert found.status == Status.USAGE and said in found.err


def test_printing_loads_nothing_heavy():
    script = (
        "import sys\nfrom smartcloudops.cli.main import run\n"
        f"run({['logs', 'athena', 'x', *WEB, *WINDOW, '--print-sql']!r})\n"
        "print([m for m in ('numpy', 'rich', 'pyarrow', 'hyperscan') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1].replace("'", '"')) == []
