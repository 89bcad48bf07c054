"""botocore alone, and no more of it than is used: the first hit of a search waits for it."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from smartcloudops.core.registry import as_any


def light_session(bare: Any, profile: str | None, region: str | None) -> Any:
    """A session that has what is used of boto3's; a profile that does not exist is told now, as boto3 does."""
    if profile is not None:
        bare.set_config_variable("profile", profile)
    if region is not None:
        bare.set_config_variable("region", region)
    bare.get_scoped_config()
    return _Light(bare)


class _Light:
    """What is used of boto3's session, on botocore's alone."""

    def __init__(self, bare: Any) -> None:
        self._session = bare

    def client(self, service: str, **more: Any) -> Any:
        """A client of one service."""
        return self._session.create_client(service, **more)

    def get_credentials(self) -> Any:
        """The account's credentials; None where there are none."""
        return self._session.get_credentials()

    def get_available_partitions(self) -> list[str]:
        """Amazon's clouds: the usual one, that of China, …"""
        found: list[str] = self._session.get_available_partitions()
        return found

    def get_available_regions(self, service: str, partition: str) -> list[str]:
        """The regions of a cloud that have the service."""
        found: list[str] = self._session.get_available_regions(service, partition)
        return found

    @property
    def region_name(self) -> str | None:
        """The region of the account's settings."""
        found: str | None = self._session.get_config_variable("region")
        return found


@cache
def descriptions(path: str | None) -> Any:
    """What botocore reads of each service: a tenth of a second for S3, so that sessions share it."""
    import orjson
    from botocore import loaders

    base: Any = as_any(loaders).JSONFileLoader

    class Fast(base):  # type: ignore[misc]
        """The same, read by orjson: half a megabyte of JSON for S3."""

        def _load_file(self, full_path: str, open_method: Any) -> Any:
            if not os.path.isfile(full_path):  # noqa: PTH113 - as botocore does, some hundred times
                return None
            with open_method(full_path, "rb") as file:
                text: bytes = file.read()
            return orjson.loads(text)

    loader: Any = as_any(loaders).create_loader(path)
    loader.file_loader = Fast()
    return loader
