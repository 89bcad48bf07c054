"""Alertmanager, API v2: an alert is open until `endsAt`, which every run puts further ahead; the end is explicit.

https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from smartcloudops.alerts.notices import Notice
from smartcloudops.core.config import Config
from smartcloudops.core.http import Endpoint, declared
from smartcloudops.core.posting import Poster
from smartcloudops.core.times import MINUTE, parse_time, rfc3339

ALERT = "ScoIncident"
TEST = "ScoTest"


class Alertmanager:
    """One `[alerts.NAME]` of type alertmanager."""

    def __init__(self, config: Config, name: str) -> None:
        """Raises ConfigError: no URL, or a secret that cannot be had."""
        section = f"alerts.{name}"
        self._labels = config.alerts[name].labels
        self._poster = Poster(Endpoint(**declared(config, section, config.alerts[name])))
        self.where = self._poster.where

    def send(self, notice: Notice, *, ends: int) -> None:
        """Raise, change or end the alert of an incident."""
        self._post(alerts_of(notice, self._labels, ends))

    def refresh(self, still_open: Sequence[Notice], *, ends: int) -> None:
        """Keep the alerts of open incidents open."""
        if still_open:
            self._post([alert(notice.document, self._labels, ends=rfc3339(ends)) for notice in still_open])

    def _post(self, alerts: Sequence[Mapping[str, Any]]) -> None:
        self._poster.post(json.dumps(alerts).encode(), {"Content-Type": "application/json"}, path="/api/v2/alerts")


def alerts_of(notice: Notice, extra: Mapping[str, str], ends: int) -> list[dict[str, Any]]:
    """What to post for a notice; severity is a label, so that one that rises ends the alert of the lower one."""
    sent = notice.document["time"]
    if notice.kind == "closed":
        return [alert(notice.document, extra, ends=sent)]
    if notice.kind == "test":
        return [alert(notice.document, extra, ends=rfc3339(_moment(notice) + MINUTE), name=TEST)]
    now = alert(notice.document, extra, ends=rfc3339(ends))
    if notice.kind == "escalated":
        return [alert(notice.document, extra, ends=sent, severity="warning"), now]
    return [now]


def alert(
    document: Mapping[str, Any],
    extra: Mapping[str, str],
    *,
    ends: str,
    name: str = ALERT,
    severity: str | None = None,
) -> dict[str, Any]:
    """One alert as the API takes it: the entity's labels under ours, what explains it as annotations."""
    incident = document["incident"]
    ours = {"alertname": name, "severity": severity or incident["severity"]}
    own = {(f"exported_{k}" if k in ours else k): v for k, v in incident["labels"].items() if v}
    suspects = [f"{s['series']} ({s['share']:.0%}): {s['reason']}" for s in incident["suspects"]]
    # Lines of logs stand apart: who is shown alerts need not be shown logs.
    logs = incident.get("logs", [])
    summary = document["text"].removesuffix("; ".join(["", *logs])) if logs else document["text"]
    annotations = {"summary": summary, "suspects": "\n".join(suspects), "incident": incident["id"]}
    annotations["logs"] = "\n".join(logs)
    body = {
        "labels": {**own, **extra, **ours},
        "annotations": {key: value for key, value in annotations.items() if value},
        "startsAt": incident["start"],
        "endsAt": ends,
    }
    return body | ({"generatorURL": document["link"]} if document["link"] else {})


def _moment(notice: Notice) -> int:
    return parse_time(notice.document["time"], now=0)
