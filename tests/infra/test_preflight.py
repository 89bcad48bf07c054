"""Who asks AWS, told within five seconds whatever is wrong."""

from __future__ import annotations

import os
import time

import pytest
from fakes.prometheus_server import FakePrometheus, Reply, always

from smartcloudops.core.errors import ConfigError, Status, UnreachableError
from smartcloudops.infra.preflight import Caller, look

CALLER = b"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::111122223333:user/me</Arn><UserId>A</UserId><Account>111122223333</Account>
</GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""


def refusal(code: str, status: int = 403) -> Reply:
    error = f"<Error><Code>{code}</Code><Message>no</Message></Error><RequestId>1</RequestId>"
    return Reply(f"<ErrorResponse>{error}</ErrorResponse>".encode(), status, "text/xml")


@pytest.fixture
def account(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


def asked(monkeypatch, url: str, region: str | None = "us-east-1") -> Caller:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    return look(region, environ=os.environ)


def test_who_we_are(monkeypatch, account):
    with FakePrometheus(always(Reply(CALLER, 200, "text/xml"))) as server:
        found = asked(monkeypatch, server.url, "eu-west-1")
    assert found == Caller("111122223333", "arn:aws:iam::111122223333:user/me", "eu-west-1")


def test_where_nobody_names_a_region(monkeypatch, account):
    with FakePrometheus(always(Reply(CALLER, 200, "text/xml"))) as server:
        assert asked(monkeypatch, server.url, None).region == "us-east-1"
        monkeypatch.setenv("AWS_REGION", "eu-west-3")
        assert asked(monkeypatch, server.url, None).region == "eu-west-3"


@pytest.mark.parametrize("code", ["InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken"])
def test_credentials_that_are_refused(monkeypatch, account, code):
    with FakePrometheus(always(refusal(code))) as server, pytest.raises(ConfigError) as e:
        asked(monkeypatch, server.url)
    assert code in e.value.message
    assert "sign in again" in (e.value.hint or "")


def test_no_credentials(monkeypatch):
    with pytest.raises(ConfigError) as e:
        asked(monkeypatch, "http://127.0.0.1:1")
    assert e.value.status is Status.USAGE
    assert "aws configure" in (e.value.hint or "")


def test_a_profile_that_does_not_exist(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(ConfigError, match="nobody"):
        asked(monkeypatch, "http://127.0.0.1:1")


@pytest.mark.parametrize("kind", ["closed", "silent", "broken"])
def test_where_nothing_answers_it_is_said_in_five_seconds(monkeypatch, account, kind):
    replies = {"silent": Reply(CALLER, wait_s=6), "broken": refusal("InternalFailure", 500)}
    with FakePrometheus(always(replies.get(kind, Reply()))) as server:
        url = "http://127.0.0.1:1" if kind == "closed" else server.url
        began = time.monotonic()
        with pytest.raises(UnreachableError) as e:
            asked(monkeypatch, url)
        assert time.monotonic() - began < 5
    assert "AWS" in e.value.message


def test_a_region_that_nobody_knows_is_why_nothing_answers(monkeypatch, account):
    with pytest.raises(ConfigError, match="AWS has no region 'us-esat-1'") as e:
        asked(monkeypatch, "http://127.0.0.1:1", "us-esat-1")
    assert (e.value.hint or "").startswith("did you mean `us-")


def test_an_answer_that_is_none(monkeypatch, account):
    with (
        FakePrometheus(always(Reply(b"<html>hello</html>", 200, "text/html"))) as server,
        pytest.raises(ConfigError) as e,
    ):
        asked(monkeypatch, server.url)
    assert "is not AWS" in e.value.message
