"""Every way a server or the way to it can fail, each as an error that says what to do."""

from __future__ import annotations

import socket
import time

import pytest
import requests
import urllib3
from fakes.prometheus_server import Asked, FakePrometheus, Reply, always, error, matrix, success

from smartcloudops.core.errors import ConfigError, DataError, ScoError, Status, UnreachableError
from smartcloudops.core.http import translate
from smartcloudops.core.settings import Metric
from smartcloudops.metrics.prometheus import Prometheus
from smartcloudops.metrics.series import Window
from smartcloudops.metrics.transport import Connection

WINDOW = Window(1_700_000_000_000, 1_700_000_300_000, 60_000)
CPU = Metric("cpu", "rate(x[5m])")
WHOLE = matrix(({"instance": "a"}, [(1_700_000_000 + 60 * i, "1.5") for i in range(6)]))


def fault(reply: Reply, **settings: object) -> ScoError:
    """The error of one fetch; its text holds no credentials, and `check` never raises anything foreign."""
    with FakePrometheus(always(reply)) as server:
        url = server.url.replace("http://", "http://me:hidden@")
        source = Prometheus(Connection(url, **settings))  # type: ignore[arg-type]
        with pytest.raises(ScoError) as raised:
            source.fetch(CPU, WINDOW)
        source.close()
    said = f"{raised.value.message} {raised.value.hint}"
    assert "hidden" not in said
    assert raised.value.hint
    return raised.value


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def test_down() -> None:
    source = Prometheus(Connection(f"http://127.0.0.1:{free_port()}"))
    for ask in (source.check, lambda: source.fetch(CPU, WINDOW), source.metric_names):
        with pytest.raises(UnreachableError, match="connection refused") as raised:
            ask()
        assert raised.value.status is Status.UNREACHABLE
        assert source.where in raised.value.message


def test_a_name_that_does_not_resolve() -> None:
    pool = urllib3.HTTPConnectionPool("nowhere.invalid")
    cause = urllib3.exceptions.NameResolutionError("nowhere.invalid", pool, socket.gaierror(-2, "unknown"))  # type: ignore[arg-type]
    e = requests.ConnectionError(urllib3.exceptions.MaxRetryError(pool, "/", cause))
    cause.__cause__ = socket.gaierror(-2, "unknown")
    said = translate(e, where="http://nowhere.invalid", timeout_s=1)
    assert isinstance(said, UnreachableError)
    assert "does not resolve" in said.message


@pytest.mark.parametrize("status", [401, 403])
def test_credentials_refused(status: int) -> None:
    raised = fault(Reply(b"no", status=status, type="text/plain"))
    assert isinstance(raised, ConfigError)
    assert "token_file" in str(raised.hint)


def test_an_expression_the_server_cannot_parse() -> None:
    raised = fault(Reply(error("bad_data", "parse error: unexpected end"), status=400))
    assert isinstance(raised, ConfigError)
    for part in ("'cpu'", "rate(x[5m])", "parse error: unexpected end"):
        assert part in raised.message


def test_an_expression_the_server_cannot_run() -> None:
    said = "query processing would load too many samples into memory in query execution"
    raised = fault(Reply(error("execution", said), status=422))
    assert isinstance(raised, ConfigError)
    assert said in raised.message
    assert "narrow" in str(raised.hint)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_too_busy_after_all_retries(status: int) -> None:
    with FakePrometheus(always(Reply(error("timeout", "overloaded"), status=status))) as server:
        with pytest.raises(UnreachableError, match="overloaded"):
            Prometheus(Connection(server.url)).fetch(CPU, WINDOW)
        assert len(server.asked) == 4


def test_a_passing_fault_is_not_noticed() -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(b"", status=503, headers={"Retry-After": "0"}) if len(server.asked) < 3 else Reply(WHOLE)

    with FakePrometheus(answer) as server:
        assert Prometheus(Connection(server.url)).fetch(CPU, WINDOW).values.shape == (1, 6)


