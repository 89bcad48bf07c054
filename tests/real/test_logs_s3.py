"""Logs in a real S3 API: more than a page of keys, ranges, public objects, a role, and nobody's key."""

from __future__ import annotations

import gzip
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from fakes import machines

from smartcloudops.core import aws
from smartcloudops.core.errors import ConfigError
from smartcloudops.core.settings import Logs
from smartcloudops.logs.objects import Unread
from smartcloudops.logs.sources.s3 import S3

pytestmark = pytest.mark.real
COUNT = 1_050
PACKED = gzip.compress(b"a line of a log\n" * 40_000)
ROLE = "arn:aws:iam::123456789012:role/reader"


@pytest.fixture(scope="module")
def filled(s3_port) -> int:
    s3 = machines.client(s3_port)
    with ThreadPoolExecutor(4) as pool:
        for n in range(COUNT):
            pool.submit(s3.put_object, Bucket=machines.BUCKET, Key=f"listed/{n:05d}.log", Body=b"%d" % n)
    s3.put_object(Bucket=machines.BUCKET, Key="read/big.gz", Body=PACKED, ContentEncoding="gzip")
    s3.put_object(Bucket=machines.BUCKET, Key="read/cold.gz", Body=PACKED, StorageClass="GLACIER")
    s3.put_object(Bucket=machines.BUCKET, Key="read/empty", Body=b"")
    return s3_port


@pytest.fixture(params=["boto3", "obstore"])
def source(request, filled, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")

    def make(prefix: str, **more) -> S3:
        uri = f"s3://{machines.BUCKET}/{prefix}"
        endpoint = f"http://127.0.0.1:{filled}"
        return S3("logs", Logs(uri=uri, endpoint=endpoint, client=request.param, **more))

    make.client = request.param
    return make


def test_more_than_a_page_of_keys(source):
    logs = source("listed/")
    assert [one.key for one in logs.objects()] == [f"{n:05d}.log" for n in range(COUNT)]
    assert logs.listings == 2
    assert [one.key for one in logs.objects("009", after="00998.log")] == ["00999.log"]
    assert list(source("").folders())[:2] == ["listed/", "read/"]


def test_whole_in_ranges_and_as_it_is_stored(source):
    logs = source("read")
    one = next(logs.objects("big"))
    reader = logs.reader()
    for _ in range(2):
        assert reader.read(one) == PACKED
        assert b"".join(reader.stream(one, piece=1000)) == PACKED
        assert b"".join(reader.stream(one, start=17, piece=999)) == PACKED[17:]
    assert reader.read(next(logs.objects("empty"))) == b""


def test_an_archived_object_is_named(source):
    logs = source("read/")
    one = next(logs.objects("cold"))
    assert one.storage == "GLACIER"
    with pytest.raises(Unread, match="GLACIER: restore it first") as e:
        logs.reader().read(one)
    assert e.value.damage == "archived"


def test_an_object_that_went_or_changed(source, filled):
    s3 = machines.client(filled)
    for key in ("here", "there"):
        s3.put_object(Bucket=machines.BUCKET, Key=f"moving/{key}", Body=b"old")
    logs = source("moving/")
    here, there = logs.objects()
    reader = logs.reader()
    assert reader.read(here) == b"old"
    s3.delete_object(Bucket=machines.BUCKET, Key="moving/here")
    s3.put_object(Bucket=machines.BUCKET, Key="moving/there", Body=b"new")
    found = []
    for one in (here, there):
        with pytest.raises(Unread) as e:
            reader.read(one)
        found.append(e.value.damage)
    assert found == ["gone", "changed"]


def test_a_public_object_needs_no_key(source, filled, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    s3 = machines.client(filled)
    for n in range(3):
        s3.put_object(Bucket=machines.BUCKET, Key=f"public/{n}", Body=b"open", ACL="public-read")
    logs = source("public/", unsigned=True)
    reader = logs.reader()
    assert [reader.read(one) for one in logs.objects()] == [b"open"] * 3
    with pytest.raises(ConfigError, match="credentials") as e:
        list(source("public/").objects())
    assert "AWS_PROFILE" in str(e.value.hint)


def test_credentials_and_policies_count(source, filled, accounts, monkeypatch):
    allowed = {"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetObject"], "Resource": "*"}
    secret = {
        "Effect": "Deny",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{machines.BUCKET}/listed/00001.log",
    }
    key, password = accounts(f"reader-{source.client}", {"Version": "2012-10-17", "Statement": [allowed, secret]})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", password)
    machines.check_accounts(filled, wanted=True)
    logs = source("listed/")
    first, second = list(logs.objects("0000"))[:2]
    reader = logs.reader()
    assert reader.read(first) == b"0"
    with pytest.raises(Unread) as e:
        reader.read(second)
    assert e.value.damage == "denied"
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(ConfigError, match="credentials are refused"):
        list(source("listed/").objects())


def test_a_role_is_assumed(source, filled, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{filled}")
    logs = source("listed/", role=ROLE, region="us-east-1")
    one = next(logs.objects())
    reader = logs.reader()
    assert [reader.read(one), reader.read(one)] == [b"0", b"0"]
    lent = logs._session.get_credentials().get_frozen_credentials()
    assert lent.access_key.startswith("ASIA") and lent.token
    who = aws.client(logs._session, "sts").get_caller_identity()
    assert who["Arn"].endswith(":assumed-role/reader/sco")


def test_a_role_that_is_not_lent_says_so(source, filled, accounts, monkeypatch):
    allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    key, password = accounts(f"poor-{source.client}", {"Version": "2012-10-17", "Statement": [allowed]})
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{filled}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", password)
    machines.check_accounts(filled, wanted=True)
    with pytest.raises(ConfigError, match=f"the role {ROLE} cannot be assumed") as e:
        list(source("listed/", role=ROLE).objects())
    assert "sts:AssumeRole" in str(e.value.hint) and json.dumps(password) not in e.value.message
