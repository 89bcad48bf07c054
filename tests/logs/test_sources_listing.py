"""What an S3 address means, how it is listed, and how a bucket in another region is found."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from itertools import islice

import pytest
from fakes.faulty_s3 import MODIFIED_MS, FaultyS3, Script

from smartcloudops.core.errors import ConfigError
from smartcloudops.core.settings import Logs
from smartcloudops.logs import crew
from smartcloudops.logs.sources.s3 import S3
from smartcloudops.logs.work import Given

MANY = 100_000
OBJECTS = {
    "a.log": b"1",
    "app/": b"",
    "app/1.log": b"1",
    "app/sub/": b"",
    "app/sub/2.log": b"22",
    "app-old/3.log": b"3",
    "web-1.log": b"4",
    "web-2.log": b"5",
    "web-2/x.log": b"6",
}


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyS3]:
    with FaultyS3(OBJECTS, Script(storage={"a.log": "GLACIER_IR"})) as running:
        yield running


@pytest.fixture(autouse=True)
def account(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")


def opened(server: FaultyS3, uri: str, **more) -> S3:
    return S3("web", Logs(uri=uri, endpoint=server.url, **more))


@pytest.mark.parametrize(
    ("uri", "keys", "requests", "address"),
    [
        ("s3://ops", [k for k in sorted(OBJECTS) if not k.endswith("/")], 1, "s3://ops/"),
        ("s3://ops/app/", ["1.log", "sub/2.log"], 1, "s3://ops/app/"),
        ("s3://ops/app", ["1.log", "sub/2.log"], 1, "s3://ops/app/"),
        ("s3://ops/app/1.log", ["1.log"], 3, "s3://ops/app/"),
        ("s3://ops/a.log", ["a.log"], 3, "s3://ops/"),
        ("s3://ops/web-", ["web-1.log", "web-2.log", "web-2/x.log"], 3, "s3://ops/"),
        ("s3://ops/app/su", ["sub/2.log"], 3, "s3://ops/app/"),
        ("s3://ops/nothing", [], 3, "s3://ops/nothing/"),
        ("s3://ops/web-/", [], 1, "s3://ops/web-/"),
    ],
)
def test_an_address_is_a_folder_an_object_or_a_beginning(server, uri, keys, requests, address):
    source = opened(server, uri)
    before = len(server.listings())
    assert source.listings == 0 and len(server.listings()) == before
    found = list(source.objects())
    assert [one.key for one in found] == keys
    assert source.listings == len(server.listings()) - before == requests
    assert source.address() == address
    reader = source.reader()
    assert [reader.read(one) for one in found] == [OBJECTS[(address + k).removeprefix("s3://ops/")] for k in keys]


@pytest.mark.parametrize("client", ["boto3", "obstore"])
def test_what_the_listing_found_out_no_worker_asks_again(server, client):
    """Neither what the address means, nor where the bucket is: a worker's first request is its first object."""
    source = opened(server, "s3://ops/app", client=client)
    before = len(server.requests)
    results = list(crew.run(source, source.objects(), hand_over, workers=2))
    assert {r.one.key: r.payload for r in results if isinstance(r, Given)} == {"1.log": b"1", "sub/2.log": b"22"}
    assert [r.key for r in server.requests[before:]][:1] == [None]
    assert sorted(str(r.key) for r in server.requests[before + 1 :]) == ["app/1.log", "app/sub/2.log"]
    # boto3's own requests say more than that.
    assert not any("amz-sdk-request" in r.headers for r in server.requests[before + 1 :])


def hand_over(one, buffers, give):
    give(b"".join(buffers))


def test_a_beginning_bounds_folders_and_prefixes(server):
    source = opened(server, "s3://ops/web-")
    assert list(source.folders()) == ["web-2/"]
    assert [one if isinstance(one, str) else one.key for one in source.level()] == ["web-1.log", "web-2.log", "web-2/"]
    assert [one.key for one in source.objects("web-2")] == ["web-2.log", "web-2/x.log"]
    assert [one.key for one in source.objects("we")] == ["web-1.log", "web-2.log", "web-2/x.log"]
    assert list(source.objects("app")) == list(source.level("app/")) == []


