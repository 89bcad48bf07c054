"""What would be lost with a stack: the objects in its buckets, counted and, where that is wanted, deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from smartcloudops.core import aws
from smartcloudops.core.errors import ScoError

# Counting stops there: a thousand a request, and what matters is that it is not empty.
MOST_COUNTED = 20_000


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket that is there. `forced`: Terraform deletes what is in it, too."""

    address: str
    name: str
    forced: bool


@dataclass(frozen=True, slots=True)
class Contents:
    """What a bucket holds: objects, and older versions besides; `more` where counting stopped."""

    bucket: Bucket
    objects: int
    older: int
    size: int
    more: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether deleting the bucket loses nothing."""
        return not (self.objects or self.older)


def buckets_in(document: Mapping[str, Any]) -> Iterator[Bucket]:
    """The buckets that a plan deletes or replaces."""
    for each in document.get("resource_changes") or ():
        change = each.get("change") or {}
        before = change.get("before") or {}
        if each.get("type") == "aws_s3_bucket" and "delete" in (change.get("actions") or ()) and before.get("bucket"):
            yield Bucket(str(each["address"]), str(before["bucket"]), before.get("force_destroy") is True)


def contents(client: Any, bucket: Bucket) -> Contents:
    """Count what is in it; a bucket that is gone is empty."""
    objects = older = size = 0
    more = False
    try:
        for page in _pages(client, bucket, "count its objects"):
            current = [each for each in page.get("Versions", ()) if each.get("IsLatest")]
            objects += len(current)
            older += len(page.get("Versions", ())) - len(current) + len(page.get("DeleteMarkers", ()))
            size += sum(int(each.get("Size", 0)) for each in page.get("Versions", ()))
            more = objects + older >= MOST_COUNTED
            if more:
                break
    except ScoError as e:
        if "no such bucket" not in e.message:
            raise
    return Contents(bucket, objects, older, size, more)


def empty(client: Any, bucket: Bucket) -> int:
    """Delete every version of every object for good; how many."""
    deleted = 0
    for page in _pages(client, bucket, "delete its objects"):
        each_version = (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
        keys = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in each_version]
        if not keys:
            continue
        with aws.errors(f"s3://{bucket.name}", "delete its objects"):
            answer = client.delete_objects(Bucket=bucket.name, Delete={"Objects": keys, "Quiet": True})
        if errors := answer.get("Errors"):
            raise ScoError(f"s3://{bucket.name}: {len(errors)} objects cannot be deleted: {errors[0].get('Code')}")
        deleted += len(keys)
    return deleted


def _pages(client: Any, bucket: Bucket, doing: str) -> Iterator[Mapping[str, Any]]:
    with aws.errors(f"s3://{bucket.name}", doing, reading=doing.startswith("count")):
        yield from client.get_paginator("list_object_versions").paginate(Bucket=bucket.name)
