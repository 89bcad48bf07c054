"""The models in S3, as they are configured."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartcloudops.core.errors import ConfigError, ScoError, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smartcloudops.anomaly.remote import RemoteStore
    from smartcloudops.anomaly.sharing import Pushed
    from smartcloudops.core.aws import Place
    from smartcloudops.core.config import Config

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Shared:
    """What became of a trained model's push: `pushed`, or the `error` that it failed with."""

    place: str
    pushed: Pushed | None = None
    error: ScoError | None = None

    @property
    def status(self) -> Status:
        """Partly done where it is not in S3: it stands in the local store."""
        return Status.DONE if self.pushed is not None and not self.pushed.refused else Status.PARTIAL


def place_of(config: Config) -> Place | None:
    """Where models go in S3, or None; ConfigError where the setting is wrong."""
    from smartcloudops.core.aws import parse_place

    return parse_place(config.models.s3, setting="[models] s3") if config.models.s3 is not None else None


def open_remote(config: Config) -> RemoteStore:
    """The store in S3; ConfigError where none is configured. Nothing is sent yet."""
    from smartcloudops.anomaly.remote import RemoteStore
    from smartcloudops.core.aws import connect

    place = place_of(config)
    if place is None:
        hint = 'write s3 = "s3://bucket/prefix" in [models], or export SCO_MODELS__S3=s3://bucket/prefix'
        raise ConfigError("[models] s3 is not set", hint=hint)
    return RemoteStore(place, connect())


def share(config: Config, version: str | None, *, quiet: bool) -> Shared | None:
    """Push what was just trained; None without S3 or a version. Whatever S3 says, the local store has it."""
    from smartcloudops.anomaly import sharing
    from smartcloudops.anomaly.store import LocalStore

    if version is None or config.models.s3 is None:
        return None
    try:
        store, remote = LocalStore(config.models_dir), open_remote(config)
        sharing.enqueue(store, remote, version)
        with transferring("pushing", quiet=quiet) as advance:
            return Shared(str(remote.place), sharing.push(store, remote, advance=advance))
    except ScoError as e:
        return Shared(config.models.s3, error=e)


@contextmanager
def transferring(what: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Progress in MiB, for transfers that take over a second."""
    from smartcloudops.core.console import Progress

    with Progress(f"{what}, MiB", quiet=quiet) as progress:
        yield lambda done, total: progress.to(done // _MIB, -(-total // _MIB))
