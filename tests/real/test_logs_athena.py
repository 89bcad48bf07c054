"""`sco logs athena` on a real S3 API: moto's Athena as far as it goes, and a wire that plays what moto does not."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
import urllib.request

import pytest
from fakes.athena_server import athena_server

from smartcloudops.cli.main import run
from smartcloudops.core.errors import Status

pytestmark = pytest.mark.real
BUCKET = "athena-logs"
WINDOW = ("--since", "2026-11-20T10:00Z", "--until", "2026-11-20T12:00Z")
OBJECT = "logs/{host}/dt=2026-11-20/hour={hour}/a.log.gz"
LINE = '{"time": "2026-11-20T10:02:00Z", "level": "error", "msg": "timed \\u001b[31mout"}'
COLUMNS = ["sco_object", "sco_time", "sco_line"]
ROWS = [
    [f"s3://{BUCKET}/{OBJECT.format(host=host, hour='10')}", "2026-11-20T10:02:00.000Z", LINE]
    for host in ("web-1", "web-2")
]


def aws(service: str, port: int):
    import boto3

    about = {"aws_access_key_id": "root", "aws_secret_access_key": "root", "region_name": "us-east-1"}
    return boto3.client(service, endpoint_url=f"http://127.0.0.1:{port}", **about)


@pytest.fixture(scope="module")
def stored(s3_port) -> int:
    """Two hosts and five hours of sco's own layout; a workgroup of moto with a limit."""
    s3 = aws("s3", s3_port)
    s3.create_bucket(Bucket=BUCKET)
    body = gzip.compress(LINE.encode() * 1000)
    for host in ("web-1", "web-2"):
        for hour in ("08", "09", "10", "11", "14"):
            s3.put_object(Bucket=BUCKET, Key=OBJECT.format(host=host, hour=hour), Body=body)
    for name, most in (("capped", 10**11), ("narrow", 10**7)):
        aws("athena", s3_port).create_work_group(Name=name, Configuration={"BytesScannedCutoffPerQuery": most})
    return s3_port


