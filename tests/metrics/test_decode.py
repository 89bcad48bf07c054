"""Bytes to arrays: both parsers against the plain reading of the JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest
from fakes.prometheus_server import matrix, success
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.metrics.decode import BrokenError, ForeignError, Parser, decode, parse_text, simd_parser
from smartcloudops.metrics.series import Window

WINDOW = Window(1_700_000_000_000, 1_700_000_000_000 + 19 * 15_000, 15_000)
TRICKY = 'a"values":[[1,"2"]],{\\n'


def simd() -> Parser:
    parser = simd_parser()
    assert parser is not None, "the extra `fast` belongs to the development environment"
    return parser


PARSERS = [pytest.param(lambda: parse_text, id="text"), pytest.param(simd, id="simdjson")]
both = pytest.mark.parametrize("parser", PARSERS)
Make = Callable[[], Parser]


def as_prometheus(value: float) -> str:
    """Go's shortest form, as in Prometheus' JSON."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1e21 else repr(value)


numbers = st.one_of(
    st.floats(width=64).map(as_prometheus),
    st.integers(-(2**65), 2**65).map(str),
    st.sampled_from(["NaN", "+Inf", "-Inf", "18446744073709551616", "1e+308", "-0", "5e-324", "1e400"]),
)
columns = st.dictionaries(st.integers(0, 19), numbers, min_size=0, max_size=20)
labels = st.dictionaries(
    st.sampled_from(["job", "instance", "values", "path"]), st.one_of(st.text(max_size=20), st.just(TRICKY))
)


def seconds(slot: int) -> float:
    return (WINDOW.start + slot * WINDOW.step) / 1000


def reference(body: bytes) -> np.ndarray:
    """What the answer says, read by json and float alone."""
    result = json.loads(body)["data"]["result"]
    filled = [one for one in result if one["values"]]
    rows = np.full((len(filled), 20), np.nan)
    for row, one in zip(rows, filled, strict=True):
        for at, value in one["values"]:
            row[round((at * 1000 - WINDOW.start) / WINDOW.step)] = float(value)
    return rows


@both
@given(series=st.lists(st.tuples(labels, columns), max_size=6), block=st.integers(1, 400))
def test_equals_the_plain_reading_in_blocks_of_any_size(parser: Make, series: list, block: int) -> None:
    body = matrix(*[(names, [(seconds(i), found[i]) for i in sorted(found)]) for names, found in series])
    blocks = [body[i : i + block] for i in range(0, len(body), block)]
    answer = decode(blocks, WINDOW, parser())
    np.testing.assert_array_equal(answer.values, reference(body))
    assert list(answer.labels) == [names for names, found in series if found]


@both
def test_a_whole_series_takes_the_straight_way(parser: Make) -> None:
    body = matrix(*[({"i": str(i)}, [(seconds(t), str(i + t / 8)) for t in range(20)]) for i in range(50)])
    answer = decode([body], WINDOW, parser())
    np.testing.assert_array_equal(answer.values, np.arange(50)[:, None] + np.arange(20)[None, :] / 8)


@both
def test_answers_larger_than_a_batch_keep_their_order(parser: Make) -> None:
    window = Window(0, 9_999_000, 1000)
    row = [(float(t), "0.123456789012345") for t in range(10_000)]
    body = matrix(*[({"i": str(i)}, row[i:]) for i in range(6)])
    answer = decode([body], window, parser())
    assert [int(np.isnan(row).sum()) for row in answer.values] == [0, 1, 2, 3, 4, 5]


@both
def test_samples_go_to_the_grid_point_at_or_after_them(parser: Make) -> None:
    at = [seconds(0) - 20, seconds(0) - 1, seconds(1) + 0.001, seconds(3), seconds(19) + 1]
    answer = decode([matrix(({}, [(t, str(i)) for i, t in enumerate(at)]))], WINDOW, parser())
    there = {i: v for i, v in enumerate(answer.values[0]) if not math.isnan(v)}
    assert there == {0: 1.0, 2: 2.0, 3: 3.0}


@both
def test_the_last_of_equal_times_wins(parser: Make) -> None:
    body = matrix(({}, [(seconds(0), "1"), (seconds(1), "2"), (seconds(1), "3"), (seconds(3), "4")]))
    np.testing.assert_array_equal(decode([body], WINDOW, parser()).values[0, :4], [1, 3, math.nan, 4])


@both
def test_another_layout_of_the_same_json_is_read(parser: Make) -> None:
    body = matrix(({"a": "b"}, [(seconds(0), "1"), (seconds(2), "NaN")]), ({"a": "c"}, [(seconds(1), "7")]))
    spaced = json.dumps(json.loads(body), indent=1).encode()
    mixed = body.replace(b'"values":[[17', b'"values": [[17', 1)
    for other in (spaced, mixed):
        np.testing.assert_array_equal(decode([other], WINDOW, parser()).values, reference(body))


@both
def test_times_that_are_none_are_dropped(parser: Make) -> None:
    body = matrix(({}, [(1e300, "1"), (-1e300, "2"), (seconds(0), "3")]))
    assert np.nansum(decode([body], WINDOW, parser()).values) == 3


def test_what_is_no_whole_answer_is_refused() -> None:
    body = matrix(({"a": "b"}, [(seconds(0), "1"), (seconds(1), "2")]), ({"a": "c"}, [(seconds(1), "2")]))
    for end in range(1, len(body)):
        with pytest.raises(BrokenError):
            decode([body[:end]], WINDOW)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"a": 1}', b'{"status":"success","data":[]}'])
def test_what_is_no_prometheus_answer_is_foreign(body: bytes) -> None:
    with pytest.raises(ForeignError):
        decode([body], WINDOW)


@pytest.mark.parametrize("sample", ['["x","y"]', '[1,"y"]', "[1]", "[1,2,3]", "[1,null]"])
def test_samples_that_are_none_are_refused(sample: str) -> None:
    body = matrix(({}, [(1.0, "2")])).replace(b'[1.0,"2"]', sample.encode())
    with pytest.raises(BrokenError):
        decode([body], WINDOW)


def test_warnings_kind_and_histograms_are_told() -> None:
    histogram = {"metric": {"h": "1"}, "histograms": [[1, {"count": "1", "sum": "2", "buckets": [[0, "1", "2", "3"]]}]]}
    data = {"resultType": "matrix", "result": [histogram]}
    answer = decode([success(data, warnings=["slow"], infos=["hm"])], WINDOW)
    assert (answer.kind, answer.warnings, answer.histograms) == ("matrix", ("slow", "hm"), ({"h": "1"},))
    assert answer.values.shape == (0, 20)
    assert decode([success({"resultType": "scalar", "result": [1, "2"]})], WINDOW).kind == "scalar"
