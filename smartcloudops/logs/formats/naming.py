"""Where events keep what every log has: time, host, level and message, under the usual names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smartcloudops.logs.objects import Event

# In this order: the time of an event is the first of these that is a time.
TIMES = (
    "time", "@timestamp", "timestamp", "ts", "eventTime", "__REALTIME_TIMESTAMP", "datetime", "t", "@t", "log_time",
    "asctime", "event_time", "eventtime", "Timestamp", "time_iso8601", "timeMillis", "timeUnixNano", "timestamp_ms",
    "date", "dt", "start_time", "start", "created_at", "_SOURCE_REALTIME_TIMESTAMP", "local_time", "time_local",
)  # fmt: skip
HOSTS = (
    "host", "hostname", "host.name", "host.hostname", "_HOSTNAME", "HOSTNAME", "server", "instance", "node",
    "kubernetes.pod_name", "kubernetes.pod.name", "k8s.pod.name", "kubernetes.host", "pod_name", "pod", "instance_id",
    "ec2_instance_id", "resource.host.name", "container_name", "agent.hostname", "source_host", "computer", "elb",
    "interface_id",
)  # fmt: skip
LEVELS = (
    "level", "severity", "levelname", "log.level", "loglevel", "log_level", "lvl", "LEVEL", "Level", "@l", "levelName",
    "severity_text", "severityText", "severity_label", "syslog.severity", "priority", "PRIORITY",
)  # fmt: skip
_MESSAGES = (
    "message", "msg", "MESSAGE", "log", "short_message", "@m", "@mt", "event.original", "body", "text", "event",
    "error.message", "err.message", "error", "err", "errorMessage", "eventName", "request", "request_url",
)  # fmt: skip

_NORMAL = {
    "TRACE": "trace trc finest finer verbose silly t v",
    "DEBUG": "debug dbg fine d debu",
    "INFO": "info information informational notice inf i log config note success",
    "WARN": "warn warning wrn w",
    "ERROR": "error err e eror fail failure severe exception",
    "FATAL": "fatal critical crit emerg emergency alert panic ftl f c dpanic",
}
_BY_NAME = {name: level for level, names in _NORMAL.items() for name in names.split()}
# Syslog and GELF count down from the worst, pino and bunyan up by tens.
_BY_SYSLOG = ("FATAL", "FATAL", "FATAL", "ERROR", "WARN", "INFO", "INFO", "DEBUG")
_BY_TENS = ("TRACE", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")


def host_of(event: Event) -> str | None:
    """The machine, pod or instance that an event comes from, where it says so.

    >>> host_of(Event(fields={"kubernetes": {"pod_name": "web-1"}}))
    'web-1'
    """
    return next((text for name in HOSTS if (text := _text(_value(event.fields, name)))), None)


def level_of(event: Event) -> str | None:
    """TRACE, DEBUG, INFO, WARN, ERROR or FATAL; what is none of them in capitals; None where there is none.

    >>> [level_of(Event(fields={"level": level})) for level in ("warning", 50, 3, "Audit")]
    ['WARN', 'ERROR', 'ERROR', 'AUDIT']
    >>> level_of(Event(fields={"priority": 34}))
    'FATAL'
    """
    fields = event.fields
    for name in LEVELS:
        value = _value(fields, name)
        if is_word(value):
            return _level(value, syslog=name in ("priority", "PRIORITY", "syslog.severity"))
    return None


def is_word(value: Any) -> bool:
    """Whether a level or a host can be called so: text, or a whole number.

    >>> [is_word(value) for value in ("warn", 0, "", True, 1.5, None, ["warn"])]
    [True, True, False, False, False, False, False]
    """
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""


def message_of(event: Event) -> str | None:
    """What an event says in words, where it does.

    >>> message_of(Event(fields={"msg": "late", "level": "warn"}))
    'late'
    """
    for name in _MESSAGES:
        value = _value(event.fields, name)
        text = _bytes_text(value) if isinstance(value, list) else _text(value)
        if text:
            return text.rstrip("\r\n")
    return None


def _value(fields: Mapping[str, Any], name: str) -> Any:
    if name in fields:
        return fields[name]
    first, dot, rest = name.partition(".")
    inside = fields.get(first) if dot else None
    return _value(inside, rest) if isinstance(inside, Mapping) else None


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _bytes_text(value: list[Any]) -> str:
    """journald writes a message that is no UTF-8 as a list of its bytes."""
    is_bytes = all(type(byte) is int and 0 <= byte < 256 for byte in value)
    return bytes(value).decode("utf-8", "replace") if is_bytes else ""


def _level(value: str | int, *, syslog: bool) -> str:
    if isinstance(value, str):
        word = value.strip(" \t[]<>:").lower()
        if not (word.isascii() and word.isdigit() and len(word) < 6):
            return _BY_NAME.get(word, word.upper())
        value = int(word)
    if syslog or 0 <= value < 8:
        return _BY_SYSLOG[value & 7]
    return _BY_TENS[min(value // 10, 6)] if 10 <= value < 100 else str(value)