@pytest.fixture
def here(stored, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{stored}")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "root")
    monkeypatch.delenv("AWS_PROFILE", raising=False)


@pytest.fixture
def asked(here, capsys):
    """`asked(*arguments)`: status, stdout, stderr."""

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = run(["logs", "athena", *arguments, f"s3://{BUCKET}", "--layout", "sco"])
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


@pytest.fixture
def wire(here, monkeypatch):
    """`wire(**told)`: Athena as told beside the real S3."""
    opened = []

    def start(**told):
        context = athena_server(**{"columns": COLUMNS, "rows": ROWS, **told})
        server = context.__enter__()
        opened.append(context)
        monkeypatch.setenv("AWS_ENDPOINT_URL_ATHENA", server.url)
        return server

    yield start
    for context in opened:
        context.__exit__(None, None, None)


def test_moto_takes_the_statements_and_gives_the_rows(asked, stored):
    rows = [{"Data": [{"VarCharValue": cell} for cell in row]} for row in (COLUMNS, *ROWS)]
    # moto gives one result a statement, in order: nothing for the table's.
    results = [{"rows": [], "column_info": []}]
    results.append({"rows": rows, "column_info": [{"Name": name, "Type": "varchar"} for name in COLUMNS]})
    body = json.dumps({"account_id": "123456789012", "region": "us-east-1", "results": results}).encode()
    url = f"http://127.0.0.1:{stored}/moto-api/static/athena/query-results"
    urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": "application/json"}), timeout=10).close()
    status, out, err = asked("timed", *WINDOW, "--workgroup", "capped", "--create", "-y", "-o", "jsonl")
    assert status == Status.DONE, err
    hits = [json.loads(line) for line in out.splitlines()]
    assert [hit["host"] for hit in hits] == ["web-1", "web-2"]
    assert hits[0]["object"] == OBJECT.format(host="web-1", hour="10") and hits[0]["offset"] == -1
    assert hits[0]["fields"]["level"] == "error" and hits[0]["time"] == "2026-11-20T10:02:00Z"
    ran = aws("athena", stored)
    executions = [ran.get_query_execution(QueryExecutionId=i) for i in ran.list_query_executions()["QueryExecutionIds"]]
    queries = [one["QueryExecution"]["Query"] for one in executions]
    assert any(q.startswith("CREATE EXTERNAL TABLE IF NOT EXISTS") for q in queries)
    (selected,) = [one["QueryExecution"] for one in executions if "SELECT" in one["QueryExecution"]["Query"]]
    assert "'timed'" in selected["ExecutionParameters"] and "'web-2'" in selected["ExecutionParameters"]


def test_bytes_and_price_are_said_before_anybody_is_asked(asked, wire):
    server = wire()
    status, out, err = asked("timed", *WINDOW)
    assert status == Status.USAGE and out == ""
    # Hours 08 to 13 with slack; 14 lies outside, so eight of ten objects.
    assert "scans 8 objects" in err and "USD 0.0001" in err and "list price of 20" in err
    assert "nobody to ask" in err and "-y" in err
    assert server.of("StartQueryExecution") == []


def test_a_workgroup_without_a_limit_is_refused_with_the_command(asked, wire):
    server = wire(limit=None)
    status, _, err = asked("timed", *WINDOW, "-y")
    assert status == Status.USAGE and "aws athena update-work-group --work-group primary" in err
    assert server.of("StartQueryExecution") == []


def test_limits_that_are_too_high_or_too_low_are_refused(asked, wire):
    wire(limit=10**12)
    status, _, err = asked("timed", *WINDOW, "-y", "--cap", "100GB")
    assert status == Status.USAGE and "--cap allows 100 GB" in err and "BytesScannedCutoffPerQuery=100000000000" in err
    wire(limit=100)
    status, _, err = asked("timed", *WINDOW, "-y")
    assert status == Status.USAGE and "stops a query at 100 B" in err


def test_hits_come_in_every_form_and_what_was_scanned_is_said(asked, wire):
    server = wire(page=2)
    status, out, err = asked("timed", *WINDOW, "-y")
    assert status == Status.DONE and out.splitlines() == [LINE, LINE]
    assert "2 hits; 4 MB scanned, USD 0.0001" in err
    assert len(server.of("GetQueryResults")) == 2
    document = json.loads(asked("timed", *WINDOW, "-y", "--json")[1])
    assert len(document["hits"]) == 2 and document["scanned_bytes"] == 4_000_000
    table = asked("timed", *WINDOW, "-y", "-o", "table")[1]
    assert "web-2" in table and "\x1b" not in table
    assert asked("timed", *WINDOW, "-y", "-o", "csv")[1].count("\n") == 3


def test_no_hits_are_status_0_and_1_where_asked(asked, wire):
    wire(rows=[])
    assert asked("timed", *WINDOW, "-y")[0] == Status.DONE
    assert asked("timed", *WINDOW, "-y", "--fail-empty")[0] == Status.FAILED


def test_one_host_is_priced_and_asked_alone(asked, wire):
    server = wire()
    status, _, err = asked("timed", *WINDOW, "--field", "host=web-2", "-y")
    assert status == Status.DONE and "scans 4 objects" in err
    assert server.of("StartQueryExecution")[0]["ExecutionParameters"][0] == "'web-2'"
    assert '"part_host" IN (?)' in server.of("StartQueryExecution")[0]["QueryString"]


def test_a_failure_has_athenas_reason_and_status_1(asked, wire):
    wire(states=["RUNNING", "FAILED"], reason="TABLE_NOT_FOUND: line 5:6: Table 'x' does not exist")
    status, out, err = asked("timed", *WINDOW, "-y")
    assert status == Status.FAILED and out == "" and "TABLE_NOT_FOUND" in err and "--create" in err


def test_ctrl_c_stops_the_query_there(wire):
    server = wire(states=["RUNNING"])
    command = [sys.executable, "-m", "smartcloudops", "logs", "athena", "timed", f"s3://{BUCKET}", "--layout", "sco"]
    with subprocess.Popen(
        [*command, *WINDOW, "-y"], stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as running:
        deadline = time.monotonic() + 30
        while len(server.of("GetQueryExecution")) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        running.send_signal(2)
        _, err = running.communicate(timeout=30)
    assert running.returncode == Status.INTERRUPTED
    assert server.of("StopQueryExecution") == [{"QueryExecutionId": "query-1"}]
    assert "query-1 is stopped" in err and "Traceback" not in err


def test_somebody_is_asked_on_a_terminal(wire):
    server = wire()
    command = [sys.executable, "-m", "smartcloudops", "logs", "athena", "timed", f"s3://{BUCKET}", "--layout", "sco"]
    for answer, status, started in ((b"n\n", Status.FAILED, 0), (b"y\n", Status.DONE, 1)):
        ours, theirs = os.openpty()
        os.write(ours, answer)
        done = subprocess.run([*command, *WINDOW], stdin=theirs, capture_output=True, text=True, check=False)
        os.close(ours)
        os.close(theirs)
        assert done.returncode == status and "Run it? [y/N]" in done.stderr
        assert len(server.of("StartQueryExecution")) == started
