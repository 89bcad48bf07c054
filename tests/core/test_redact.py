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


# Made up, and put together here, so that no scanner takes this file for a leak.
ALNUM = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0"
HEX = "0123456789abcdef" * 4
BODY = "MIIEowIBAAKCAQEAy8Dbv8prpJ"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        *(
            (f"seen {begin}{ALNUM} there", f"{begin}{ALNUM}")
            for begin in (
                *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "gldt-", "glrt-", "hf_", "npm_"),
                *("sk-", "sk-proj-", "sk-ant-api03-", "sk-or-v1-", "sk_live_", "rk_live_", "sk_test_", "whsec_"),
                *("xoxb-", "xoxp-", "xapp-1-", "AIza", "GOCSPX-", "ya29.", "1//0", "gsk_", "xai-", "hvs.", "glsa_"),
                *("dckr_pat_", "tskey-auth-", "sntrys_", "ATATT3"),
            )
        ),
        (f"pypi-{ALNUM}{ALNUM}", ALNUM),
        (f"SG.{ALNUM[:22]}.{ALNUM}", ALNUM[:22]),
        (f"SK{HEX[:32]}", HEX[:32]),
        (f"key-{HEX[:32]}", HEX[:32]),
        (f"dapi{HEX[:32]}", HEX[:32]),
        (f"dop_v1_{HEX}", HEX),
        (f"x=ASIA{ALNUM[:16].upper()}", f"ASIA{ALNUM[:16].upper()}"),
        (f"IQoJb3JpZ2lu{ALNUM}{ALNUM}{ALNUM}", ALNUM),
        (f"client abc8Q~{ALNUM[:34]} of Azure", ALNUM[:34]),
        (f"AccountName=x;AccountKey={ALNUM}==;EndpointSuffix=core.windows.net", ALNUM),
        (f"Endpoint=sb://x.net/;SharedAccessKeyName=Root;SharedAccessKey={ALNUM}=", ALNUM),
        (f"https://x.blob.core.windows.net/c?sv=2024-01-01&se=2026&sig={ALNUM}%3D&sp=r", ALNUM),
        (f"https://b.s3.amazonaws.com/k?X-Amz-Expires=9&X-Amz-Signature={HEX}", HEX),
        (f"https://hooks.slack.com/services/T0A1B2C3D/B0A1B2C3D/{ALNUM[:24]}", ALNUM[:24]),
        (f"https://discord.com/api/webhooks/123456789/{ALNUM}", ALNUM),
        (f"https://api.telegram.org/bot123456789:AA{ALNUM[:33]}/send", ALNUM[:33]),
        ('{"type":"service_account","private_key":"-----BEGIN PRIVATE KEY-----\\nMIIEow\\n-----END', "MIIEow"),
        (f"-----BEGIN OPENSSH PRIVATE KEY-----\n{BODY}\n-----END OPENSSH PRIVATE KEY-----", BODY),
        (f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{BODY}\n-----END PGP PRIVATE KEY BLOCK-----", BODY),
        (f"cut: {BODY}\n{BODY}\n-----END RSA PRIVATE KEY-----", BODY),
        ("DATABASE_URL=postgres://app:s3cr3t@db/x", "s3cr3t"),
        ("root:hunter2@tcp(db:3306)/shop", "hunter2"),
        ('{"msg": "{\\"password\\": \\"hunter2 x\\"}"}', "hunter2"),
        ('"{\\\\\\"secret\\\\\\":\\\\\\"hunter2\\\\\\"}"', "hunter2"),
        ("&quot;password&quot;:&quot;hunter2&quot;", "hunter2"),
        ("?q=%7B%22password%22%3A%22hunter2%22%7D", "hunter2"),
        ("password: |\n  hunter2\n", "hunter2"),
        ("Password:\nhunter2\n", "hunter2"),
        ("<db><password>hunter2 x</password></db>", "hunter2"),
        ('- name: DB_PASSWORD\n  value: "hunter2"', "hunter2"),
        ('{"name":"API_TOKEN","value":"hunter2"}', "hunter2"),
        ("data:\n  password: aHVudGVyMg==", "aHVudGVyMg=="),
        ("the password is hunter2, he said", "hunter2"),
        ("password was 'open sesame'", "open sesame"),
        ("Server=x;Uid=sa;Pwd=hunter2;", "hunter2"),
        ("MYSQL_PWD=hunter2", "hunter2"),
        ("SMTP_PASS=hunter2", "hunter2"),
        ("GET /login?user=x&pass=hunter2", "hunter2"),
        ('{job="x", password=~"hunter2.*"}', "hunter2"),
        ("SECRET_KEY_BASE=hunter2", "hunter2"),
        ("spring.datasource.password=hunter2", "hunter2"),
        ("DD_API_KEY=hunter2", "hunter2"),
        ("DD-APPLICATION-KEY: hunter2", "hunter2"),
        ("NEW_RELIC_LICENSE_KEY=hunter2", "hunter2"),
        ("TWILIO_AUTH_TOKEN=hunter2", "hunter2"),
        ("API key: hunter2", "hunter2"),
        ("X-Api-Key: hunter2", "hunter2"),
        ("Cookie: session=hunter2; theme=dark", "hunter2"),
        ("set-cookie: sid=hunter2; HttpOnly", "hunter2"),
        ("Proxy-Authorization: Basic hunter2", "hunter2"),
        (f"accessToken: {ALNUM}", ALNUM),
        (f"token: {ALNUM}", ALNUM),
        (f"//registry.npmjs.org/:_auth={ALNUM}", ALNUM),
        ('{"auths": {"x": {"auth": "dXNlcjpwYXNz"}}}', "dXNlcjpwYXNz"),
        ("CREATE USER x IDENTIFIED BY 'hunter2'", "hunter2"),
        ("ALTER ROLE x WITH PASSWORD 'hunter2'", "hunter2"),
        ("sshpass -p hunter2 ssh x", "hunter2"),
        ("curl -s -u admin:hunter2 http://x/", "hunter2"),
        ("machine x login y password hunter2", "hunter2"),
        ("requirepass hunter2", "hunter2"),
        ("tool --db-password hunter2 -v", "hunter2"),
    ],
)
def test_what_is_a_secret_elsewhere_is_masked(text: str, secret: str) -> None:
    masked = redact(text)
    assert secret not in masked
    assert MASK in masked
    assert redact(masked) == masked


