"""The store in S3: whether it can be listed and read, and, where that was asked for, written."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from smartcloudops.doctor.scene import Finding, Scene

if TYPE_CHECKING:
    from smartcloudops.core.aws import Place

_PRECONDITION = "PreconditionFailed"


def look(scene: Scene) -> Finding:
    """One listing of one key, one read of the pointer; with `write` a probe is put, put again, and removed.

    Raises what S3 refuses, in `core.aws`'s words; ModelError for a damaged pointer.
    """
    from smartcloudops.anomaly.remote import RemoteStore
    from smartcloudops.core import aws

    if scene.config.models.s3 is None:
        return Finding("info", "[models] s3 is not set: models stay on this machine")
    place = aws.parse_place(scene.config.models.s3, setting="[models] s3")
    client = aws.connect()
    with aws.errors(place, "list it"):
        client.list_objects_v2(Bucket=place.bucket, Prefix=place.key(""), MaxKeys=1)
    version = RemoteStore(place, client).pointer().version
    seen = f"{place} can be listed and read; {f'{version} is in use there' if version else 'nothing was pushed yet'}"
    if not scene.write:
        return Finding("ok", f"{seen}; writing was not tried (--write)")
    if not _write(place, client):
        return Finding(
            "fail",
            f"{place} takes a conditional write whose condition does not hold: two pushes at once would lose one",
            "use a server that knows If-None-Match, as S3 does",
        )
    return Finding("ok", f"{seen}; a probe was written, protected from another write, and removed")


def _write(place: Place, client: Any) -> bool:
    """Put, refuse, remove: whether the second write of the same key was refused, as it must be."""
    from smartcloudops.core import aws

    probe = {"Bucket": place.bucket, "Key": place.key(f".sco-doctor-{secrets.token_hex(8)}")}
    refused = False
    with aws.errors(place, "write a probe"):
        client.put_object(**probe, Body=b"sco doctor", IfNoneMatch="*")
    try:
        with aws.errors(place, "write a probe again"):
            try:
                client.put_object(**probe, Body=b"sco doctor", IfNoneMatch="*")
            except client.exceptions.ClientError as e:
                if aws.code_of(e) != _PRECONDITION:
                    raise
                refused = True
    finally:
        with aws.errors(place, "remove the probe"):
            client.delete_object(**probe)
    return refused
