"""A server on loopback that speaks for AWS's Free Tier API, Cost Explorer and CloudWatch, and answers as it is told."""

from __future__ import annotations

import json
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOURS = {
    "service": "Amazon Elastic Compute Cloud",
    "operation": "RunInstances",
    "usageType": "Global-BoxUsage:freetier.micro",
    "actualUsageAmount": 700.0,
    "forecastedUsageAmount": 1460.0,
    "limit": 750.0,
    "unit": "Hrs",
    "description": "750 hours of t2.micro or t3.micro",
    "freeTierType": "12 Months Free",
}
STORAGE = {**HOURS, "service": "Amazon Simple Storage Service", "description": "5 GB of S3", "unit": "GB-Mo",
           "actualUsageAmount": 1.0, "forecastedUsageAmount": 2.0, "limit": 5.0}  # fmt: skip
PLAN = {
    "accountId": "123456789012",
    "accountPlanType": "FREE",
    "accountPlanStatus": "ACTIVE",
    "accountPlanRemainingCredits": {"amount": 87.5, "unit": "USD"},
    "accountPlanExpirationDate": "2027-02-01T00:00:00Z",
}


@dataclass
class Billing:
    """What it answers and what it was asked. `usages` come in pages of `page`; `plan` None: an older account;
    `charges`: what CloudWatch has, the newest first.
    `refusals`: an error's code and message by operation."""

    usages: list[dict[str, Any]] = field(default_factory=lambda: [STORAGE, HOURS])
    page: int = 1
    plan: dict[str, Any] | None = field(default_factory=lambda: PLAN)
    charges: list[float] = field(default_factory=list)
    services: dict[str, str] = field(default_factory=lambda: {"EC2 - Other": "1.25", "AmazonCloudWatch": "0.001"})
    refusals: dict[str, tuple[str, str]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    url: str = ""

    def operations(self) -> list[str]:
        """What was asked, in order."""
        return [name for name, _ in self.asked]

    def answer(self, operation: str, body: dict[str, Any]) -> tuple[int, Any]:
        self.asked.append((operation, body))
        if operation in self.refusals:
            code, message = self.refusals[operation]
            return 400, {"__type": code, "message": message}
        return getattr(self, f"_{operation}")(body)  # type: ignore[no-any-return]

    def _GetFreeTierUsage(self, body: dict[str, Any]) -> tuple[int, Any]:
        start = int(body.get("nextToken", "0"))
        found: dict[str, Any] = {"freeTierUsages": self.usages[start : start + self.page]}
        more = start + self.page < len(self.usages)
        return 200, found | ({"nextToken": str(start + self.page)} if more else {})

    def _GetAccountPlanState(self, body: dict[str, Any]) -> tuple[int, Any]:
        if self.plan is None:
            return 400, {"__type": "ResourceNotFoundException", "message": "no plan"}
        return 200, self.plan

    def _GetCostAndUsage(self, body: dict[str, Any]) -> tuple[int, Any]:
        groups = [
            {"Keys": [name], "Metrics": {"UnblendedCost": {"Amount": amount, "Unit": "USD"}}}
            for name, amount in self.services.items()
        ]
        return 200, {"ResultsByTime": [{"TimePeriod": body["TimePeriod"], "Groups": groups, "Total": {}}]}

    def _GetMetricStatistics(self, body: dict[str, Any]) -> tuple[int, Any]:
        now = time.time()
        points = [{"Timestamp": Moment(now - 3600 * n), "Maximum": usd} for n, usd in enumerate(self.charges)]
        return 200, {"Label": "EstimatedCharges", "Datapoints": points}


class Moment(float):
    """Seconds since 1970 that CBOR calls a time."""


def cbor(value: Any) -> bytes:
    """What CloudWatch speaks: just enough of CBOR for what is answered here."""
    if isinstance(value, Moment):
        return b"\xc1\xfb" + struct.pack(">d", value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, str):
        return b"\x78" + bytes([len(value.encode())]) + value.encode()
    if isinstance(value, list):
        return bytes([0x80 + len(value)]) + b"".join(map(cbor, value))
    return bytes([0xA0 + len(value)]) + b"".join(cbor(name) + cbor(each) for name, each in value.items())


@contextmanager
def billing_server(**told: Any) -> Iterator[Billing]:
    """One that answers as told, until the end."""
    billing = Billing(**told)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body, target = self.rfile.read(int(self.headers["Content-Length"])), self.headers["X-Amz-Target"]
            is_json = target is not None
            operation = target.partition(".")[2] if is_json else self.path.rpartition("/")[2]
            status, answer = billing.answer(operation, json.loads(body) if is_json else {})
            data = json.dumps(answer).encode() if is_json else cbor(answer)
            self.send_response(status)
            if is_json:
                self.send_header("Content-Type", "application/x-amz-json-1.1")
            else:
                self.send_header("Content-Type", "application/cbor")
                self.send_header("smithy-protocol", "rpc-v2-cbor")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("x-amzn-RequestId", "r-1")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    billing.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield billing
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
