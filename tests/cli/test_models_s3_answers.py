"""What an S3 says that cannot be had from a real one: answers larger than any model, and a clock that is off."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fakes.prometheus_server import Answer, Asked, FakePrometheus, Reply

from smartcloudops.core.errors import Status

VERSION = "20260101T000000Z-abcdef"
HUGE = 300 << 20


def listed(*keys: str) -> Reply:
    rows = "".join(
        f"<Contents><Key>{key}</Key><Size>1</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
        for key in keys
    )
    body = f"<?xml version='1.0'?><ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>"
    return Reply(body.encode(), type="application/xml", headers={"x-amz-request-id": "1"})


def huge() -> Reply:
    """An answer that announces more than a manifest may have; who reads on would wait for it."""
    return Reply(b"{}", headers={"Content-Length": str(HUGE), "ETag": '"1"'}, cut=2)


def bucket(**objects: Reply) -> Answer:
    """One version; `pointer` and `manifest` as they are given."""

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("current.json"):
            pointer = f'{{"version": "{VERSION}", "history": [], "stamp": "x"}}'.encode()
            return objects.get("pointer", Reply(pointer, headers={"ETag": '"1"'}))
        if asked.path.endswith("manifest.json"):
            return objects["manifest"]
        return listed(*(f"sco/versions/{VERSION}/{name}" for name in ("manifest.json", "shard-0000.npz")))

    return answer


@pytest.fixture
def asked(sco, monkeypatch) -> Callable[..., tuple[int, str, int]]:
    """Pull from a bucket of such answers: status, stderr, and how many requests there were."""

    def pull(answer: Answer) -> tuple[int, str, int]:
        with FakePrometheus(answer) as server:
            monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
            monkeypatch.setenv("SCO_MODELS__S3", "s3://ops/sco")
            said = sco("models", "pull", "-y")
            return said.status, said.err, len(server.asked)

    return pull


def test_a_manifest_too_large_is_refused_before_it_is_read(asked):
    status, said, requests = asked(bucket(manifest=huge()))
    assert status == Status.PARTIAL
    assert f"manifest.json is refused: {HUGE:,} bytes is more than it may have" in said
    assert requests == 3


def test_a_pointer_too_large_is_refused_before_it_is_read(asked):
    status, said, requests = asked(bucket(pointer=huge()))
    assert status == Status.PARTIAL and "current.json is refused" in said and requests == 1


def test_a_clock_that_is_off_is_said_in_minutes(asked):
    body = (
        b"<?xml version='1.0'?><Error><Code>RequestTimeTooSkewed</Code><Message>too large</Message>"
        b"<RequestTime>20261123T095000Z</RequestTime><ServerTime>2026-11-23T10:00:00Z</ServerTime></Error>"
    )
    status, said, _ = asked(lambda asked: Reply(body, 403, "application/xml"))
    assert status == Status.USAGE and "this machine's clock is 10m behind" in said and "timedatectl" in said
