"""Pruning before listing and `sco logs ls`, on a real S3 API: what is found, and how many requests that takes."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from smartcloudops.cli.main import run
from smartcloudops.core.errors import Status
from smartcloudops.core.settings import Logs
from smartcloudops.core.times import HOUR, to_ms
from smartcloudops.logs.listing import listed
from smartcloudops.logs.sources.s3 import S3

pytestmark = pytest.mark.real
START = datetime(2025, 1, 1, tzinfo=UTC)
ACCOUNTS = ("111111111111", "222222222222", "333333333333")
REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1")


def balancer(account: str, region: str, t: datetime) -> str:
    file = f"{account}_elasticloadbalancing_{region}_app.web.abc_{t:%Y%m%dT%H%M}Z_10.0.0.1_x.log.gz"
    return f"AWSLogs/{account}/elasticloadbalancing/{region}/{t:%Y/%m/%d}/{file}"


def edge(n: int, t: datetime) -> str:
    return f"E{n}23ABCDEFGHIJ.{t:%Y-%m-%d-%H}.{n:08x}.gz"


@pytest.fixture(scope="session")
def bucket(s3_port):
    """Two years of load balancers' logs, flat ones of CloudFront, and some beside."""
    import boto3
    from botocore.config import Config

    about = {"aws_access_key_id": "root", "aws_secret_access_key": "root", "region_name": "us-east-1"}
    s3 = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{s3_port}", config=Config(max_pool_connections=8), **about)
    s3.create_bucket(Bucket="logs")
    times = [START + timedelta(hours=62 * i) for i in range(280)]
    keys = [f"lb/{balancer(a, r, t)}" for a in ACCOUNTS[:2] for r in REGIONS[:2] for t in times]
    keys += [f"cdn/{edge(n, START + timedelta(hours=h))}" for n in range(3) for h in range(350)]
    keys += ["lb/notes.txt", "lb/AWSLogs/readme.txt"]
    classes = {"lb/notes.txt": "STANDARD_IA", "lb/AWSLogs/readme.txt": "DEEP_ARCHIVE"}

    def put(key: str) -> None:
        s3.put_object(Bucket="logs", Key=key, Body=b"x" * 100, StorageClass=classes.get(key, "STANDARD"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, keys))
    return s3_port


@pytest.fixture
def account(monkeypatch, bucket):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "root")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "root")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{bucket}")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return f"http://127.0.0.1:{bucket}"


@pytest.mark.parametrize("layout", ["auto", "alb"])
def test_one_hour_among_two_years(account, layout):
    source = S3("lb", Logs(uri="s3://logs/lb/", layout=layout))
    since = to_ms(START + timedelta(hours=62 * 150)) - HOUR
    found = listed(source, since=since, until=since + 2 * HOUR, slack=HOUR)
    keys = [one.key for one in found]
    dated = [key for key in keys if "elastic" in key]
    assert len(dated) == 4 and {"notes.txt", "AWSLogs/readme.txt"} < set(keys) and len(keys) == 6
    assert found.requests <= (20 if layout == "auto" else 12), found.requests


def test_flat_names(account):
    source = S3("cdn", Logs(uri="s3://logs/cdn/"))
    since = to_ms(START + timedelta(hours=300))
    found = listed(source, since=since, until=since + HOUR, slack=0)
    keys = [one.key for one in found]
    assert {edge(n, START + timedelta(hours=300)) for n in range(3)} <= set(keys) and len(keys) <= 9
    assert found.requests <= 12, found.requests


def test_the_command_counts_and_prices(account, capsys):
    status = run(["logs", "ls", "s3://logs/lb/", "--by", "account", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert status == Status.DONE
    counts = {group["group"]: group["objects"] for group in found["groups"]}
    assert counts == {ACCOUNTS[0]: 560, ACCOUNTS[1]: 560, "(none)": 2}
    price = found["price"]
    assert price["usd_requests"] == pytest.approx(1120 * 0.0004 / 1000 + 0.001 / 1000, abs=1e-6)
    assert price["archived"] == {"objects": 1, "bytes": 100} and price["restore_hours"] == 12
    assert found["requests"] == 2 and found["total"]["storage"]["DEEP_ARCHIVE"]["archived"]


def test_the_command_says_what_is_archived(account, capsys):
    assert run(["logs", "ls", "s3://logs/lb/", "--since", "2026-01-01", "--until", "2026-01-02"]) == Status.DONE
    said = capsys.readouterr().out
    assert "to read it: <$0.001 inside the bucket's region" in said
    assert "archived, to be restored before it can be read: 1 object, 100 B" in said
    assert "without a date in the name: 2 objects" in said and "requests to list" in said
