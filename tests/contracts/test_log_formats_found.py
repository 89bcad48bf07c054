"""Whatever a log format reads in a line, a search for that very value finds the line by its raw bytes."""

from __future__ import annotations

import pytest
import re2
from fakes.slow_search import lines_of

from smartcloudops.logs.finding.compile import compiled
from smartcloudops.logs.finding.fields import field_text, flat, value_of
from smartcloudops.logs.finding.filters import Compare, Matches
from smartcloudops.logs.finding.scanners import Engine
from smartcloudops.logs.formats import FORMATS, Hint
from smartcloudops.logs.sieve import Question


@pytest.mark.parametrize("name", list(FORMATS))
@pytest.mark.parametrize("engine", ["hyperscan", "re2"])
def test_every_field_of_an_example_is_found_by_its_text(name: str, engine: Engine) -> None:
    one = FORMATS.load(name)
    data = one.example + b"\n"
    reader = one.open(data, Hint(modified=1_795_168_800_000))
    checked = 0
    for start, end in reader.framing.records(data):
        event = reader.read(data[start:end])
        for field, value in flat(event.fields if event else {}).items():
            text = field_text(value)
            if value is None or "\n" in text or value_of(event.fields, field) != value:
                continue
            checked += 1
            for asked in (Question(where=_equal(field, text)), Question(where=_pattern(field, text))):
                sieve = compiled(asked, engine=engine)
                places = () if sieve.looks_at_all else sieve.candidates(data, lines=False)
                assert sieve.looks_at_all or any(start <= at < end for at in places), (field, text)
    assert checked or not any(lines_of(data))


def _equal(field: str, text: str) -> str:
    return str(Compare(field, "=", text))


def _pattern(field: str, text: str) -> str:
    return str(Matches(field, re2.escape(text)))
