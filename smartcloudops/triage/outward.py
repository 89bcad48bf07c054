"""What leaves a run besides its report: the newest scores, and that the run went well or failed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from smartcloudops.anomaly.detection import Detection
from smartcloudops.core.config import Config
from smartcloudops.core.errors import ConfigError, ScoError, Status, status_of
from smartcloudops.metrics.address import parse_url
from smartcloudops.metrics.series import Series
from smartcloudops.publish import samples, textfile
from smartcloudops.triage.ledger import Triage

_CURRENT_STEPS = 3


def check(config: Config) -> None:
    """UsageError where the configuration asks for what nobody would read."""
    if config.detect.textfile:
        textfile.check_name(config.detect.textfile)


@contextmanager
def telling_of_failure(config: Config, path: Path | None, now: int) -> Iterator[None]:
    """Where the block fails, replace the scores in the textfile by that; the error itself goes on."""
    try:
        yield
    except BaseException as e:
        with suppress(ScoError):
            _write(config, list(samples.run_series(_where(config, path), status_of(e), now, None)))
        raise


def publish(
    config: Config, path: Path | None, found: Detection, triage: Triage, status: Status, now: int
) -> tuple[str, ...]:
    """Write the newest scores of everything that was scored; what could not be written, and why."""
    series = [
        *samples.score_series(c for c in found.courses if c.times[-1] >= _oldest(found)),
        *samples.incident_series(found.scored, triage.incidents, now),
        *samples.run_series(_where(config, path), status, now, found.learnt_at),
    ]
    try:
        _write(config, series)
    except ScoError as e:
        return (f"the scores were not published: {e.message}",)
    return ()


def _oldest(found: Detection) -> int:
    """What was scored last before then is no news of now."""
    return found.window.end - _CURRENT_STEPS * found.window.step


def _write(config: Config, series: list[Series]) -> None:
    if config.detect.textfile:
        textfile.write(config.detect.textfile, series)


def _where(config: Config, path: Path | None) -> str:
    """The source of the metrics, as a label; known before it is opened, and without credentials."""
    if path is not None:
        return str(path.absolute())
    try:
        return parse_url(config.prometheus.url).shown if config.prometheus.url else "host"
    except ConfigError:
        return ""