def test_a_row_tells_all(server):
    (one,) = opened(server, "s3://ops/a.log").objects()
    assert (one.size, one.modified, one.storage) == (1, MODIFIED_MS, "GLACIER_IR")
    assert one.etag.startswith('"')


def test_a_busy_listing_is_asked_again():
    with FaultyS3(OBJECTS, Script(listing_busy=1)) as server:
        assert len(list(opened(server, "s3://ops/app/").objects())) == 2
        assert len(server.listings()) == 2


@pytest.mark.parametrize("uri", ["s3://", "s3://Ops/x", "s3n://ops/x", "s3://ops/a//b"])
def test_what_is_no_address_is_refused(uri):
    with pytest.raises(ConfigError, match="SOURCE = "):
        S3("x", Logs(uri=uri))


def test_a_directory_bucket_is_refused_with_the_reason():
    with pytest.raises(ConfigError, match="S3 Express"):
        S3("x", Logs(uri="s3://logs--use1-az4--x-s3/"))


@pytest.mark.parametrize("status", [301, 400])
@pytest.mark.parametrize("client", ["boto3", "obstore"])
def test_a_bucket_elsewhere_is_followed_once(status, client):
    script = Script(region="eu-central-1", region_status=status)
    with FaultyS3({f"app/{n}.log": b"x" * n for n in range(1, 6)}, script) as server:
        source = opened(server, "s3://ops/app/", region="us-west-2", client=client)
        reader = source.reader()
        assert [len(reader.read(one)) for one in source.objects()] == [1, 2, 3, 4, 5]
        signed = [r.headers["authorization"].split("/")[2] for r in server.gets() if r.method == "GET"]
        # Where it is was found by the listing already.
        assert signed == ["eu-central-1"] * 5
        # It moves once more while we read: the answer says where to, and that is followed too.
        script.region = "eu-west-3"
        assert [len(reader.read(one)) for one in source.objects()] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("client", ["boto3", "obstore"])
@pytest.mark.parametrize(
    ("settings", "payers", "is_signed"),
    [
        ({"requester_pays": True}, {"requester"}, True),
        ({"unsigned": True}, {None}, False),
        ({}, {None}, True),
    ],
)
def test_who_pays_and_who_asks_is_said_with_each_request(server, client, settings, payers, is_signed):
    source = opened(server, "s3://ops/app/", client=client, **settings)
    before = len(server.requests)
    reader = source.reader()
    assert [len(reader.read(one)) for one in source.objects() for _ in range(2)] == [1, 1, 2, 2]
    sent = server.requests[before:]
    assert len(sent) == 5
    assert {r.headers.get("x-amz-request-payer") for r in sent} == payers
    assert {"authorization" in r.headers for r in sent} == {is_signed}


def test_variables_of_obstore_do_not_lead_it_elsewhere(server, monkeypatch):
    source = opened(server, "s3://ops/app/", client="obstore")
    for name, value in {
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
        "AWS_ENDPOINT": "http://127.0.0.1:9",
        "AWS_SKIP_SIGNATURE": "true",
        "AWS_REQUEST_PAYER": "true",
        "AWS_BUCKET": "other",
    }.items():
        monkeypatch.setenv(name, value)
    before = len(server.gets())
    reader = source.reader()
    assert [len(reader.read(one)) for one in source.objects() for _ in range(2)] == [1, 1, 2, 2]
    sent = server.gets()[before:]
    assert len(sent) == 4 and all("authorization" in r.headers for r in sent)
    assert not any("x-amz-request-payer" in r.headers for r in sent)


def test_a_hundred_thousand_keys_are_listed_page_by_page():
    with FaultyS3({f"many/{n:06d}.log.gz": b"x" for n in range(MANY)}) as server:
        server.keys()
        source = opened(server, "s3://ops/many/")
        assert len(list(islice(source.objects(), 5))) == 5
        assert source.listings == 1
        tracemalloc.start()
        try:
            later = source.objects(after=f"{MANY - 4_001:06d}.log.gz")
            assert sum(1 for _ in later) == 4_000
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert source.listings == 5
    # A page takes about 3 MB while it is parsed, beside what the server takes for it in this process.
    assert peak < 16 << 20