def test_what_stands_around_a_secret_stays_readable() -> None:
    assert redact('{"api_key": "abc123", "x": 1}') == '{"api_key": "***", "x": 1}'
    assert redact("http://admin:hunter2@prom:9090/api") == "http://***@prom:9090/api"
    assert redact("tool --token abc next") == "tool --token *** next"


@pytest.mark.parametrize(
    "text",
    [
        'kube_pod_container_info{container="api",pod="checkout-7d9f8b6c5d-x2x4z",'
        'image="registry.example.com/shop/api@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",'
        'container_id="containerd://4c01db0b339c3d0f4b2e2a4f4c7a3c2c1b0a9f8e7d6c5b4a39281706f5e4d3c2"} 1',
        'pod="sk-learn-serving-7d9f8b6c5d-x2x4z"',
        'pod="gl-patience-0", node="ip-10-0-3-7.eu-west-1.compute.internal"',
        "uid 3f2504e0-4f89-11d3-9a0c-0305e82c3301, incident 4f1c9a2b, trace 4bf92f3577b34da6a3ce929d0e0e4736",
        'argocd_app_info{repo="https://github.com/x/y",revision="8b650a70c3f9e1d2a4b5c6d7e8f901234567890a"} 1',
        'up{instance="[2001:db8::1]:9100"} 1 1763978400000',
        'etcd_disk_wal_fsync_duration_seconds_bucket{le="0.001"} 4.2e+06',
        "go: PWD=/home/app OLDPWD=/ HOME=/root pwd: /srv/app",
        "12 tests pass: 11, pass rate = 0.9, bypass=true, compass: north",
        "password is required; the password was changed; password to be set; passwords: 3",
        "the token is 3600 seconds old; unexpected token: identifier",
        "keys=12 key=value primary key: id, sort-key: time, hotkey=ctrl, monkey: x",
        "cookies are on; a cookie jar",
        "docker run -u 1000:1000 --user 1000:1000 image",
        "author=bob authority: x oauth2 auth_requests_total 12",
        "sig=1 signal=9 design=x signatures: 2",
        "SKU SKILL task_id sk_buff rk_count npm_config hf_total key-value",
        'rate(http_requests_total{path=~"/api/v1/.*",code!~"5.."}[5m]) > 0.1 # secretary, tokens',
        'ts=2026-11-20T10:00:00.123Z level=info caller=main.go:42 msg="Done" hash=9f86d081884c7d65 took=12ms',
        "i-0abcd1234ef567890 vol-0a1b2c3d4e5f67890 ami-0123456789abcdef0 eni-0fedcba9876543210 m5.2xlarge",
    ],
)
def test_what_only_resembles_a_secret_stays(text: str) -> None:
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
        "-----END PRIVATE KEY-----",
        "password is ",
        "secret",
        "\\",
        '\\"',
        ": ",
        "&quot;",
        "%22",
        "%3D",
        "|\n ",
        "value: ",
        "</",
        ">",
        "cookie: ",
        "ghp_",
        "a1b2c3d4e5f6a7b8c9d0",
        "curl -u x:",
        "sig=",
        "İ",
    ]
)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=12).map("".join)


