"""Where things stand, from the state and the store alone: no server is asked, no numpy is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from smartcloudops.anomaly.pointer import learnt_at, read_pointer, stored_versions
from smartcloudops.core.errors import ModelError, Status
from smartcloudops.core.locks import is_alive
from smartcloudops.core.redact import redact
from smartcloudops.core.runs import Kind, Run, cadence, newest
from smartcloudops.core.schedules import scheduled
from smartcloudops.core.state import FILE, open_state
from smartcloudops.core.times import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from smartcloudops.core.config import Config
    from smartcloudops.core.records import Incident
    from smartcloudops.core.state import State

_RUNS = 12
# A model is old, and a run late, after so many of its usual times between runs, but never before the least.
LATE = 3
USUAL_MS: dict[Kind, int] = {"train": DAY, "detect": 5 * MINUTE}
_LEAST_LATE_MS: dict[Kind, int] = {"train": 3 * DAY, "detect": HOUR}

How = Literal["running", "died", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Model:
    """The model in use: `version` is None before the first one; `error` where the pointer cannot be read."""

    version: str | None
    learnt: int | None
    versions: int
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything `sco status` shows; times in ms. `next` are commands worth running now, the first first."""

    now: int
    source: str
    model: Model
    runs: dict[Kind, Sequence[Run]]
    incidents: Sequence[Incident]
    files: Sequence[Path]
    models_dir: Path
    state_dir: Path
    next: Sequence[str]


def look(config: Config, *, now: int, environ: Mapping[str, str], home: Path) -> Standing:
    """Read state, store and what is scheduled.

    ScoError where the state cannot be read; a damaged pointer is part of the picture.
    """
    runs: dict[Kind, Sequence[Run]] = {"train": (), "detect": ()}
    incidents: Sequence[Incident] = ()
    if (config.state_dir / FILE).exists():
        with open_state(config.state_dir) as state:
            runs, incidents = _runs(state), _incidents(state)
    model = _model(config.models_dir)
    regular = bool(cadence(runs["detect"]) or scheduled(root=Path("/"), environ=environ, home=home))
    files = [each for each in (config.project_file, config.user_file) if each is not None]
    return Standing(
        now=now,
        source=redact(config.prometheus.url or "this machine"),
        model=model,
        runs=runs,
        incidents=incidents,
        files=files,
        models_dir=config.models_dir,
        state_dir=config.state_dir,
        next=_next(config, model, runs, incidents, regular=regular, now=now),
    )


def how(run: Run) -> How:
    """How a run ended, or whether it goes on.

    >>> how(Run("train", 1, 0, 1, 4))
    'done'
    """
    if run.status is None:
        return "running" if is_alive(run.pid) else "died"
    return "done" if run.status in (Status.DONE, Status.PARTIAL, Status.FOUND) else "failed"


def is_late(kind: Kind, runs: Sequence[Run], now: int) -> bool:
    """Whether the next run should have begun long ago, by the usual time between the last ones."""
    if not runs:
        return False
    usual = cadence(runs) or USUAL_MS[kind]
    return now - runs[0].started > max(LATE * usual, _LEAST_LATE_MS[kind])


def _runs(state: State) -> dict[Kind, Sequence[Run]]:
    return {"train": newest(state, "train", limit=_RUNS), "detect": newest(state, "detect", limit=_RUNS)}


def _incidents(state: State) -> Sequence[Incident]:
    from smartcloudops.triage.ledger import open_incidents

    return sorted(open_incidents(state), key=lambda i: (-i.peak, i.start, i.id))


def _model(directory: Path) -> Model:
    try:
        versions = stored_versions(directory)
        version = read_pointer(directory)["version"]
        return Model(version, None if version is None else learnt_at(version), len(versions))
    except ModelError as e:
        return Model(None, None, 0, e.message)
    except OSError as e:
        return Model(None, None, 0, f"cannot read {directory}: {e.strerror}")


def _next(
    config: Config,
    model: Model,
    runs: dict[Kind, Sequence[Run]],
    incidents: Sequence[Incident],
    *,
    regular: bool,
    now: int,
) -> list[str]:
    """At most three commands."""
    detected, trained = runs["detect"], runs["train"]
    server = config.prometheus.url is not None
    configured = server or config.project_file is not None or config.user_file is not None
    wrong = any(last and how(last[0]) in ("failed", "died") for last in (detected, trained))
    late = is_late("detect", detected, now) or is_late("train", trained, now)
    untrained = model.version is None and model.error is None
    wanted = {
        f"sco incidents show {incidents[0].id}" if incidents else "": bool(incidents),
        "sco init": not configured and not trained,
        "sco doctor": wrong or late or model.error is not None,
        "sco train": untrained and (server or bool(trained)),
        "sco detect": model.version is not None and not detected,
        # Without a server the history is what detect collects: the schedule comes before the model.
        "sco init --systemd": (model.version is not None or not server) and configured and not regular,
    }
    return [command for command, holds in wanted.items() if holds][:3] or ["sco detect"]
