"""The model in use: there, whole, young enough, and learnt from what is now asked for."""

from __future__ import annotations

from smartcloudops.core.errors import ModelError
from smartcloudops.core.redact import redact
from smartcloudops.core.runs import cadence, newest
from smartcloudops.core.state import FILE, open_state
from smartcloudops.core.times import DAY, HOUR, format_duration
from smartcloudops.doctor.scene import Finding, Scene
from smartcloudops.doctor.state import cannot_hold

_LATE = 4
_OLD_MS = 7 * DAY


def look(scene: Scene) -> Finding:
    """Checks sums and sizes of the version in use and its age; ModelError for a damaged pointer."""
    from smartcloudops.anomaly.pointer import learnt_at
    from smartcloudops.anomaly.store import LocalStore

    store = LocalStore(scene.config.models_dir)
    version = store.pointer()["version"]
    if version is None:
        wrong = cannot_hold(store.directory)
        if wrong:
            return Finding("fail", f"models cannot be kept: {wrong}", "set [models] dir to a directory of this user")
        return Finding("warn", f"none in {store.directory}", "sco train")
    try:
        stored = store.open(version)
        series = sum(len(group.names) for shard in stored.shards() for group in shard.groups)
    except ModelError as e:
        return _damaged(store.candidates()[1:], e)
    age_ms = max(0, scene.now - learnt_at(version))
    seen = f"{version}, {series} series, {format_duration(age_ms // HOUR * HOUR) if age_ms >= HOUR else 'under 1h'} old"
    usual = _usual_ms(scene)
    if age_ms > max(_OLD_MS, _LATE * usual):
        mend = "sco train; sco models list says whether a newer one was kept back"
        return Finding("warn", f"{seen}; what was normal then may not be now", mend)
    where = str(stored.manifest.get("source", {}).get("where", ""))
    wanted = _where(scene)
    if wanted and where and where != wanted:
        return Finding("warn", f"{seen}; learnt from {redact(where)}, not from {wanted}", "sco train")
    return Finding("ok", f"{seen}, every file as its manifest says")


def _damaged(older: list[str], e: ModelError) -> Finding:
    if older:
        return Finding("fail", f"{e.message}; until it is mended detect uses {older[0]}", "sco models rollback")
    return Finding("fail", e.message, "sco train")


def _usual_ms(scene: Scene) -> int:
    """The usual time between trainings, 0 where it is not known."""
    if not (scene.config.state_dir / FILE).exists():
        return 0
    with open_state(scene.config.state_dir) as state:
        return cadence(newest(state, "train", limit=12)) or 0


def _where(scene: Scene) -> str | None:
    from smartcloudops.core.address import parse_url

    url = scene.config.prometheus.url
    return parse_url(url).shown if url else None
