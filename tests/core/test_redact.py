"""Secrets never survive; ordinary text does."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.core.redact import MASK, Redactor, redact

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("GET http://admin:hunter2@prom:9090/api failed", "hunter2"),
        ("postgres://u:p/a?ss@db/x", "p/a?ss"),
        ("https://ghtoken@github.com/x", "ghtoken"),
        ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("authorization: Bearer abc.def-ghi", "abc.def-ghi"),
        ("{'Authorization': 'Bearer abcdefghij'}", "abcdefghij"),
        ("sent bearer abcdefghijkl to it", "abcdefghijkl"),
        ("Authorization: AWS4-HMAC-SHA256 Credential=AK/2026/x, Signature=fe5f80", "fe5f80"),
        ("key AKIAIOSFODNN7EXAMPLE used", "AKIAIOSFODNN7EXAMPLE"),
        (f"aws_secret_access_key = {AWS_SECRET}", AWS_SECRET),
        (f"AKIAIOSFODNN7EXAMPLE {AWS_SECRET}", AWS_SECRET),
        (f"AWS_SECRET_ACCESS_KEY={AWS_SECRET}", AWS_SECRET),
        ("password=hunter2 next", "hunter2"),
        ('db_password: "hunter2 with space"', "hunter2"),
        ('{"api_key": "abc123", "x": 1}', "abc123"),
        ("OPENAI_API_KEY='abc 123'", "abc 123"),
        ("token=abc123&x=1", "abc123"),
        ('"access_token": "abc123"', "abc123"),
        ("client_secret=abc123", "abc123"),
        ('cut off: password="hunter2 and', "hunter2"),
        ("mysql --password hunter2 -h x", "hunter2"),
        ("x --api-key=hunter2", "hunter2"),
        (PEM, "MIIEow"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEow cut off", "MIIEow"),
        (f"cookie {JWT} seen", JWT),
        ("key sk-proj-abcdefghijklmnop1234 used", "sk-proj-abcdefghijklmnop1234"),
        ("AIzaSyA1234567890abcdefghijklmnopqrstuv", "AIzaSyA1234567890abcdefghijklmnopqrstuv"),
        ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, secret: str) -> None:
    masked = redact(text)
    assert secret not in masked
    assert MASK in masked
    assert redact(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        'http_requests_total{job="token-service",path="/password/reset",code="200"} 12',
        'sum by (instance) (rate(node_cpu_seconds_total{mode!="idle"}[5m])) > 0.9',
        "http://prom:9090/api/v1/query_range?query=up&start=1&end=2&step=300",
        "mail ops@example.com about http://x and y@z",
        "parse error: unexpected token: '}' at char 12",
        "max_tokens=100, tokens: 12, token_bucket_size=4",
        "commit 8b650a70c3f9e1d2a4b5c6d7e8f901234567890a of 2026-11-20T10:00:00Z",
        "password_env names a variable that is not set",
        "sk-learn, task-force and desk-bound are words",
        "the primary key: id; sort key = time",
        "bearer of bad news",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "i-0abcd1234ef567890 in us-east-1a, arn:aws:s3:::bucket/prefix",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


PIECES = st.sampled_from(
    [
        "://",
        "@",
        "password=",
        "token: ",
        '"',
        "'",
        "Authorization: ",
        "Bearer ",
        "AKIA",
        "sk-",
        "eyJ",
        "***",
        "*",
        "key",
        "=",
        "\n",
        " ",
        "--password ",
        "-----BEGIN PRIVATE KEY-----",
    ]
)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=12).map("".join)


@given(TEXTS)
def test_masking_twice_is_masking_once(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


SECRETS = st.one_of(st.text(min_size=4, max_size=12), st.text("*ab", min_size=4, max_size=7))


@given(st.lists(SECRETS, min_size=1, max_size=3), TEXTS, TEXTS)
def test_a_registered_secret_never_survives(secrets: list[str], before: str, after: str) -> None:
    redactor = Redactor()
    for secret in secrets:
        redactor.register(secret)
    masked = redactor.redact(before + "".join(secrets) + after + secrets[0])
    for secret in secrets:
        assert secret not in masked or not secret.strip("*")
    assert redactor.redact(masked) == masked


def test_short_texts_are_not_registered() -> None:
    redactor = Redactor()
    redactor.register("abc")
    redactor.register("")
    assert redactor.redact("abc") == "abc"


def test_a_megabyte_of_log_without_secrets_is_fast() -> None:
    line = '10.0.0.1 - - [20/Nov/2026:10:00:00 +0000] "GET /api/items?page=2 HTTP/1.1" 200 512 "-" "curl/8"\n'
    text = line * (1_000_000 // len(line))
    start = time.process_time()
    assert redact(text) == text
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize(
    "piece",
    ["://", "a:", "eyJ", "password=", "A/", "-----BEGIN PRIVATE KEY-----", "a-", "eyJ-", "--a-", "password ", "token "],
)
def test_hostile_text_takes_no_more_than_linear_time(piece: str) -> None:
    text = "secret aws " + piece * (100_000 // len(piece))
    start = time.process_time()
    redact(text)
    assert time.process_time() - start < 2.0
