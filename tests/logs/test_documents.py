"""Records that share a line: every event of a CloudTrail document is found, and no neighbour with it."""

from __future__ import annotations

import gzip
import json

import pytest
from fakes.memory_logs import Memory

from smartcloudops.logs.objects import Hit
from smartcloudops.logs.searching import Asked, Search
from smartcloudops.logs.sieve import Question


def document(events: int) -> bytes:
    names = ("RunInstances", "PutObject", "AssumeRole")
    records = [
        {"eventVersion": "1.09", "eventTime": f"2026-11-20T10:{n % 60:02}:00Z", "eventName": names[n % 3], "n": n}
        for n in range(events)
    ]
    return json.dumps({"Records": records}, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    "question",
    [
        Question("PutObject"),
        Question("put(o)bject", ignore_case=True),
        Question(fields=("eventName=PutObject",)),
        Question(where="n in (1, 4, 7)"),
        Question("RunInstances|AssumeRole", invert=True),
        Question(r'^\{"eventVersion".*PutObject'),
    ],
)
def test_every_event_is_found_alone(question) -> None:
    source = Memory({"a.json.gz": gzip.compress(document(9))})
    hits = [h for h in Search(Asked(source, question, workers=0, events=True)) if isinstance(h, Hit)]
    assert [json.loads(h.line)["n"] for h in hits] == [1, 4, 7]
    assert all(document(9)[h.offset :].startswith(h.line) for h in hits)
