"""Which source and which metrics the configuration and the flags ask for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from smartcloudops.core.config import Config
from smartcloudops.core.errors import ConfigError
from smartcloudops.core.settings import Metric
from smartcloudops.metrics import SOURCES, Source


def open_source(config: Config, path: Path | None) -> Source:
    """`--from PATH`, else `[prometheus] url`; ConfigError naming the key where neither is given."""
    if path is not None:
        return SOURCES.load("file").open(config, path)
    if config.prometheus.url:
        return SOURCES.load("prometheus").open(config, None)
    raise ConfigError(
        "no source of metrics: neither --from nor [prometheus] url is set",
        hint="SCO_PROMETHEUS__URL=http://localhost:9090, `url` under [prometheus] in sco.toml, or --from metrics.csv",
    )
