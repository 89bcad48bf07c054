"""The way to AWS: places, and what servers that refuse, redirect, lie or are absent become in our words."""

from __future__ import annotations

import socket

import pytest
from fakes.prometheus_server import FakePrometheus, Reply, always
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.core import aws
from smartcloudops.core.aws import Place, parse_place
from smartcloudops.core.errors import ConfigError, ScoError, Status


@pytest.mark.parametrize(
    ("uri", "bucket", "prefix"),
    [
        ("s3://ops", "ops", ""),
        ("s3://ops/", "ops", ""),
        ("s3://ops/a/b/", "ops", "a/b"),
        ("s3://o.p-s/ä b", "o.p-s", "ä b"),
    ],
)
def test_a_place_is_a_bucket_and_a_prefix(uri, bucket, prefix):
    assert parse_place(uri, setting="x") == Place(bucket, prefix)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "ops/prefix",
        "https://ops.s3.amazonaws.com/x",
        "s3://",
        "s3:///x",
        "s3://Ops",
        "s3://ops/a/../b",
        "s3://ops/a//b",
        "s3://ops/a\nb",
        "s3://ops/" + "x" * 600,
        "s3://user:secret@ops/x",
    ],
)
def test_what_is_no_place_is_refused_with_the_setting(uri):
    with pytest.raises(ConfigError, match=r"\[models\] s3 = ") as e:
        parse_place(uri, setting="[models] s3")
    assert e.value.message.isprintable()


@given(st.text(st.sampled_from("abz09.-/_ ./é"), max_size=40))
def test_a_place_that_is_taken_has_no_empty_or_dotted_part(text):
    try:
        place = parse_place(f"s3://{text}", setting="x")
    except ConfigError:
        return
    assert not {"", ".", ".."} & set(place.key("versions").split("/"))
    assert parse_place(str(place), setting="x") == place


def refusal(code: str, message: str = "no", **more: str) -> bytes:
    rows = "".join(f"<{name}>{text}</{name}>" for name, text in {"Code": code, "Message": message, **more}.items())
    return f"<?xml version='1.0' encoding='UTF-8'?><Error>{rows}<RequestId>1</RequestId></Error>".encode()


ANSWERS = {
    "no bucket": (404, refusal("NoSuchBucket"), {}, Status.USAGE, ["no such bucket", "aws s3 mb s3://ops"]),
    "denied": (403, refusal("AccessDenied"), {}, Status.USAGE, ["access denied to list models", "s3:ListBucket"]),
    "key unknown": (403, refusal("InvalidAccessKeyId"), {}, Status.USAGE, ["credentials are refused", "sign in again"]),
    "expired": (400, refusal("ExpiredToken"), {}, Status.USAGE, ["credentials are refused", "sign in again"]),
    "elsewhere": (
        301,
        refusal("PermanentRedirect", Endpoint="ops.s3.eu-central-1.amazonaws.com"),
        {"x-amz-bucket-region": "eu-central-1"},
        Status.USAGE,
        ["region eu-central-1", "AWS_REGION=eu-central-1"],
    ),
    "wrong region": (
        400,
        refusal("AuthorizationHeaderMalformed", Region="eu-west-3"),
        {},
        Status.USAGE,
        ["region eu-west-3", "AWS_REGION=eu-west-3"],
    ),
    "redirect without a word": (307, b"", {}, Status.USAGE, ["another region"]),
    "clock": (
        403,
        refusal("RequestTimeTooSkewed", RequestTime="20261123T101000Z", ServerTime="2026-11-23T10:00:00Z"),
        {},
        Status.USAGE,
        ["clock is 10m ahead", "timedatectl"],
    ),
    "clock without times": (
        403,
        refusal("RequestTimeTooSkewed"),
        {"Date": "Mon, 23 Nov 2026 10:00:00 GMT"},
        Status.USAGE,
        ["clock is wrong", "timedatectl"],
    ),
    "broken": (
        500,
        refusal("InternalError"),
        {},
        Status.UNREACHABLE,
        ["busy or broken to list models (InternalError)"],
    ),
    "slow down": (503, refusal("SlowDown"), {}, Status.UNREACHABLE, ["SlowDown", "again later"]),
    "gateway": (502, b"<html>bad gateway</html>", {}, Status.UNREACHABLE, ["502"]),
    "a web server": (404, b"<html><body>nothing here</body></html>", {}, Status.USAGE, ["does not speak S3"]),
    # boto3 takes what it cannot read for a failure of S3.
    "another web server": (200, b"<html><br></html>", {}, Status.UNREACHABLE, ["busy or broken", "AWS_ENDPOINT_URL"]),
    "JSON": (200, b'{"a": 1}', {}, Status.UNREACHABLE, ["busy or broken", "AWS_ENDPOINT_URL"]),
    "something else": (400, refusal("TooManyBuckets", "so\u202emany"), {}, Status.FAILED, ["(TooManyBuckets): so"]),
}


@pytest.fixture
def account(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")


def refused(monkeypatch, url: str) -> ScoError:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    place = Place("ops", "sco")
    with pytest.raises(ScoError) as e, aws.errors(place, "list models"):
        client = aws.connect()
        client.list_objects_v2(Bucket=place.bucket, Prefix=place.prefix)
    return e.value


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_says_what_to_do(monkeypatch, account, name):
    status, body, headers, ends_in, words = ANSWERS[name]
    reply = Reply(body, status, "application/xml", headers)
    with FakePrometheus(always(reply)) as server:
        error = refused(monkeypatch, server.url)
    assert error.status == ends_in
    said = f"{error.message} / {error.hint}"
    assert all(word in said for word in words), said
    assert "s3://ops/sco" in error.message and error.message.isprintable()
    assert "wJalr" not in said and "Traceback" not in said


def test_a_server_that_breaks_off_is_unreachable(monkeypatch, account):
    with FakePrometheus(always(Reply(b"x" * 500, cut=100))) as server:
        error = refused(monkeypatch, server.url)
    assert error.status == Status.UNREACHABLE and "broke" in error.message


def test_nobody_at_the_endpoint_is_unreachable(monkeypatch, account):
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    error = refused(monkeypatch, f"http://127.0.0.1:{port}")
    assert error.status == Status.UNREACHABLE
    assert f"127.0.0.1:{port}" in error.message and "AWS_ENDPOINT_URL" in str(error.hint)


def test_no_credentials_and_no_profile_are_settings(monkeypatch):
    error = refused(monkeypatch, "http://127.0.0.1:1")
    assert error.status == Status.USAGE and "aws configure" in str(error.hint)
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    error = refused(monkeypatch, "http://127.0.0.1:1")
    assert error.status == Status.USAGE and "nobody" in error.message


def test_an_endpoint_that_is_no_url_is_a_setting(monkeypatch, account):
    error = refused(monkeypatch, "not a url")
    assert error.status == Status.USAGE


def test_the_region_of_other_tools_is_ours(monkeypatch, account):
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert aws.connect().meta.region_name == "eu-central-1"
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    assert aws.connect().meta.region_name == "eu-west-3"
