"""What `terraform show -json PLANFILE` says, as a `Plan` that a person can read and that holds no secret. Pure.

Both formats are read: 0.2 (Terraform 1.0) and 1.x. Values are sealed (masking.py) before they are compared, so that a
secret that changes is told as changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from smartcloudops.core.errors import DataError
from smartcloudops.infra.configured import Configured
from smartcloudops.infra.differences import Difference, compact, differences, is_nothing, with_unknown
from smartcloudops.infra.drift import real
from smartcloudops.infra.masking import Veil, either, opened, resources_below, veil_of
from smartcloudops.infra.records import UNKNOWN, Action, Attribute, Change, Output, Plan

_ACTIONS: dict[tuple[str, ...], Action] = {
    ("no-op",): "no-op",
    ("create",): "create",
    ("read",): "read",
    ("update",): "update",
    ("delete",): "delete",
    ("forget",): "forget",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
    ("create", "forget"): "replace",
}
_ORDER: tuple[Action, ...] = ("delete", "replace", "forget", "update", "create", "read", "no-op")
_WHY = {
    "replace_because_tainted": "it is tainted: it was made in part, or marked so",
    "replace_because_cannot_update": "it cannot be changed in place",
    "replace_by_request": "asked for by -replace",
    "replace_by_triggers": "what it is to be replaced with was replaced",
    "delete_because_no_resource_config": "it is no longer in the configuration",
    "delete_because_no_module": "its module is no longer in the configuration",
    "delete_because_wrong_repetition": "count or for_each came or went",
    "delete_because_count_index": "count has become smaller",
    "delete_because_each_key": "its key is no longer in for_each",
    "delete_because_no_move_target": "what it was moved to is not in the configuration",
    "read_because_config_unknown": "what it asks for is known only then",
    "read_because_dependency_pending": "what it depends on changes first",
    "read_because_check_nested": "a check reads it each time",
}
# What it would hurt to lose. An instance's root disk holds Prometheus' and Grafana's data.
DATA_BEARING = frozenset(
    {
        "aws_s3_bucket",
        "aws_instance",
        "aws_ebs_volume",
        "aws_cloudwatch_log_group",
        "aws_db_instance",
        "aws_rds_cluster",
        "aws_dynamodb_table",
        "aws_efs_file_system",
        "aws_ecr_repository",
        "aws_elasticsearch_domain",
        "aws_elasticache_replication_group",
        "aws_redshift_cluster",
        "aws_sqs_queue",
        "aws_kinesis_stream",
        "aws_kms_key",
        "aws_secretsmanager_secret",
        "aws_backup_vault",
    }
)


def read_plan(document: Mapping[str, Any]) -> Plan:
    """The view of a plan; destroys and replacements first, what stays as it is left out of `changes`.

    Raises DataError where the document is not what Terraform writes.
    """
    try:
        return _read(document)
    except (AttributeError, KeyError, TypeError, IndexError) as e:
        raise DataError("this is no plan as `terraform show -json` writes it", hint="update sco, or Terraform") from e


def _read(document: Mapping[str, Any]) -> Plan:
    if "format_version" not in document:
        raise KeyError("format_version")
    veil, configured = veil_of(document), Configured.of(document)
    all_of_them = [_change(each, veil, configured) for each in document.get("resource_changes") or ()]
    # Terraform 1.0 marks in its drift only what the configuration does, not what the provider calls sensitive.
    marks = {each["address"]: _marks(each["change"]) for each in document.get("resource_changes") or ()}
    drift = [_drifted(each, veil, marks.get(each["address"])) for each in document.get("resource_drift") or ()]
    changes = sorted((c for c in all_of_them if c.action != "no-op"), key=_rank)
    return Plan(
        tuple(changes),
        real(drift, changes),
        tuple(_outputs(document.get("output_changes") or {}, veil)),
        tuple(_resources(document.get("planned_values") or {}, all_of_them, veil)),
        str(document.get("terraform_version", "")),
    )


def _rank(change: Change) -> tuple[int, bool, str]:
    return (_ORDER.index(change.action), not change.holds_data, change.address)


def _change(said: Mapping[str, Any], veil: Veil, configured: Configured) -> Change:
    change, address = said["change"], str(said["address"])
    action = _action(change["actions"])
    before, after = _sides(change, veil)
    coming = with_unknown(after, change.get("after_unknown"))
    found = _attributes(action, before, coming, configured.of_resource(address), change.get("replace_paths") or ())
    return Change(
        address,
        str(said.get("type", "")),
        str(said.get("name", "")),
        action,
        tuple(found),
        _reason(said, change),
        said.get("type") in DATA_BEARING and said.get("mode") != "data",
        opened(after) or {},
        change.get("after_unknown") or {},
    )


def _action(said: Sequence[str]) -> Action:
    found = _ACTIONS.get(tuple(said))
    if found is None:
        raise KeyError(f"no action {said}")
    return found


def _marks(change: Mapping[str, Any]) -> Any:
    """What is secret on one side is on the other, too: a mark that goes shows no secret."""
    return either(change.get("before_sensitive"), change.get("after_sensitive"))


def _sides(change: Mapping[str, Any], veil: Veil, more: Any = None) -> tuple[Any, Any]:
    """Before and after, sealed; `more` are further marks."""
    marks = either(_marks(change), more)
    return veil.sealed(change.get("before"), marks), veil.sealed(change.get("after"), marks)


def _attributes(
    action: Action, before: Any, after: Any, expressions: Any, forcing: Sequence[Sequence[str | int]]
) -> Iterator[Attribute]:
    if action in ("create", "read"):
        coming = (d for d in _flat(None, after) if d.after != UNKNOWN and Configured.sets(expressions, d.keys))
        yield from (_attribute(d, ()) for d in coming)
    elif action in ("delete", "forget"):
        yield from (_attribute(d, ()) for d in _flat(before, None) if d.keys == ("id",))
    elif action != "no-op":
        found = [d for d in differences(before, after) if _is_meant(d, action, expressions, forcing)]
        yield from (_attribute(d, forcing) for d in found if not _is_repeated(d, found))


def _flat(before: Any, after: Any) -> Iterator[Difference]:
    """Each attribute of what comes or goes, blocks as a whole."""
    for key in dict.fromkeys((*(before or {}), *(after or {}))):
        old, new = (before or {}).get(key), (after or {}).get(key)
        if not (is_nothing(old) and is_nothing(new)):
            yield Difference((key,), old, new)


def _is_meant(difference: Difference, action: Action, expressions: Any, forcing: Sequence[Sequence[str | int]]) -> bool:
    """Whether it is more than what a provider works out anew by itself."""
    if _forces(difference, forcing):
        return True
    is_computed = difference.after == UNKNOWN or (action == "replace" and is_nothing(difference.after))
    return not is_computed or Configured.sets(expressions, difference.keys)


def _is_repeated(difference: Difference, among: Sequence[Difference]) -> bool:
    """`tags_all` says again what `tags` says."""
    if difference.keys[0] != "tags_all":
        return False
    if difference.after == UNKNOWN:
        return any(d.keys[0] == "tags" for d in among)
    same = Difference(("tags", *difference.keys[1:]), difference.before, difference.after)
    return any(d.path == same.path and _shown(d) == _shown(same) for d in among)


def _forces(difference: Difference, forcing: Sequence[Sequence[str | int]]) -> bool:
    keys = difference.keys
    return any(keys[: len(path)] == tuple(path) or tuple(path)[: len(keys)] == keys for path in forcing)


def _attribute(difference: Difference, forcing: Sequence[Sequence[str | int]]) -> Attribute:
    return Attribute(difference.path, *_shown(difference), forces=_forces(difference, forcing))


def _shown(difference: Difference) -> tuple[Any, Any]:
    return compact(difference.before), compact(difference.after)


def _reason(said: Mapping[str, Any], change: Mapping[str, Any]) -> str:
    parts = []
    why = str(said.get("action_reason") or "")
    if why:
        parts.append(_WHY.get(why, why.replace("_", " ")))
    if _action(change["actions"]) == "replace":
        first = change["actions"][0] == "create"
        parts.append("the new one is made first" if first else "the old one is destroyed first")
    if said.get("previous_address") and said["previous_address"] != said["address"]:
        parts.append(f"moved from {said['previous_address']}")
    if change.get("importing"):
        parts.append("imported")
    if said.get("deposed"):
        parts.append("left over from a replacement that broke off")
    return "; ".join(parts)


def _drifted(said: Mapping[str, Any], veil: Veil, marks: Any) -> Change:
    """What others did to one resource: before is what the state has, after is what is in AWS."""
    change = said["change"]
    before, after = _sides(change, veil, marks)
    action = _action(change["actions"])
    found = list(differences(before, after)) if action == "update" else []
    attributes = tuple(_attribute(d, ()) for d in found if not _is_repeated(d, found))
    address, type_, name = (str(said.get(key, "")) for key in ("address", "type", "name"))
    return Change(address, type_, name, action, attributes, holds_data=type_ in DATA_BEARING)


def _outputs(said: Mapping[str, Any], veil: Veil) -> Iterator[Output]:
    for name, change in sorted(said.items()):
        marks = [change.get("before_sensitive"), change.get("after_sensitive")]
        value = with_unknown(_sides(change, veil)[1], change.get("after_unknown"))
        if tuple(change["actions"]) != ("delete",):
            yield Output(name, opened(value), True in marks, tuple(change["actions"]) != ("no-op",))


def _resources(planned: Mapping[str, Any], changes: Sequence[Change], veil: Veil) -> Iterator[Change]:
    """All that will be there: what is planned for each, and what has no change of its own."""
    known = {change.address: change for change in changes}
    for said in resources_below(planned.get("root_module") or {}):
        if said.get("mode") == "data":
            continue
        found = known.get(said["address"])
        yield found if found else resource(said, veil)


def resource(said: Mapping[str, Any], veil: Veil) -> Change:
    """A resource as a state has it, masked; its action is `no-op`."""
    values = opened(veil.sealed(said.get("values") or {}, said.get("sensitive_values")))
    address, type_, name = (str(said.get(key, "")) for key in ("address", "type", "name"))
    return Change(address, type_, name, "no-op", holds_data=type_ in DATA_BEARING, after=values)
