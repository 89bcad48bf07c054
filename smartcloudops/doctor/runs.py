"""How the last runs of train and detect ended."""

from __future__ import annotations

from collections.abc import Sequence

from smartcloudops.core.errors import MEANING, Status
from smartcloudops.core.runs import Kind, Run, newest
from smartcloudops.core.state import FILE, open_state
from smartcloudops.core.times import MINUTE, format_duration
from smartcloudops.doctor.scene import Finding, Level, Scene
from smartcloudops.doctor.standing import how

_KINDS: tuple[Kind, ...] = ("train", "detect")
_ORDER = ("ok", "info", "warn", "fail")


def look(scene: Scene) -> Finding:
    """The worse of the two; a run that was skipped in part is a warning."""
    runs: dict[Kind, Sequence[Run]] = dict.fromkeys(_KINDS, ())
    if (scene.config.state_dir / FILE).exists():
        with open_state(scene.config.state_dir) as state:
            runs = {kind: newest(state, kind) for kind in _KINDS}
    found = [_judged(kind, runs[kind], scene.now) for kind in _KINDS]
    worst = max(found, key=lambda each: _ORDER.index(each.level))
    return Finding(worst.level, "; ".join(each.seen for each in found), worst.mend)


def _judged(kind: Kind, runs: Sequence[Run], now: int) -> Finding:
    if not runs:
        return Finding("info", f"{kind} has not run yet", f"sco {kind}")
    last = runs[0]
    when = f"{format_duration(max(MINUTE, (now - last.started) // MINUTE * MINUTE))} ago"
    state = how(last)
    if state == "running":
        return Finding("ok", f"{kind} runs now (pid {last.pid})")
    if state == "died" or last.status is None:
        mend = f"journalctl -k | grep -i -e oom -e {last.pid}; then: sco {kind}"
        return Finding("fail", f"{kind} died without a word {when} (pid {last.pid}): killed, or out of memory", mend)
    if last.status == Status.DONE:
        return Finding("ok", f"{kind} went well {when}")
    said = last.facts.get("error") or MEANING[Status(last.status)]
    level: Level = "warn" if last.status == Status.PARTIAL else "fail"
    return Finding(level, f"{kind} ended with status {last.status} {when}: {said}", f"sco -v {kind}")
