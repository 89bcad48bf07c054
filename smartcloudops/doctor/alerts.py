"""Whether those who should hear of incidents do: secrets at hand, nothing waiting for long, nothing given up."""

from __future__ import annotations

from smartcloudops.alerts import outbox
from smartcloudops.alerts.sinks import open_sink
from smartcloudops.core.state import FILE, open_state
from smartcloudops.core.times import HOUR, MINUTE, WEEK, format_duration
from smartcloudops.doctor.scene import Finding, Scene

_LOOKED_AT = 1_000


def look(scene: Scene) -> Finding:
    """Contacts nobody: a webhook has no question to ask. Raises ConfigError where a secret cannot be had."""
    names = list(scene.config.alerts)
    for name in names:
        open_sink(scene.config, name)
    waiting, newest = _entries(scene)
    lost = [e for e in newest if e.dead_at is not None and e.dead_at > scene.now - WEEK]
    if lost:
        seen = f"gave up on {len(lost)} in the last 7 days; alerts.{lost[0].sink} last said: {lost[0].error}"
        return Finding("fail", seen, f"sco alerts test {lost[0].sink}")
    if waiting:
        oldest = waiting[0]
        age = format_duration(max(MINUTE, (scene.now - oldest.at) // MINUTE * MINUTE))
        seen = f"{len(waiting)} wait, the oldest for {age}: alerts.{oldest.sink} {oldest.error or 'was not tried yet'}"
        late = scene.now - oldest.at > HOUR
        return Finding("fail" if late else "warn", seen, f"sco alerts test {oldest.sink}")
    if not names:
        hint = 'add [alerts.pager] with type = "webhook" (or "alertmanager") and url, then: sco alerts test'
        return Finding("info", "nobody is told of incidents: there is no [alerts.NAME]", hint)
    return Finding("ok", f"{', '.join(names)}: nothing waits")


def _entries(scene: Scene) -> tuple[list[outbox.Entry], list[outbox.Entry]]:
    """What waits, oldest first, and the newest of all."""
    if not (scene.config.state_dir / FILE).exists():
        return [], []
    with open_state(scene.config.state_dir) as db:
        return outbox.entries(db, waiting=True, limit=_LOOKED_AT), outbox.entries(db, limit=_LOOKED_AT)
