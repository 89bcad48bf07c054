"""Whether train and detect run by themselves, and whether they lately did."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from smartcloudops.core.runs import Kind, Run, cadence, newest
from smartcloudops.core.schedules import Scheduled, scheduled
from smartcloudops.core.state import FILE, open_state
from smartcloudops.core.times import MINUTE, format_duration
from smartcloudops.doctor.scene import Finding, Scene
from smartcloudops.doctor.standing import is_late

_KINDS: tuple[Kind, ...] = ("train", "detect")


def look(scene: Scene) -> Finding:
    """Timers and crontab lines that can be seen from here, what they start, and the runs that came of them."""
    found = scheduled(root=scene.root, environ=scene.environ, home=scene.home)
    runs = _runs(scene)
    return _broken(scene, found) or _late(scene, found, runs) or _missing(found, runs) or _well(found, runs)


def _runs(scene: Scene) -> dict[Kind, Sequence[Run]]:
    if not (scene.config.state_dir / FILE).exists():
        return dict.fromkeys(_KINDS, ())
    with open_state(scene.config.state_dir) as state:
        return {kind: newest(state, kind, limit=12) for kind in _KINDS}


def _broken(scene: Scene, found: Sequence[Scheduled]) -> Finding | None:
    for each in found:
        if shutil.which(each.program, path=scene.environ.get("PATH")) is None:
            return Finding("fail", f"{each.place} starts {each.program}, which is not there", _again(each))
        if not each.enabled:
            name = each.place.rpartition("/")[2]
            user = "" if each.place.startswith(str(scene.root / "etc")) else "--user "
            return Finding("warn", f"{each.place} is not enabled", f"systemctl {user}enable --now {name}")
    return None


def _late(scene: Scene, found: Sequence[Scheduled], runs: dict[Kind, Sequence[Run]]) -> Finding | None:
    for kind in _KINDS:
        known = [each for each in found if each.kind == kind]
        regular = known or cadence(runs[kind])
        if regular and is_late(kind, runs[kind], scene.now):
            ago = format_duration((scene.now - runs[kind][0].started) // MINUTE * MINUTE)
            usual = cadence(runs[kind])
            every = f", usually every {format_duration((usual + MINUTE // 2) // MINUTE * MINUTE)}" if usual else ""
            return Finding("warn", f"{kind} began last {ago} ago{every}", _journal(known))
    return None


def _missing(found: Sequence[Scheduled], runs: dict[Kind, Sequence[Run]]) -> Finding | None:
    kinds = {each.kind for each in found}
    missing = [kind for kind in _KINDS if kind not in kinds and not cadence(runs[kind])]
    if not missing:
        return None
    return Finding(
        "warn", f"nothing here runs {' or '.join(missing)} by itself", "sco init --systemd, or sco init --cron"
    )


def _well(found: Sequence[Scheduled], runs: dict[Kind, Sequence[Run]]) -> Finding:
    said = []
    for kind in _KINDS:
        place = next((each.place for each in found if each.kind == kind), "something else, regularly")
        said.append(f"{kind} by {place}")
    return Finding("ok", "; ".join(said))


def _journal(known: Sequence[Scheduled]) -> str:
    if not known:
        return "look at whatever ran it so far"
    if known[0].by == "systemd":
        name = known[0].place.rpartition("/")[2].removesuffix(".timer")
        return f"systemctl status {name}.timer; journalctl -u {name} -n 50"
    return "grep CRON /var/log/syslog | tail, and the mail of that user"


def _again(each: Scheduled) -> str:
    return f"sco init --{each.by}" + (" --install --force" if each.by == "systemd" else "")
