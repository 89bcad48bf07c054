"""One way to AWS: a session by the account's usual settings, `s3://` addresses, and what AWS said no with in our words.

Credentials, profile and region come from where every AWS tool looks (variables, `~/.aws`, the machine's role);
`AWS_ENDPOINT_URL` (or `AWS_ENDPOINT_URL_S3`) names another server that speaks S3. Whoever calls may name a profile, a
role, a region or an endpoint instead. boto3 is imported in the bodies: it takes a fifth of a second.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from smartcloudops.core.errors import ConfigError, ScoError, UnreachableError
from smartcloudops.core.registry import as_any
from smartcloudops.core.text import printable
from smartcloudops.core.times import format_duration, parse_time, to_ms

CONNECTIONS = 8
CONNECT_S = 5
_READ_S, _ATTEMPTS = 30, 3
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_LONGEST_PREFIX = 512
_SAID = 300
_ENDPOINT = "check AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_S3"


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket and a prefix in it, which has no slash at its ends and may be empty.

    >>> Place("ops", "sco/prod").key("versions", "a"), Place("ops", "").key("a"), str(Place("ops", "sco"))
    ('sco/prod/versions/a', 'a', 's3://ops/sco')
    """

    bucket: str
    prefix: str

    def key(self, *parts: str) -> str:
        """The key of an object below the prefix."""
        return "/".join((self.prefix, *parts) if self.prefix else parts)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")


def parse_place(uri: str, *, setting: str) -> Place:
    """The place that `s3://bucket/prefix` names; ConfigError says what is wrong with the setting.

    >>> parse_place("s3://ops/sco/", setting="[models] s3")
    Place(bucket='ops', prefix='sco')
    """
    scheme, _, rest = uri.partition("://")
    bucket, _, prefix = rest.partition("/")
    prefix = prefix.strip("/")
    wrong = None
    if scheme != "s3" or not _BUCKET.fullmatch(bucket):
        wrong = "it is no s3://bucket/prefix"
    elif len(prefix) > _LONGEST_PREFIX or not prefix.isprintable():
        wrong = f"its prefix is longer than {_LONGEST_PREFIX} characters or holds control characters"
    elif prefix and {"", ".", ".."} & set(prefix.split("/")):
        wrong = "its prefix has an empty part, `.` or `..`"
    if wrong:
        raise ConfigError(f"{setting} = {printable(uri)!r}: {wrong}", hint=f'write {setting} = "s3://bucket/prefix"')
    return Place(bucket, prefix)


