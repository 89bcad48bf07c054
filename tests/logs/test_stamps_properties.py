"""Times: whatever is printed is read back, and nothing makes reading fail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from smartcloudops.logs.formats import Hint
from smartcloudops.logs.formats.stamps import Stamps, in_ms, parse_stamp

SHARED = Stamps(Hint(modified=1_795_168_800_000))
moments = st.datetimes(datetime(1975, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC))
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
alphabet = st.sampled_from("0123456789 :-/.,TZ+[]()ADMPacelnopruvyt\0\n\x80\xff")


@given(moments, st.sampled_from("T _t"), st.sampled_from(["seconds", "milliseconds", "microseconds"]), offsets)
@settings(max_examples=200)
def test_rfc3339_is_read_back(moment: datetime, sign: str, timespec: str, offset: timezone) -> None:
    text = moment.astimezone(offset).isoformat(sign, timespec)
    scale = {"seconds": 1000, "milliseconds": 1, "microseconds": 1}[timespec]
    assert SHARED(text) == in_ms(moment) // scale * scale
    assert SHARED(text) == parse_stamp(text.encode(), Hint())


@given(moments, st.sampled_from(["%d/%b/%Y:%H:%M:%S +0000", "%a %b %e %H:%M:%S %Y", "%a, %d %b %Y %H:%M:%S GMT",
                                 "%Y/%m/%d %H:%M:%S", "%Y%m%dT%H%M%SZ", "%b %d, %Y %I:%M:%S %p"]))  # fmt: skip
@settings(max_examples=200)
def test_other_ways_to_write_it_are_read_back(moment: datetime, form: str) -> None:
    expected = in_ms(moment) // 1000 * 1000
    assert SHARED(moment.strftime(form)) == expected
    assert SHARED.leading(f"[{moment.strftime(form)}] x")[0] == expected


@given(moments)
@settings(max_examples=200)
def test_epochs_of_every_unit_are_read_back(moment: datetime) -> None:
    micro = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    ms = micro // 1000
    for value in (ms, micro, micro * 1000, f"{micro // 1_000_000}.{micro % 1_000_000:06d}", micro / 1e6):
        assert SHARED(value) in (
            (ms,) if not isinstance(value, float) else (ms, (micro + 1) // 1000, (micro + 501) // 1000)
        )


@given(st.datetimes(datetime(1990, 1, 1), datetime(2036, 1, 1)), st.sampled_from(["Europe/Berlin", "America/New_York"]))
@settings(max_examples=200)
def test_local_times_are_those_of_their_zone(local: datetime, zone: str) -> None:
    expected = in_ms(local.replace(tzinfo=ZoneInfo(zone)))
    assert Stamps(Hint(zone=zone))(local.isoformat(" ", "milliseconds")) == expected


@given(st.one_of(st.binary(max_size=60), st.text(alphabet, max_size=40).map(lambda text: text.encode("latin-1"))))
@settings(max_examples=800)
@example(b"0000-00-00T00:00:00Z")
@example(b"24:00:00")
@example(b"/Date(9999999999999999)/")
@example(b"99999999999999999999")
def test_no_bytes_make_it_fail(text: bytes) -> None:
    for stamps in (SHARED, Stamps(Hint(zone="Europe/Berlin", since=-(1 << 60), modified=1 << 60))):
        time = stamps(text)
        assert time is None or -62_135_596_800_000 <= time <= 253_402_300_799_999
        stamps.leading(text.decode("latin-1"))


@given(st.one_of(st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.integers(), max_size=2)))
@settings(max_examples=200)
def test_no_value_makes_it_fail(value: object) -> None:
    time = SHARED(value)
    assert time is None or isinstance(time, int)
