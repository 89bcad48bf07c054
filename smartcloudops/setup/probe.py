"""Try a configuration before it is written: it is read as sco will read it, and its server is asked."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from smartcloudops.core.config import load
from smartcloudops.setup.configuration import Answers, text


@dataclass(frozen=True, slots=True)
class Probed:
    """What a server said. `presets`: how many of a preset's metrics have data, and how many it has."""

    where: str
    version: str | None
    presets: Mapping[str, tuple[int, int]]
    series: int
    skew_ms: int | None

    def useful(self) -> tuple[str, ...]:
        """The presets with any data."""
        return tuple(name for name, (there, _) in self.presets.items() if there)


def probe(answers: Answers, *, environ: Mapping[str, str], home: Path) -> Probed:
    """Ask the server of the answers. Raises what the server's refusal or silence is, and ConfigError for answers
    that do not make a configuration."""
    from smartcloudops.metrics import choose, presets
    from smartcloudops.metrics.probe import clock_skew_ms, count_series, version
    from smartcloudops.metrics.prometheus import Prometheus

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.toml"
        file.write_text(text(answers))
        bare = {name: value for name, value in environ.items() if not name.startswith("SCO_")}
        source = choose.open_source(load(file=file, environ=bare, cwd=home, home=home), None)
    assert isinstance(source, Prometheus)
    source.check()
    metrics = {name: presets.load(name) for name in presets.names()}
    counted = count_series(source, [metric for each in metrics.values() for metric in each])
    return Probed(
        where=source.where,
        version=version(source),
        presets={
            name: (sum(bool(counted.series.get(metric.name)) for metric in each), len(each))
            for name, each in metrics.items()
        },
        series=sum(counted.series.values()),
        skew_ms=clock_skew_ms(source),
    )
