"""What a push or a pull did, and where versions are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from smartcloudops.anomaly.changes import Change, summary
from smartcloudops.cli.render.output import Table
from smartcloudops.cli.render.training import count
from smartcloudops.core.quantities import quantity

if TYPE_CHECKING:
    from smartcloudops.anomaly.remote import Listed
    from smartcloudops.anomaly.sharing import Pushed
    from smartcloudops.cli.remote import Shared


def pushed_document(place: str, pushed: Pushed) -> dict[str, Any]:
    """A push as JSON."""
    return {
        "s3": place,
        "in_use": pushed.after,
        "before": pushed.before,
        "why": pushed.why,
        "sent": [{"version": s.version, "files": s.files, "bytes": s.bytes, "there": s.there} for s in pushed.sent],
        "refused": list(pushed.refused),
    }


def say_pushed(place: str, pushed: Pushed, stream: TextIO) -> None:
    """One line a version, then what is in use there."""
    for message in pushed.refused:
        stream.write(f"refused, not pushed: {message}\n")
    for sent in pushed.sent:
        if not sent.files:
            stream.write(f"{sent.version} is in {place} already\n")
            continue
        there = f", {sent.there} were there already" if sent.there else ""
        stream.write(
            f"pushed {sent.version} to {place}: {count(sent.files, 'file', 'files')}, "
            f"{quantity(sent.bytes, 'bytes')}{there}\n"
        )
    if pushed.why:
        stream.write(f"in use there: {pushed.after}; not moved, {pushed.why}\n")
        stream.write("  to put another in use there: sco models promote --remote VERSION\n")
    elif pushed.after != pushed.before:
        instead = f", in the place of {pushed.before}" if pushed.before else ""
        stream.write(f"in use there now: {pushed.after}{instead}\n")
    else:
        stream.write(f"in use there: {pushed.after or 'none yet'}\n")


def shared_document(shared: Shared | None) -> dict[str, Any]:
    """What `sco train` says of S3 as JSON; nothing without S3."""
    if shared is None:
        return {}
    if shared.pushed is None:
        return {"s3": {"s3": shared.place, "error": shared.error.message if shared.error else ""}}
    return {"s3": pushed_document(shared.place, shared.pushed)}


def say_shared(shared: Shared | None, stream: TextIO, *, quiet: bool) -> None:
    """Always where the push failed, else unless `quiet`."""
    if shared is None:
        return
    if shared.error is not None:
        stream.write(f"not pushed: {shared.error.message}; the local store has the model, the next push goes on\n")
        stream.write(f"  try: {shared.error.hint}; then: sco models push\n" if shared.error.hint else "")
    elif shared.pushed is not None and (shared.pushed.refused or not quiet):
        say_pushed(shared.place, shared.pushed, stream)


def changes_table(found: Sequence[Change]) -> Table:
    """What a pulled model changes; for programs a record each, for people those that are alike together."""
    records = [{"what": c.what, "entity": c.entity, "before": c.before, "after": c.after} for c in found]
    rows = [tuple(cell or "–" for cell in row) for row in summary(found)]
    return Table(("what", "here", "pulled"), rows, records, empty="the models do not differ")


def with_places(
    documents: Sequence[dict[str, Any]], listed: Mapping[str, Listed], in_use: str | None
) -> list[dict[str, Any]]:
    """Local versions and those of S3, newest first, each with where it is and what is in use where."""
    here = {d["version"]: d for d in documents}
    found = []
    for version in sorted({*here, *listed}, reverse=True):
        there = listed.get(version)
        places = [name for name, is_there in (("local", version in here), ("s3", there is not None)) if is_there]
        error = "only in part in S3; sco models push goes on" if there is not None and not there.whole else None
        own = here.get(version) or _only_in_s3(version, there)
        found.append(own | {"where": places, "in_use_s3": version == in_use, "error": own["error"] or error})
    return found


def _only_in_s3(version: str, there: Listed | None) -> dict[str, Any]:
    created = f"{version[:4]}-{version[4:6]}-{version[6:11]}:{version[11:13]}:{version[13:16]}"
    size = sum(there.sizes.values()) if there else 0
    about = {"version": version, "in_use": False, "error": None, "created": created}
    return about | {"series": None, "groups": None, "step_ms": None, "bytes": size, "source": ""}