def connect(
    service: str = "s3",
    *,
    profile: str | None = None,
    role: str | None = None,
    region: str | None = None,
    endpoint: str | None = None,
    unsigned: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> Any:
    """A client of one service, safe to share between threads; ConfigError where the account's settings are wrong.

    Nothing is sent yet. Each request is tried three times, with jitter, where trying again can help. A bucket that is
    in another region is asked there. `unsigned` sends no credentials.
    """
    opened = session(profile=profile, role=role, region=region, environ=environ)
    return client(opened, service, endpoint=endpoint, unsigned=unsigned)


def session(
    *,
    profile: str | None = None,
    role: str | None = None,
    region: str | None = None,
    light: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> Any:
    """boto3's session of an account; its credentials are renewed before they expire, those of a role too.

    `light`: only what botocore gives, clients and credentials, without the tenth of a second that boto3 takes to load.
    Raises ConfigError for a profile that does not exist.
    """
    with errors("AWS"):
        from botocore.session import get_session

        from smartcloudops.core.aws_light import descriptions, light_session

        bare = as_any(get_session())
        loader = descriptions(bare.get_config_variable("data_path"))
        # Every session of boto3 adds its own folder.
        loader.search_paths[:] = dict.fromkeys(loader.search_paths)
        bare.register_component("data_loader", loader)
        bare.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_timestamp)
        # boto3 reads AWS_DEFAULT_REGION alone; every other AWS tool also knows AWS_REGION.
        place = region or environ.get("AWS_REGION") or None
        opened = light_session(bare, profile, place) if light else _boto3(bare, profile, place)
        if role is not None:
            from smartcloudops.core.aws_role import assume

            assume(bare, role)
        return opened


def _boto3(bare: Any, profile: str | None, region: str | None) -> Any:
    from boto3.session import Session

    return as_any(Session(botocore_session=bare, profile_name=profile, region_name=region))


def client(
    opened: Any,
    service: str = "s3",
    *,
    endpoint: str | None = None,
    unsigned: bool = False,
    attempts: int = _ATTEMPTS,
    connections: int = 2 * CONNECTIONS,
    read_s: float = _READ_S,
) -> Any:
    """A client of a session; each request is tried `attempts` times, silence borne for `read_s`.

    What `connect` promises holds.
    """
    with errors(endpoint or service):
        from botocore import UNSIGNED
        from botocore.config import Config

        config = Config(
            connect_timeout=CONNECT_S,
            read_timeout=read_s,
            retries={"mode": "standard", "total_max_attempts": attempts},
            max_pool_connections=connections,
            tcp_keepalive=True,
            # What is sent carries its SHA-256; further checksums would only lock out servers that know none.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            **({"signature_version": UNSIGNED} if unsigned else {}),
        )
        try:
            return opened.client(service, endpoint_url=endpoint, config=config)
        except ValueError as e:
            raise ConfigError(f"AWS cannot be asked: {_said(e)}", hint=_ENDPOINT) from e


def _timestamp(value: Any) -> datetime:
    """As botocore's own, without its 60 µs: a listing has a thousand of them."""
    if isinstance(value, str) and value.endswith("Z"):
        with suppress(ValueError):
            return datetime.fromisoformat(value)
    from botocore.utils import parse_timestamp

    found: datetime = as_any(parse_timestamp)(value)
    return found


@contextmanager
def errors(where: object, doing: str = "", *, reading: bool = False) -> Iterator[None]:
    """Translate what boto3 raises: ConfigError for what the user must mend, UnreachableError for what may pass.

    `where` is the place that was asked, `doing` what was tried, as in "put a file"; `reading`: nothing is written.
    """
    raised = _raised()
    try:
        yield
    except raised as e:
        raise translate(e, where, doing, reading=reading) from e
    except (ConnectionError, TimeoutError) as e:
        raise _unreachable(e, where, doing, reading) from e


def _raised() -> tuple[type[Exception], ...]:
    """Whatever boto3 and what it stands on raise; of a library that nobody has loaded nothing is raised."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    found = [BotoCoreError, ClientError, ResponseParserError]
    for module, name in (("boto3.exceptions", "Boto3Error"), ("s3transfer.exceptions", "RetriesExceededError")):
        if module in sys.modules:
            found.append(getattr(sys.modules[module], name))
    return as_any(tuple(found))  # type: ignore[no-any-return]


def translate(e: Exception, where: object, doing: str = "", *, reading: bool = False) -> ScoError:
    """The error that the user can act on."""
    from botocore import exceptions as raised
    from botocore.parsers import ResponseParserError
    from s3transfer.exceptions import RetriesExceededError

    if isinstance(e, RetriesExceededError):
        return translate(as_any(e.last_exception), where, doing, reading=reading)
    if isinstance(e, raised.ClientError):
        return _refused(e.response, str(where), doing, reading)
    if isinstance(e, ResponseParserError):
        return _foreign(where, "no XML")
    if isinstance(e, raised.SSLError):
        hint = "set AWS_CA_BUNDLE to the PEM file of its authority"
        return ConfigError(f"{where}: the certificate of the server is not trusted", hint=hint)
    credentials = (
        raised.NoCredentialsError,
        raised.PartialCredentialsError,
        raised.CredentialRetrievalError,
        raised.ProfileNotFound,
        raised.TokenRetrievalError,
        raised.SSOError,
    )
    if isinstance(e, credentials):
        hint = "aws configure, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        return ConfigError(f"{where}: {_said(e)}", hint=hint)
    broken = (raised.HTTPClientError, raised.ConnectionError, raised.IncompleteReadError, ConnectionError, TimeoutError)
    if isinstance(e, broken):
        return _unreachable(e, where, doing, reading)
    return ConfigError(f"{where}: {_said(e)}", hint="check the AWS_ variables and ~/.aws/config")


def code_of(e: Exception) -> str:
    """S3's own word for an error, as `NoSuchKey`; for an answer without a body the HTTP status; "" for others."""
    response: Any = getattr(e, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def _unreachable(e: Exception, where: object, doing: str, reading: bool) -> UnreachableError:
    asked = f" to {doing}" if doing else ""
    endpoint = getattr(e, "kwargs", {}).get("endpoint_url", "")
    # boto3's own sentence repeats the URL with its key; the kind of error says what happened.
    why = _WHY.get(type(e).__name__, "the connection broke")
    at = f" ({_host(endpoint)})" if endpoint else ""
    hint = "check the network and AWS_ENDPOINT_URL, then run the command again"
    hint += "" if reading else "; what is there already is not sent twice"
    return UnreachableError(f"{where}: no answer{asked}: {why}{at}", hint=hint)


_WHY = {
    "EndpointConnectionError": "nothing answers at that address",
    "ConnectTimeoutError": f"no connection within {CONNECT_S} s",
    "ReadTimeoutError": f"silence for {_READ_S} s",
    "ProxyConnectionError": "the proxy does not let it through",
    "ConnectionClosedError": "the server broke off",
    "IncompleteReadError": "the server broke off",
}


def _host(url: str) -> str:
    from urllib.parse import urlsplit

    try:
        return printable(urlsplit(url).netloc.rpartition("@")[2])
    except ValueError:
        return printable(url)


def _refused(response: Mapping[str, Any], where: str, doing: str, reading: bool) -> ScoError:
    """An answer with an error: by S3's code, else by the HTTP status."""
    error, about = response.get("Error", {}), response.get("ResponseMetadata", {})
    code, status = str(error.get("Code", "")), int(about.get("HTTPStatusCode", 0))
    tried = f" to {doing}" if doing else ""
    if code == "NoSuchBucket":
        bucket = where.removeprefix("s3://").partition("/")[0]
        return ConfigError(
            f"{where}: there is no such bucket", hint=_SEEN if reading else f"create it: aws s3 mb s3://{bucket}"
        )
    if code in _DENIED:
        hint = "allow it for these credentials: s3:ListBucket, s3:GetObject"
        hint += "" if reading else ", s3:PutObject, s3:DeleteObject"
        return ConfigError(f"{where}: access denied{tried}: {_words(error)}", hint=hint)
    if code in _CREDENTIALS:
        hint = "sign in again, or check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"
        return ConfigError(f"{where}: the credentials are refused ({code}): {_words(error)}", hint=hint)
    if code in _REGION or status in (301, 307):
        return _elsewhere(where, error, about)
    if code == "RequestTimeTooSkewed":
        return _skewed(where, error, about)
    if code == "NotImplemented":
        hint = "[models] s3 needs conditional writes; use another server"
        return ConfigError(f"{where}: the server cannot {doing or 'do that'}: {_words(error)}", hint=hint)
    foreign = not about.get("RequestId") and not about.get("HostId")
    if status >= 500 or code in _BUSY:
        hint = "run the command again later" + (f"; is that S3? {_ENDPOINT}" if foreign else "")
        return UnreachableError(
            f"{where}: S3 is busy or broken{tried} ({code or status}), also when asked again", hint=hint
        )
    if foreign and (not code or code.isdigit()):
        return _foreign(where, f"status {status}")
    return ScoError(f"{where}: S3 refuses{tried} ({code}): {_words(error)}")


_SEEN = "check its name; aws s3 ls lists the buckets of this account"
_DENIED = ("AccessDenied", "AllAccessDisabled", "AccountProblem", "403", "Forbidden")
_CREDENTIALS = (
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
)
_REGION = (
    "PermanentRedirect",
    "TemporaryRedirect",
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
)
_BUSY = ("SlowDown", "RequestTimeout", "Throttling", "ThrottlingException", "RequestLimitExceeded")


def is_busy(e: Exception) -> bool:
    """Whether an answer says that the server is busy or broken: asking again may help."""
    status = getattr(e, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return int(status) >= 500 or code_of(e) in _BUSY


def _elsewhere(where: str, error: Mapping[str, Any], about: Mapping[str, Any]) -> ConfigError:
    region = about.get("HTTPHeaders", {}).get("x-amz-bucket-region") or error.get("Region")
    named = f"region {printable(str(region))}" if region else "another region"
    hint = f"export AWS_REGION={printable(str(region))}" if region else "set AWS_REGION to the bucket's region"
    return ConfigError(f"{where}: the bucket is in {named}, not where it was asked for: {_words(error)}", hint=hint)


def _skewed(where: str, error: Mapping[str, Any], about: Mapping[str, Any]) -> ConfigError:
    """By how much the clock is off stands in the answer: when S3 got the request, and when it says it was signed."""
    try:
        theirs = parse_time(error["ServerTime"], now=0)
        ours = to_ms(datetime.strptime(error["RequestTime"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC))
        off = f" is {format_duration(abs(ours - theirs))} {'ahead' if ours > theirs else 'behind'}"
    except (KeyError, ValueError, TypeError, ScoError):
        date = about.get("HTTPHeaders", {}).get("date")
        off = f" is wrong{f': S3 says it is {printable(str(date))}' if date else ''}"
    return ConfigError(f"{where}: this machine's clock{off}", hint="set the clock: timedatectl set-ntp true")


def _foreign(where: object, answered: str) -> ConfigError:
    return ConfigError(f"{where}: what answers there does not speak S3: {answered}", hint=_ENDPOINT)


def _words(error: Mapping[str, Any]) -> str:
    return printable(str(error.get("Message") or error.get("Code", "")))[:_SAID]


def _said(e: Exception) -> str:
    return printable(str(e))[:_SAID]
