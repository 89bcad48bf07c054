"""Prices of reading S3, against sums done by hand from the published table."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from smartcloudops.core.times import parse_time
from smartcloudops.logs.pricing import Held, is_archived, price

GB = 1 << 30


@pytest.mark.parametrize(
    ("storage", "inside", "outside"),
    [
        ("STANDARD", 0.4, 90.4),
        ("INTELLIGENT_TIERING", 0.4, 90.4),
        ("STANDARD_IA", 1.0 + 10, 101.0),
        ("ONEZONE_IA", 1.0 + 10, 101.0),
        ("GLACIER_IR", 10 + 30, 130.0),
        ("SOMETHING_NEW", 0.4, 90.4),
    ],
)
def test_a_million_objects_of_a_thousand_gigabytes(storage, inside, outside):
    found = price({storage: Held(1_000_000, 1000 * GB)}, listings=1000)
    assert (found.inside, found.outside) == pytest.approx((inside, outside))
    assert found.listing == pytest.approx(0.005)
    assert found.archived == Held() and found.restore == 0
    assert found.unknown == (("SOMETHING_NEW",) if storage == "SOMETHING_NEW" else ())


def test_what_is_archived_is_priced_apart():
    found = price({"GLACIER": Held(1000, 10 * GB), "DEEP_ARCHIVE": Held(1000, 10 * GB), "STANDARD": Held(1, GB)})
    assert found.archived == Held(2000, 20 * GB)
    assert found.restore == pytest.approx(0.05 + 0.10 + 0.10 + 0.20) and found.hours == 12
    assert found.transfer == pytest.approx(0.09)
    assert is_archived("GLACIER") and not is_archived("STANDARD")


def test_nothing_costs_nothing():
    found = price({})
    assert found.inside == found.outside == found.restore == found.listing == 0


def test_the_table_is_dated():
    table = tomllib.loads(files("smartcloudops").joinpath("data/s3_prices.toml").read_text("utf-8"))
    assert parse_time(table["dated"], now=0) > parse_time("2025-01-01", now=0)
    assert all(value >= 0 for row in table["class"].values() for value in row.values())
