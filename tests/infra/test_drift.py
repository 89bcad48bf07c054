"""Drift that means drift: what others changed, apart from what the configuration wants besides."""

from __future__ import annotations

import pytest
from fakes.terraform_documents import VERSIONS, change, document, plan

from smartcloudops.infra.drift import Drift, judged
from smartcloudops.infra.plan import read_plan
from smartcloudops.infra.records import MASKED, Attribute

INNER = "module.inner.aws_ssm_parameter.inner"
RULE = {"cidr_blocks": ["0.0.0.0/0"], "from_port": 22, "protocol": "tcp", "self": False, "to_port": 22}


def of(kind: str, version: str, *ignore: str) -> Drift:
    return judged(read_plan(document(kind, version)), ignore)


def places(drift: Drift, part: str = "found") -> list[str]:
    return [f"{c.address} {a.path}" for c in getattr(drift, part) for a in c.attributes]


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_that_is_only_written_differently_is_drift(version: str) -> None:
    raw = document("drift", version)["resource_drift"]
    assert len(raw) > 8
    for kind in ("clean", "change", "destroy"):
        assert of(kind, version).found == ()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ["drift", "drift-and-change"])
def test_what_was_done_by_hand_is_found_and_only_that(kind: str, version: str) -> None:
    found = of(kind, version).found
    assert [(c.action, c.address) for c in found] == [
        ("delete", f'{INNER}["one"]'),
        ("update", "aws_security_group.web"),
        ("update", "aws_ssm_parameter.password"),
        ("update", "aws_vpc.main"),
    ]
    assert [c.attributes for c in found] == [
        (),
        (Attribute("ingress[0]", None, RULE),),
        (Attribute("value", MASKED, MASKED),),
        (Attribute("tags.Owner", None, "somebody"),),
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_what_the_configuration_wants_is_no_drift(version: str) -> None:
    assert of("drift", version).pending == ()
    assert places(of("drift-and-change", version), "pending") == [
        "aws_cloudwatch_log_group.app[0] id",
        "aws_instance.app root_block_device[0].volume_size",
        "aws_instance.app tags.secret",
        "aws_instance.app user_data",
        "aws_s3_bucket.logs versioning[0].enabled",
        "aws_iam_role_policy.app policy.Statement[0].Action",
        "aws_security_group.web ingress[0].cidr_blocks",
        f'{INNER}["two"] value',
    ]
    assert len(of("change", version).pending) == 8


@pytest.mark.parametrize(
    ("pattern", "left", "ignored"),
    [
        ("aws_vpc.main", 3, 1),
        ("aws_vpc", 3, 1),
        ("aws_vpc.main.tags.Owner", 3, 1),
        ("*.tags.*", 3, 1),
        ("aws_security_group.web.ingress[0]", 3, 1),
        (f'{INNER}["one"]', 3, 1),
        ("module.inner.*", 3, 1),
        ("aws_ssm_parameter", 2, 2),
        ("*", 0, 4),
        ("aws_vpc.main.tags.Name", 4, 0),
        ("aws_vpc.mai", 4, 0),
        ("aws_security_group.web.ingress[1]", 4, 0),
    ],
)
def test_what_is_ignored_is_counted(pattern: str, left: int, ignored: int) -> None:
    found = of("drift", VERSIONS[1], pattern)
    assert (len(found.found), len(found.ignored)) == (left, ignored)


def test_one_attribute_is_ignored_and_the_other_is_not() -> None:
    moved = change({"a": 1, "b": 1}, {"a": 2, "b": 2})
    back = change({"a": 2, "b": 2}, {"a": 1, "b": 1})
    found = judged(read_plan(plan(back, drift=(moved,))), ["aws_x.a.b"])
    assert (places(found), places(found, "ignored")) == (["aws_x.a a"], ["aws_x.a b"])


def test_what_terraform_leaves_as_it_is_is_no_drift() -> None:
    """An address that changes on its own, an attribute that the configuration does not set."""
    moved = change({"ip": "1", "size": 1}, {"ip": "2", "size": 1})
    assert judged(read_plan(plan(change({}, {}, actions=("no-op",)), drift=(moved,)))).found == ()
    pending = change({"ip": "2", "size": 1}, {"ip": "2", "size": 9})
    found = judged(read_plan(plan(pending, drift=(moved,))))
    assert (found.found, places(found, "pending")) == ((), ["aws_x.a size"])


def test_what_was_deleted_and_is_wanted_no_more_is_settled() -> None:
    gone = change({"id": "1"}, None, actions=("delete",))
    assert judged(read_plan(plan(drift=(gone,)))) == Drift((), (), ())
    again = change(None, {"id": "1"}, actions=("create",))
    assert [c.action for c in judged(read_plan(plan(again, drift=(gone,)))).found] == ["delete"]


def test_a_change_by_others_and_one_by_the_configuration_of_one_attribute_are_both_told() -> None:
    moved, wanted = change({"size": 1}, {"size": 5}), change({"size": 5}, {"size": 2})
    found = judged(read_plan(plan(wanted, drift=(moved,))))
    assert (places(found), places(found, "pending")) == (["aws_x.a size"], ["aws_x.a size"])


def test_a_pattern_is_no_regular_expression() -> None:
    assert judged(read_plan(document("drift", VERSIONS[1])), ["(a+)+$", "[", ".*"]).ignored == ()
