"""Stack traces: a record begins at its head line and holds the whole trace, however the buffers were cut."""

from __future__ import annotations

import pytest

from smartcloudops.logs.formats import Hint
from smartcloudops.logs.formats.plain import TRACE
from smartcloudops.logs.formats.reading import open_reading
from smartcloudops.logs.formats.stamp_table import TEN
from smartcloudops.logs.formats.trace_framing import STALL, Traces

JAVA = """java.lang.IllegalStateException: could not execute
select *
from stock
\tat com.example.Stock.take(Stock.java:42)
\tSuppressed: java.io.IOException: closed
\t\t... 3 more
Caused by: java.net.SocketTimeoutException: read
\t... 12 common frames omitted"""
PYTHON = """Traceback (most recent call last):
  File "/srv/shop.py", line 7, in take
    raise KeyError(item)
KeyError: 'apple'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/shop.py", line 9, in take
    raise OutOfStock(item) from None
shop.errors.OutOfStockError: apple"""
GO = """panic: runtime error: index out of range [5] with length 3 [recovered]

goroutine 1 [running]:
main.take(0xc000012345, {0x1, 0x2})
\t/srv/shop/main.go:8 +0x1d
created by main.main in goroutine 1
\t/srv/shop/main.go:20 +0x2a
exit status 2"""
NODE = """TypeError: Cannot read properties of undefined (reading 'stock')
    at take (/srv/shop.js:7:13)
    at async Server.<anonymous> (/srv/server.js:2:1) {
  code: 'E_STOCK'
}"""
RUBY = """shop.rb:7:in `take': out of stock (OutOfStock)
\tfrom shop.rb:12:in `<main>'"""
DOTNET = """System.InvalidOperationException: Out of stock
 ---> System.TimeoutException: read
   at Shop.Stock.Take(String item) in C:\\shop\\Stock.cs:line 42
   --- End of inner exception stack trace ---
   at Shop.Program.Main()"""
ALL = {"java": JAVA, "python": PYTHON, "go": GO, "node": NODE, "ruby": RUBY, ".net": DOTNET}
HEADS = {
    "log4j": "2026-11-20 10:00:00,000 ERROR [main] shop - lost",
    "spring": "2026-11-20T10:00:00.000Z ERROR 1 --- [main] c.e.Shop : lost",
    "go": "2026/11/20 10:00:00 lost",
    "klog": "E1120 10:00:00.000000       1 shop.go:7] lost",
    "ruby": "E, [2026-11-20T10:00:00.000000 #123] ERROR -- : lost",
    "python": "ERROR:shop:lost",
    "clock": "10:00:00.000 [main] ERROR shop - lost",
    "jul": "Nov 20, 2026 10:00:00 AM com.example.Shop take SEVERE: lost",
    "serilog": "[2026-11-20 10:00:00.000 +00:00 ERR] lost",
}
traces = pytest.mark.parametrize("trace", ALL.values(), ids=ALL.keys())
heads = pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
HINT = Hint(modified=TEN + 1000)


def records(framing: Traces, data: bytes) -> list[bytes]:
    return [data[start:end] for start, end in framing.records(data)]


@traces
@heads
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_trace_belongs_to_its_head(head: str, trace: str, line_end: str) -> None:
    one = f"{head}\n{trace}".replace("\n", line_end).encode()
    quiet = head.replace("lost", "fine").encode()
    data = line_end.encode().join([quiet, one, quiet, quiet, one, b""])
    reading = open_reading(data, HINT)
    assert reading.format == "trace"
    assert [data[a:b] for a, b in reading.framing.records(data)] == [quiet, one, quiet, quiet, one]
    event = reading.read(one)
    assert event.time == (None if head.startswith("ERROR:") else TEN)
    assert event.fields["message"].endswith("lost")
    assert event.fields["trace"].startswith(trace[:10])


@traces
def test_logs_without_times_are_still_cut_between_traces(trace: str) -> None:
    data = f"ready\n{trace}\nlistening\n{trace}\nbye\n".encode()
    reading = open_reading(data, HINT)
    assert reading.format == "trace"
    found = [data[a:b].decode() for a, b in reading.framing.records(data)]
    assert found[0] == "ready"
    assert found[-1] == "bye"
    assert "listening" in found
    assert len(found) <= (9 if trace == JAVA else 5)
    # What follows the head of a trace is never a record of its own.
    assert not [record for record in found if record.startswith((" ", "\t", "Caused by", "goroutine"))]


