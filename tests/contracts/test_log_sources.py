"""Every source of logs, over every client: the same keys in order, the same bytes, the same names for damage."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fakes.faulty_s3 import FaultyS3

from smartcloudops.core.settings import Logs
from smartcloudops.logs.objects import LogObject, Unread
from smartcloudops.logs.sources import SOURCES, Reader, Source

OBJECTS: dict[str, bytes] = {
    "a-b/x.log": b"x" * 10,
    "a/b/1.log": b"one\n",
    "a/b/2.log": b"two\n" * 5000,
    "a/c.log": b"c\n",
    "a.log": b"dot\n",
    "dt=2026-11-20/ä b+%20#.log": "ä\n".encode(),
    "empty.log": b"",
    "z/y/x/w.log": b"deep\n",
    "\u20ac.log": b"euro\n",
}
KEYS = sorted(OBJECTS, key=str.encode)


@dataclass
class Place:
    """A source that holds objects, and how one of them is put there or removed by somebody else."""

    source: Source
    put: Callable[[str, bytes], Any]
    remove: Callable[[str], Any]
    # A source of the same kind at another address.
    one: Callable[[str], Source]


def directory(objects: Mapping[str, bytes], root: Path) -> Iterator[Place]:
    def put(key: str, data: bytes) -> None:
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(".fresh")
        fresh.write_bytes(data)
        fresh.replace(path)

    for key, data in objects.items():
        put(key, data)
    make: Any = SOURCES.load("directory")
    yield Place(
        make("here", Logs(uri=str(root))),
        put,
        lambda key: (root / key).unlink(),
        lambda path: make("one", Logs(uri=path)),
    )


def s3(client: str) -> Callable[[Mapping[str, bytes], Path], Iterator[Place]]:
    def serve(objects: Mapping[str, bytes], root: Path) -> Iterator[Place]:
        keys = {f"logs/{key}": data for key, data in objects.items()}
        with FaultyS3({**keys, "logs-of-others/x": b"!", "logs/": b""}) as server:
            make: Any = SOURCES.load("s3")
            source = make("here", Logs(uri="s3://ops/logs", endpoint=server.url, client=client))
            yield Place(
                source,
                lambda key, data: server.objects.update({f"logs/{key}": data}),
                lambda key: server.objects.pop(f"logs/{key}"),
                lambda uri: make("one", Logs(uri=uri, endpoint=server.url, client=client, unsigned=True)),
            )

    return serve


PLACES = {"directory": directory, "boto3": s3("boto3"), "obstore": s3("obstore")}


@pytest.fixture(scope="module", params=PLACES)
def made(request, tmp_path_factory) -> Iterator[Place]:
    """One for all tests: a client of AWS takes a tenth of a second to make."""
    if request.param == "obstore":
        pytest.importorskip("obstore")
    root = tmp_path_factory.mktemp("sources") / "logs"
    root.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "a")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "b")
        yield from PLACES[request.param](OBJECTS, root)


@pytest.fixture
def place(made) -> Iterator[Place]:
    yield made
    for key in {"a/b/2.log", "a.log"} - set(keys(made.source.objects())):
        made.put(key, OBJECTS[key])


def keys(found: Iterator[str | LogObject]) -> list[str]:
    return [one if isinstance(one, str) else one.key for one in found]


def test_every_row_is_made_here() -> None:
    assert set(SOURCES) == {"directory", "s3"}


def test_a_source_says_what_it_is(place):
    source = place.source
    assert (source.name, source.layout, source.format, source.zone) == ("here", "auto", "auto", "UTC")


def test_objects_come_in_the_order_of_their_bytes_with_size_and_time(place):
    found = list(place.source.objects())
    assert [one.key for one in found] == KEYS
    assert [one.size for one in found] == [len(OBJECTS[key]) for key in KEYS]
    now = time.time() * 1000
    assert all(
        one.etag and one.storage == "STANDARD" and abs(one.modified - now) < 10 * 365 * 86_400_000 for one in found
    )
    assert all(one.since is one.until is None for one in found)


@pytest.mark.parametrize("prefix", ["a", "a/", "a/b/", "a/b/2", "dt=", "z/y/x/w.log", "nothing", "empty.log/"])
def test_a_prefix_is_any_beginning_of_a_key(place, prefix):
    assert keys(place.source.objects(prefix)) == [key for key in KEYS if key.startswith(prefix)]


@pytest.mark.parametrize(
    "after", ["a/b/1.log", "a/b/", "a", "a/b", "dt=2026-11-20/ä b+%20#.log", "z/y/x/w.log", "\u20ac.log"]
)
@pytest.mark.parametrize("prefix", ["", "a/"])
def test_it_begins_behind_a_key(place, after, prefix):
    wanted = [key for key in KEYS if key.encode() > after.encode() and key.startswith(prefix)]
    assert keys(place.source.objects(prefix, after=after)) == wanted


def test_folders_and_levels(place):
    source = place.source
    assert list(source.folders()) == ["a-b/", "a/", "dt=2026-11-20/", "z/"]
    assert list(source.folders("a/")) == ["b/"]
    assert list(source.folders("a/b/")) == list(source.folders("nothing/")) == []
    assert keys(source.level()) == ["a-b/", "a.log", "a/", "dt=2026-11-20/", "empty.log", "z/", "\u20ac.log"]
    assert keys(source.level("a/")) == ["b/", "a/c.log"]


def test_bytes_are_those_that_lie_there(place):
    reader = place.source.reader()
    for one in place.source.objects():
        whole = OBJECTS[one.key]
        assert reader.read(one) == whole
        assert isinstance(reader.read(one), bytes)
        pieces = list(reader.stream(one, piece=3000))
        assert b"".join(pieces) == whole and all(0 < len(piece) <= 3000 for piece in pieces)
        assert b"".join(reader.stream(one, start=2, piece=3000)) == whole[2:]
        assert list(reader.stream(one, start=len(whole))) == []
    reader.close()


@pytest.mark.parametrize("key", ["a/b/2.log", "a.log"])
def test_what_was_deleted_is_gone(place, key):
    one = next(place.source.objects(key))
    reader = place.source.reader()
    reader.read(next(place.source.objects("a/c")))
    place.remove(key)
    for read in (lambda: reader.read(one), lambda: list(reader.stream(one, start=1))):
        with pytest.raises(Unread) as e:
            read()
        assert e.value.damage == "gone" and "deleted" in e.value.why


def test_what_was_replaced_has_changed(place):
    one = next(place.source.objects("a/b/2"))
    reader = place.source.reader()
    reader.read(next(place.source.objects("a/c")))
    place.put("a/b/2.log", b"new!" * 5000)
    try:
        _changed(reader, one)
    finally:
        place.put("a/b/2.log", OBJECTS["a/b/2.log"])


def _changed(reader: Reader, one: LogObject) -> None:
    for read in (lambda: reader.read(one), lambda: list(reader.stream(one, start=4))):
        with pytest.raises(Unread) as e:
            read()
        assert e.value.damage == "changed"


def test_an_address_is_what_other_tools_take(place):
    one = next(place.source.objects("a/c"))
    address = place.source.address(one.key)
    assert address.startswith("s3://ops/logs/") or Path(address).read_bytes() == OBJECTS["a/c.log"]
    assert address.endswith("logs/a/c.log")


def test_one_object_is_a_source(place):
    list(place.source.objects())
    source = place.one(place.source.address("a.log"))
    assert keys(source.objects()) == keys(source.level()) == ["a.log"]
    assert keys(source.objects(after="a.log")) == list(source.folders()) == []
    assert source.reader().read(next(source.objects())) == b"dot\n"
    assert source.address("a.log").endswith("logs/a.log")