@given(TEXTS)
def test_masking_twice_is_masking_once(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(TEXTS)
def test_masking_adds_no_more_than_a_mask_for_each_character(text: str) -> None:
    assert len(redact(text)) <= len(MASK) * len(text)


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


def test_five_megabytes_of_metrics_without_secrets_are_fast() -> None:
    line = (
        'node_cpu_seconds_total{instance="web-2.prod.example.com:9100",mode="idle",pod="checkout-7d9f8b6c5d-x2x4z",'
        'container_id="containerd://9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"} 12345.6 17639\n'
    )
    text = line * (5_000_000 // len(line))
    start = time.process_time()
    assert redact(text) == text
    assert time.process_time() - start < 1.0


HOSTILE = [
    *(
        "://",
        "a:",
        "eyJ",
        "password=",
        "A/",
        "-----BEGIN PRIVATE KEY-----",
        "a-",
        "eyJ-",
        "--a-",
        "password ",
        "token ",
    ),
    *("-----BEGIN ", "A\n", "://a", "://a:", "://@", "@tcp(", "a:@tcp(", "cookie:", "cookie: \\", "bearer ", "pass"),
    *("password:\n", "password: |\n", "password\\", 'password=\\"', "password&quot;", "password%22%3D", "pass>x"),
    *(
        "password is ",
        "secret_key",
        "api key",
        "key",
        'key="',
        "key='",
        "name_key value: ",
        "pwd=",
        "token:",
        "token: ",
    ),
    *(
        "--password ",
        "sig=",
        "signature=",
        "'auth': '",
        "_auth=",
        "identified by '",
        "sshpass -p ",
        "curl -u x",
        "curl ",
    ),
    *(
        "machine a login b password ",
        "machine a ",
        "requirepass ",
        "/bot1234567890:",
        "Q~",
        "aaa1Q~",
        "AKIA",
        "SG.a",
        "sk-",
    ),
    *("xoxb-", "ghp_", "glpat", "SKSK", "1//0", "FwoG", "aA1", "***", "İ", "password", "Password: a\n", "\\\\", '"'),
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_hostile_megabyte_takes_no_more_than_linear_time(piece: str) -> None:
    text = "secret aws " + piece * (1_000_000 // len(piece))
    start = time.process_time()
    redact(text)
    assert time.process_time() - start < 2.0