@traces
def test_every_cut_gives_the_same_records(trace: str) -> None:
    data = f"{HEADS['log4j']}\n{trace}\n\n{HEADS['log4j']}\n\n\n{HEADS['go']}\n{trace}\n".encode()
    for framing in (Traces(), Traces(stamped=False)):
        whole = records(framing, data)
        for size in (1, 2, 3, 7, 19, 64, 100):
            carry, found = b"", list[bytes]()
            for at in range(0, len(data), size):
                carry += data[at : at + size]
                cut = framing.cut(carry)
                found += records(framing, carry[:cut])
                carry = carry[cut:]
            assert found + records(framing, carry) == whole


@pytest.mark.parametrize("stamped", [True, False])
def test_every_byte_of_a_record_leads_to_it(stamped: bool) -> None:
    data = "\r\n".join([HEADS["log4j"], JAVA, "", HEADS["go"], GO, "", "", "bye", PYTHON, NODE]).encode()
    framing = Traces(stamped=stamped)
    spans = list(framing.records(data))
    assert b"".join(data[a:b] for a, b in spans).translate(None, b"\r\n") == data.translate(None, b"\r\n")
    for start, end in spans:
        assert {framing.around(data, at) for at in range(start, max(end, start + 1))} == {(start, end)}


def test_empty_lines_between_records_are_records() -> None:
    data = b"10:00:00 a\n\n\n10:00:01 b\n\n"
    assert records(Traces(), data) == [b"10:00:00 a", b"", b"", b"10:00:01 b", b""]


def test_what_has_no_more_beginnings_still_flows() -> None:
    framing = Traces()
    data = b"10:00:00 a\n" + b" more\n" * (STALL // 6 + 10) + b" unfinis"
    cut = framing.cut(data)
    assert data[cut:] == b" unfinis"
    assert framing.cut(b"10:00:00 a\n more\n mor") == 0


def test_long_lines_and_many_empty_lines_take_no_longer_than_their_length() -> None:
    framing = Traces()
    for data in (b"(" * 900_000, b"a.b" * 300_000 + b"\n", b"\n" * 90_000 + b"x", b"10:00:00 " + b"E" * 900_000):
        for one in (framing, Traces(stamped=False)):
            assert one.around(data, len(data) // 2)[1] <= len(data)
            assert one.cut(data) <= len(data)
            assert sum(1 for _ in one.records(data)) <= data.count(b"\n") + 1


def test_a_head_says_its_level() -> None:
    reader = TRACE.open(b"", HINT)
    said = {name: reader.read(head.encode()) for name, head in HEADS.items()}
    assert {name: event.fields.get("level") for name, event in said.items() if event} == {
        "log4j": "ERROR",
        "spring": "ERROR",
        "go": None,
        "klog": "E",
        "ruby": "ERROR",
        "python": "ERROR",
        "clock": "ERROR",
        "jul": "SEVERE",
        "serilog": "ERR",
    }
    assert said["serilog"] and said["serilog"].fields["message"] == "lost"


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        (b'2026-11-20T10:00:00.000Z {"level":"warn","n":1}', {"level": "warn", "n": 1}),
        (b"2026-11-20T10:00:00.000000001Z stderr F ready", {"stream": "stderr", "message": "ready"}),
        (b'2026-11-20T10:00:00.000000001Z stdout F {"level":"warn"}', {"stream": "stdout", "level": "warn"}),
        (b"2026-11-20 10:00:00 [warn] slow", {"level": "warn", "message": "slow"}),
        (b"2026-11-20 10:00:00 user INFOBLOX in", {"message": "user INFOBLOX in"}),
        (b"\x002026-11-20 10:00:00 after a hole", {"message": "after a hole"}),
    ],
)
def test_what_stands_behind_a_time(line: bytes, fields: dict[str, object]) -> None:
    event = TRACE.open(b"", HINT).read(line)
    assert event
    assert (event.time, event.fields) == (TEN, fields)