def test_an_internal_error_is_not_repeated() -> None:
    with FakePrometheus(always(Reply(error("internal", "disk"), status=500))) as server:
        with pytest.raises(UnreachableError, match="status 500: disk"):
            Prometheus(Connection(server.url)).fetch(CPU, WINDOW)
        assert len(server.asked) == 1


def test_slow() -> None:
    started = time.monotonic()
    raised = fault(Reply(WHOLE, wait_s=1.0), timeout_s=0.2)
    assert isinstance(raised, UnreachableError)
    assert "0.2 s" in raised.message
    assert time.monotonic() - started < 3


def test_a_body_that_comes_byte_by_byte_ends_in_time() -> None:
    started = time.monotonic()
    raised = fault(Reply(WHOLE, drip_s=0.01), total_s=0.3)
    assert isinstance(raised, UnreachableError)
    assert "still sending" in raised.message
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("cut", [0, 1, 60, len(WHOLE) - 1])
def test_cut_off_in_mid_body(cut: int) -> None:
    raised = fault(Reply(WHOLE, cut=cut))
    assert isinstance(raised, UnreachableError)
    assert "broke off" in raised.message


def test_json_that_ends_too_early() -> None:
    raised = fault(Reply(WHOLE[:-5]))
    assert isinstance(raised, UnreachableError)
    assert "broke off in mid-answer" in raised.message


def test_a_huge_answer() -> None:
    raised = fault(Reply(WHOLE * 100), max_bytes=1_000)
    assert isinstance(raised, DataError)
    assert "'cpu'" in raised.message
    assert "sum by" in str(raised.hint)


@pytest.mark.parametrize("status", [200, 404, 400])
def test_a_web_page(status: int) -> None:
    raised = fault(Reply(b"<html>Welcome</html>", status=status, type="text/html"))
    assert isinstance(raised, ConfigError)
    assert "does not speak the Prometheus API" in raised.message


def test_check_knows_a_web_page_too() -> None:
    page = always(Reply(b"<html>Welcome</html>", type="text/html"))
    with FakePrometheus(page) as server, pytest.raises(ConfigError, match="does not speak"):
        Prometheus(Connection(server.url)).check()


def test_an_answer_packed_wrongly() -> None:
    raised = fault(Reply(b"not gzip", headers={"Content-Encoding": "gzip"}), compression="on")
    assert isinstance(raised, UnreachableError)


def test_redirects_are_not_followed_with_credentials() -> None:
    to = {"Location": "http://me:hidden@elsewhere.example/prom/api/v1/query_range?query=1"}
    raised = fault(Reply(status=302, headers=to))
    assert isinstance(raised, ConfigError)
    assert "http://elsewhere.example/prom " in raised.message


def test_the_list_of_names_follows_no_redirect() -> None:
    to = {"Location": "http://127.0.0.1:1/"}
    with FakePrometheus(always(Reply(status=302, headers=to))) as server, pytest.raises(ScoError):
        Prometheus(Connection(server.url)).metric_names()


@pytest.mark.parametrize("kind", ["scalar", "vector", "string"])
def test_an_answer_of_another_kind(kind: str) -> None:
    raised = fault(Reply(success({"resultType": kind, "result": [1, "1"]})))
    assert isinstance(raised, ConfigError)
    assert f"gives a {kind}" in raised.message


@pytest.mark.parametrize("url", ["", "localhost:9090", "ftp://x", "http://", "http://[::1", "http://x:port"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ConfigError, match="http://prometheus") as raised:
        try:
            Prometheus(Connection(url))
        except ConfigError as e:
            raise ConfigError(f"{e.message} {e.hint}") from e
    assert raised.value.status is Status.USAGE


def test_a_certificate_file_that_is_not_there() -> None:
    with pytest.raises(ConfigError):
        Prometheus(Connection(f"https://127.0.0.1:{free_port()}", ca="/nowhere/ca.pem")).check()


def test_two_kinds_of_credentials_at_once() -> None:
    with pytest.raises(ConfigError, match="both"):
        Prometheus(Connection("http://127.0.0.1:1", token="a", user="b")).check()
