"""S3 as it fails: denied, archived, busy, cut, swapped, elsewhere; with boto3's parts and with obstore."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fakes.faulty_s3 import ALWAYS, FaultyS3, Script

from smartcloudops.core.errors import ConfigError, ScoError, Status, UnreachableError
from smartcloudops.core.settings import Logs
from smartcloudops.logs.ahead import fetched
from smartcloudops.logs.objects import LogObject, Unread
from smartcloudops.logs.sources.patience import BROKEN, BUSY, Patience
from smartcloudops.logs.sources.s3 import S3

WHOLE = bytes(range(256)) * 400
CLIENTS = ["boto3", "obstore"]


class Bench:
    """A source over a faulty server. `slept` are the pauses that it made; "ok" was read, so that its client is set."""

    def __init__(self, server: FaultyS3, client: str) -> None:
        self.server, self.script, self.slept = server, server.script, []
        settings = Logs(uri="s3://ops/logs/", endpoint=server.url, client=client, region="eu-west-1")
        self.source = S3("web", settings, patience=lambda: Patience(sleep=self.slept.append, clock=lambda: 0.0))
        self.reader = self.source.reader()
        self.reader.read(self.put("ok", b"ok"))

    def put(self, key: str, data: bytes = WHOLE) -> LogObject:
        self.server.objects[f"logs/{key}"] = data
        return next(self.source.objects(key))

    def refuse(self, key: str, *refusal: object) -> LogObject:
        one = self.put(key)
        self.script.refusals[f"logs/{key}"] = refusal
        return one

    def asked(self, key: str) -> int:
        return len(self.server.gets(f"logs/{key}"))

    def unread(self, one: LogObject) -> Unread:
        with pytest.raises(Unread) as e:
            self.reader.read(one)
        with pytest.raises(Unread) as again:
            list(self.reader.stream(one, start=1))
        assert again.value.damage == e.value.damage
        return e.value


@pytest.fixture(scope="module", params=CLIENTS)
def made(request) -> Iterator[Bench]:
    if request.param == "obstore":
        pytest.importorskip("obstore")
    with FaultyS3() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
        yield Bench(server, request.param)


@pytest.fixture
def bench(made) -> Bench:
    made.server.script = made.script = Script()
    made.slept.clear()
    made.server.requests.clear()
    return made


@pytest.mark.parametrize(
    ("refusal", "damage", "words"),
    [
        ((403, "AccessDenied", "not\x9b2J you"), "denied", r"not\x9b2J you"),
        ((403, "KMS.DisabledException", "key disabled"), "denied", "encrypted"),
        ((400, "KMS.DisabledException", "key disabled"), "denied", "encrypted"),
        ((400, "InvalidRequest", "The object was stored using a form of Server Side Encryption."), "denied", "Encr"),
        ((403, "InvalidObjectState", "no"), "archived", "restore it first"),
        ((404, "NoSuchKey", "no"), "gone", "deleted"),
        ((412, "PreconditionFailed", "no"), "changed", "replaced"),
        ((416, "InvalidRange", "no"), "changed", "replaced"),
        ((400, "SomethingNew", "who knows"), "unreadable", "SomethingNew"),
    ],
)
def test_what_is_wrong_with_one_object_is_its_own_trouble(bench, refusal, damage, words):
    one = bench.refuse("bad", *refusal)
    found = bench.unread(one)
    assert found.damage == damage and words in found.why and found.why.isprintable()
    assert bench.reader.read(next(bench.source.objects("ok"))) == b"ok"
    assert not bench.slept


@pytest.mark.parametrize(
    ("refusal", "status", "words"),
    [
        ((403, "InvalidAccessKeyId", "no"), Status.USAGE, "credentials are refused"),
        ((403, "SignatureDoesNotMatch", "no"), Status.USAGE, "credentials are refused"),
        ((400, "ExpiredToken", "no"), Status.USAGE, "credentials are refused"),
        ((404, "NoSuchBucket", "no"), Status.USAGE, "no such bucket"),
        ((403, "RequestTimeTooSkewed", "no"), Status.USAGE, "clock"),
    ],
)
def test_what_is_wrong_with_all_of_them_ends_it(bench, refusal, status, words):
    one = bench.refuse("bad", *refusal)
    with pytest.raises(ScoError, match=words) as e:
        bench.reader.read(one)
    assert e.value.status == status and "PutObject" not in str(e.value.hint)


def test_a_busy_server_is_asked_again_after_a_while(bench):
    one = bench.put("busy")
    bench.script.busy["logs/busy"] = 3
    assert bench.reader.read(one) == WHOLE
    assert bench.asked("busy") == 4 and len(bench.slept) >= 3


def test_a_server_that_stays_busy_is_given_up(bench):
    one = bench.put("busy")
    bench.script.busy["logs/busy"] = ALWAYS
    found = bench.unread(one)
    assert found.damage == "busy" and "also when asked again" in found.why
    assert bench.asked("busy") == 2 * BUSY


def test_all_threads_leave_a_busy_server_alone():
    now, slept = [0.0], []
    patience = Patience(sleep=slept.append, chance=lambda: 1.0, clock=lambda: now[0])
    assert patience.again(3, busy=True)
    patience.enter()
    now[0] = 5.0
    patience.enter()
    assert slept == [0.8, 0.8]


def test_a_cut_body_goes_on_where_it_broke(bench):
    one = bench.put("cut")
    bench.script.cuts["logs/cut"] = [50_000, 20_000, 10_000]
    assert bench.reader.read(one) == WHOLE
    ranges = [r.headers.get("range") for r in bench.server.gets("logs/cut")]
    assert ranges[0] is None and ranges[-1] != ranges[0]
    assert all(r.headers["if-match"] == one.etag for r in bench.server.gets("logs/cut"))


def test_a_stream_goes_on_where_it_broke(bench):
    one = bench.put("cut")
    bench.script.cuts["logs/cut"] = [10, 20_000, 5]
    pieces = bench.reader.stream(one, start=7, piece=30_000)
    assert b"".join(pieces) == WHOLE[7:]


def test_where_connections_break_less_is_asked_for_at_a_time(bench):
    large = os.urandom(9 << 20)
    one = bench.put("large", large)
    bench.script.cuts["logs/large"] = [5 << 20, 3 << 20, 2 << 20]
    assert bench.reader.read(one) == large
    spans = [r.headers.get("range") for r in bench.server.gets("logs/large")]
    assert len(spans) <= 12 and spans[-1].endswith(f"-{len(large) - 1}")


def test_what_came_before_the_last_break_is_given_out(bench):
    one = bench.put("cut")
    bench.script.cuts["logs/cut"] = [100] * 60
    given = b""
    with pytest.raises(Unread) as e:
        for piece in bench.reader.stream(one):
            given += piece
    assert e.value.damage == "broken off"
    assert given == WHOLE[: len(given)] and len(given) == 100 * BROKEN
    bench.script.cuts["logs/cut"] = [100] * 60
    with pytest.raises(Unread, match="also when resumed") as whole:
        bench.reader.read(one)
    assert whole.value.got == given
    bench.script.cuts["logs/cut"] = [100] * 60
    ahead = fetched(iter([one]), bench.reader, budget=1 << 20)
    pieces = next(ahead).pieces
    assert next(pieces) == given
    with pytest.raises(Unread, match="also when resumed"):
        next(pieces)


def test_a_swap_in_the_middle_is_a_change_and_never_a_mixture(bench):
    one = bench.put("swap")
    bench.script.swaps["logs/swap"] = WHOLE[::-1]
    pieces = bench.reader.stream(one, piece=40_000)
    assert next(pieces) == WHOLE[:40_000]
    with pytest.raises(Unread) as e:
        next(pieces)
    assert e.value.damage == "changed"


def test_a_stored_encoding_is_left_as_it_is(bench):
    import gzip

    packed = gzip.compress(b"text")
    one = bench.put("packed.gz", packed)
    bench.script.headers["logs/packed.gz"] = {"Content-Encoding": "gzip"}
    assert bench.reader.read(one) == packed == b"".join(bench.reader.stream(one))


@pytest.mark.parametrize("key", ["a//b", "/a", "a/../b", "a/./b", "a b+%2F#?&=é\u20ac.log", "x" * 900, "tab\t.log"])
def test_any_key_is_read_as_it_is_called(bench, key):
    one = bench.put(key, key.encode())
    assert one.key == key and bench.reader.read(one) == key.encode()
    assert bench.server.requests[-1].key == f"logs/{key}"


def test_an_empty_object_costs_no_request(bench):
    one = bench.put("empty", b"")
    assert bench.reader.read(one) == b"" and list(bench.reader.stream(one)) == []
    assert not bench.asked("empty")


def test_threads_share_a_reader(bench):
    ones = [bench.put(f"many/{n}", str(n).encode() * 1000) for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(bench.reader.read, ones))
    assert found == [str(n).encode() * 1000 for n in range(40)]


def test_no_server_is_unreachable_for_all(bench):
    one = bench.put("ok", b"ok")
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    settings = Logs(uri="s3://ops/logs/", endpoint=f"http://127.0.0.1:{port}", unsigned=True)
    source = S3("web", settings, attempts=1, patience=lambda: Patience(sleep=bench.slept.append))
    with pytest.raises(UnreachableError, match="no answer to read it"):
        source.reader().read(one)
    assert len(bench.slept) == BROKEN - 1
    with pytest.raises(UnreachableError, match="no answer to list it"):
        list(source.objects())


def test_a_child_has_connections_of_its_own(bench):
    """What a parent has read and listed with stays the parent's."""
    ones = [bench.put(f"fork/{n}") for n in range(3)]
    parent = {r.connection for r in bench.server.requests}
    source = bench.source
    before = len(bench.server.requests)
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            reader = source.reader()
            os.write(writable, b"1" if all(reader.read(one) == WHOLE for one in ones) else b"0")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(readable, 1) == b"1"
    theirs = {r.connection for r in bench.server.requests[before:]}
    assert theirs and not theirs & parent
    assert bench.reader.read(ones[0]) == WHOLE
    os.close(readable)
    os.close(writable)


def test_listing_says_what_it_was_refused(bench):
    bench.script.listing = (403, "AccessDenied", "no")
    with pytest.raises(ConfigError, match="access denied to list it") as e:
        list(bench.source.objects())
    assert "s3:ListBucket" in str(e.value.hint) and "Delete" not in str(e.value.hint)


def test_readers_of_many_threads_count_listings(bench):
    before = bench.source.listings
    threads = [threading.Thread(target=lambda: list(bench.source.objects())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bench.source.listings == before + 8
