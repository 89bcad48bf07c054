"""A server on loopback that speaks Athena's wire: it runs nothing, and answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Row = list[str | None]


@dataclass
class Athena:
    """What it answers, and what it was asked. `states`: of a query, one for each time that it is asked for, the last
    one for ever; `refusals`: by operation, an error's code and message."""

    limit: int | None = 10**11
    workgroup_state: str = "ENABLED"
    columns: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    page: int = 1000
    states: list[str] = field(default_factory=lambda: ["QUEUED", "RUNNING", "SUCCEEDED"])
    reason: str = ""
    scanned: int = 4_000_000
    refusals: dict[str, tuple[str, str]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    url: str = ""

    def of(self, operation: str) -> list[dict[str, Any]]:
        """The requests of one operation."""
        return [body for name, body in self.asked if name == operation]

    def answer(self, operation: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.asked.append((operation, body))
        if operation in self.refusals:
            code, message = self.refusals[operation]
            return 400, {"__type": code, "Message": message}
        return 200, getattr(self, f"_{operation}")(body)

    def _GetWorkGroup(self, body: dict[str, Any]) -> dict[str, Any]:
        configuration = {} if self.limit is None else {"BytesScannedCutoffPerQuery": self.limit}
        group = {"Name": body["WorkGroup"], "State": self.workgroup_state, "Configuration": configuration}
        return {"WorkGroup": group}

    def _StartQueryExecution(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"QueryExecutionId": f"query-{len(self.of('StartQueryExecution'))}"}

    def _GetQueryExecution(self, body: dict[str, Any]) -> dict[str, Any]:
        state = self.states[0] if len(self.states) == 1 else self.states.pop(0)
        status = {"State": state, "StateChangeReason": self.reason}
        return {"QueryExecution": {**body, "Status": status, "Statistics": {"DataScannedInBytes": self.scanned}}}

    def _StopQueryExecution(self, body: dict[str, Any]) -> dict[str, Any]:
        return {}

    def _GetQueryResults(self, body: dict[str, Any]) -> dict[str, Any]:
        start = int(body.get("NextToken", "0"))
        every = [list[str | None](self.columns), *self.rows]
        rows = [{"Data": [{} if c is None else {"VarCharValue": c} for c in row]} for row in every]
        about = {"ColumnInfo": [{"Name": name, "Type": "varchar"} for name in self.columns]}
        page = {"ResultSet": {"Rows": rows[start : start + self.page], "ResultSetMetadata": about}}
        return page | ({"NextToken": str(start + self.page)} if start + self.page < len(rows) else {})


@contextmanager
def athena_server(**told: Any) -> Iterator[Athena]:
    """One that answers as told, until the end."""
    athena = Athena(**told)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = athena.answer(self.headers["X-Amz-Target"].partition(".")[2], body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("x-amzn-RequestId", "1")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        athena.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield athena
        finally:
            server.shutdown()
            thread.join()
