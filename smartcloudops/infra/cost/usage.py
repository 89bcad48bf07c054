"""How much is used of what is billed by use: assumptions until somebody says better."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """Of a whole stack in a month: GB out to the internet, GB of logs taken in by CloudWatch, GB in S3, and thousands
    of uploads to and reads from S3; thousands of requests to DynamoDB."""

    egress_gb: float = 5.0
    logs_gb: float = 0.5
    storage_gb: float = 5.0
    puts: float = 2.0
    gets: float = 10.0
    table_requests: float = 1.0
