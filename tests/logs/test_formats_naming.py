"""Host, level and message under the names that loggers give them."""

from __future__ import annotations

from typing import Any

import pytest

from smartcloudops.logs.formats import FORMATS, Hint
from smartcloudops.logs.formats.naming import host_of, level_of, message_of
from smartcloudops.logs.objects import Event


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"level": "information"}, "INFO"),
        ({"severity": "WARNING"}, "WARN"),
        ({"levelname": "CRITICAL"}, "FATAL"),
        ({"log": {"level": "Verbose"}}, "TRACE"),
        ({"log.level": "err"}, "ERROR"),
        ({"level": 30}, "INFO"),
        ({"level": "60"}, "FATAL"),
        ({"level": 3}, "ERROR"),
        ({"PRIORITY": "4"}, "WARN"),
        ({"priority": 165}, "INFO"),
        ({"level": "I"}, "INFO"),
        ({"level": "[SEVERE]"}, "ERROR"),
        ({"level": "audit"}, "AUDIT"),
        ({"level": 1000}, "1000"),
        ({"level": "", "severity": "notice"}, "INFO"),
        ({"level": True, "lvl": "debug"}, "DEBUG"),
        ({"level": None}, None),
        ({"level": {"a": 1}}, None),
        ({}, None),
    ],
)
def test_levels(fields: dict[str, Any], expected: str | None) -> None:
    assert level_of(Event(fields=fields)) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"host": "web-1", "hostname": "x"}, "web-1"),
        ({"host": {"name": "web-1", "ip": "10.0.0.1"}}, "web-1"),
        ({"kubernetes": {"pod": {"name": "web-1"}}}, "web-1"),
        ({"host.name": "web-1"}, "web-1"),
        ({"_HOSTNAME": "web-1"}, "web-1"),
        ({"host": "", "pod": "web-1"}, "web-1"),
        ({"host": ["a"]}, None),
        ({"host": None}, None),
    ],
)
def test_hosts(fields: dict[str, Any], expected: str | None) -> None:
    assert host_of(Event(fields=fields)) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"message": "late"}, "late"),
        ({"log": "late\n"}, "late"),
        ({"log": {"level": "info"}, "msg": "late"}, "late"),
        ({"MESSAGE": [108, 97, 116, 101, 255]}, "late\ufffd"),
        ({"MESSAGE": [1, "x"]}, None),
        ({"error": {"message": "late"}}, "late"),
        ({"message": "", "msg": "late"}, "late"),
        ({"a": 1}, None),
    ],
)
def test_messages(fields: dict[str, Any], expected: str | None) -> None:
    assert message_of(Event(fields=fields)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("syslog", ("web-2", "INFO", "payment refused")),
        ("apache", (None, "ERROR", "AH00898: error reading from remote server")),
        ("json", (None, "ERROR", "late")),
        ("logfmt", (None, "ERROR", "too late")),
        ("vpcflow", ("eni-1235b8ca", None, None)),
        ("alb", ("app/shop/50dc6c495c0c9188", None, "https://shop.example:443/pay?id=7")),
    ],
)
def test_what_the_examples_say(name: str, expected: tuple[str | None, str | None, str | None]) -> None:
    one = FORMATS.load(name)
    event = one.open(b"", Hint()).read(one.example)
    assert event is not None
    assert (host_of(event), level_of(event), message_of(event)) == expected
