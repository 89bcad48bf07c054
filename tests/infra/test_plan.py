"""A plan as people read it, from documents of both Terraform versions."""

from __future__ import annotations

import re

import pytest
from fakes.terraform_documents import KINDS, SECRETS, VERSIONS, change, document, plan

from smartcloudops.core.errors import DataError
from smartcloudops.infra.plan import read_plan
from smartcloudops.infra.records import MASKED, UNKNOWN, Attribute, Change, Plan

REPLACED = "it cannot be changed in place; the old one is destroyed first"


def changes(kind: str, version: str) -> dict[str, Change]:
    return {each.address: each for each in read_plan(document(kind, version)).changes}


def only(*changed: dict) -> Change:
    (found,) = read_plan(plan(*changed)).changes
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_no_secret_of_a_real_plan_is_in_its_view(kind: str, version: str) -> None:
    raw, shown = str(document(kind, version)), repr(read_plan(document(kind, version)))
    assert any(secret in raw for secret in SECRETS)
    assert [secret for secret in SECRETS if secret in shown] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_to_do_is_no_change(version: str) -> None:
    found = read_plan(document("clean", version))
    assert (found.changes, found.drift) == ((), ())
    assert found.terraform == version
    assert len(found.resources) == 11
    assert not any(output.changed for output in found.outputs)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_lost_comes_first_and_data_before_all(version: str) -> None:
    found = read_plan(document("change", version)).changes
    assert [(c.action, c.address, c.holds_data) for c in found[:4]] == [
        ("delete", "aws_cloudwatch_log_group.app[0]", True),
        ("replace", "aws_instance.app", True),
        ("update", "aws_s3_bucket.logs", True),
        ("update", "aws_iam_role_policy.app", False),
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_each_attribute_that_changes_is_told_and_nothing_that_is_worked_out(version: str) -> None:
    found = changes("change", version)
    assert found["aws_instance.app"].attributes == (
        Attribute("root_block_device[0].volume_size", 8, 10),
        Attribute("tags.secret", MASKED, MASKED),
        Attribute("user_data", "(script, hash 92af6e66)", "(script, hash 2da89176)", forces=True),
    )
    assert found["aws_instance.app"].reason == REPLACED
    assert found["aws_s3_bucket.logs"].attributes == (Attribute("versioning[0].enabled", True, False),)
    assert found["aws_security_group.web"].attributes == (
        Attribute("ingress[0].cidr_blocks", ["10.0.0.0/16"], ["0.0.0.0/0"]),
    )
    assert found["aws_ssm_parameter.password"].attributes == (Attribute("value", MASKED, MASKED),)


@pytest.mark.parametrize("version", VERSIONS)
def test_policies_are_compared_as_json(version: str) -> None:
    policy = changes("change", version)["aws_iam_role_policy.app"]
    assert policy.attributes == (Attribute("policy.Statement[0].Action", ["s3:GetObject"], ["*"]),)


@pytest.mark.parametrize("version", VERSIONS)
def test_outputs_are_masked_or_known_only_later(version: str) -> None:
    found = {output.name: output for output in read_plan(document("change", version)).outputs}
    assert found["password"].value == MASKED
    assert found["password"].sensitive
    assert (found["app_url"].value, found["app_url"].changed) == (UNKNOWN, True)
    assert found["bucket"].value.startswith("sco-logs-")


@pytest.mark.parametrize("version", VERSIONS)
def test_all_that_will_be_there_is_told_with_its_modules(version: str) -> None:
    found = {each.address: each for each in read_plan(document("change", version)).resources}
    assert 'module.inner.aws_ssm_parameter.inner["two"]' in found
    assert "aws_cloudwatch_log_group.app[0]" not in found
    assert "data.aws_iam_policy_document.assume" not in found
    app = found["aws_instance.app"]
    assert (app.action, app.after["instance_type"], app.unknown["id"]) == ("replace", "t3.micro", True)
    assert app.after["tags"] == {"Name": "app", "secret": MASKED}
    assert found["aws_vpc.main"].after["cidr_block"] == "10.0.0.0/16"
    assert read_plan(document("destroy", version)).resources == ()


def test_both_versions_say_the_same() -> None:
    def view(version: str, kind: str) -> str:
        found = read_plan(document(kind, version))
        said = repr([(c.action, c.address, c.attributes, c.holds_data) for c in (*found.changes, *found.drift)])
        return re.sub(r"(sg|vpc|i|subnet)-[0-9a-f]+|sco-logs-\d+", "ID", said.replace(version, "V"))

    for kind in KINDS:
        assert view(VERSIONS[0], kind) == view(VERSIONS[1], kind)


@pytest.mark.parametrize(
    ("actions", "action", "reason"),
    [
        (("create",), "create", ""),
        (("delete",), "delete", ""),
        (("read",), "read", ""),
        (("forget",), "forget", ""),
        (("delete", "create"), "replace", "the old one is destroyed first"),
        (("create", "delete"), "replace", "the new one is made first"),
    ],
)
def test_actions(actions: tuple[str, ...], action: str, reason: str) -> None:
    found = only(change({"id": "1"}, {"id": "2"}, actions=actions))
    assert (found.action, found.reason) == (action, reason)
    assert read_plan(plan(change({}, {}, actions=("no-op",)))).changes == ()
    assert read_plan(plan(change({}, {}, actions=actions))).count(found.action) == 1


def test_reasons_are_sentences_and_unknown_ones_are_said_as_they_are() -> None:
    assert only(change({}, {}, action_reason="delete_because_no_module", actions=("delete",))).reason == (
        "its module is no longer in the configuration"
    )
    assert only(change({}, {}, action_reason="delete_because_of_news", actions=("delete",))).reason == (
        "delete because of news"
    )
    assert only(change({}, {}, previous_address="aws_x.b")).reason == "moved from aws_x.b"
    assert only(change({}, {}, importing={"id": "x"})).reason == "imported"
    assert "broke off" in only(change({}, None, deposed="ab12", actions=("delete",))).reason


def test_what_comes_is_told_without_what_is_not_known_yet() -> None:
    unknown = {"id": True, "disk": [{"id": True}], "tags_all": True}
    found = only(
        change(None, {"size": 8, "disk": [{"gb": 9}], "none": None}, actions=("create",), after_unknown=unknown)
    )
    assert found.attributes == (Attribute("size", None, 8), Attribute("disk", None, [{"gb": 9, "id": UNKNOWN}]))
    assert found.unknown == unknown


def test_what_is_known_only_later_is_told_where_the_configuration_sets_it() -> None:
    expressions = {"ref": {"references": ["aws_y.b.id"]}}
    configuration = {"root_module": {"resources": [{"address": "aws_x.a", "expressions": expressions}]}}
    held = change({"ref": "old", "arn": "a"}, {}, after_unknown={"ref": True, "arn": True}, address="aws_x.a[0]")
    (found,) = read_plan(plan(held, configuration=configuration)).changes
    assert found.attributes == (Attribute("ref", "old", UNKNOWN),)


def test_a_policy_that_is_only_written_differently_is_told_so() -> None:
    found = only(change({"policy": '{"a": 1}'}, {"policy": '{"a":1}'}))
    assert found.attributes == (Attribute("policy", "JSON", "the same, written differently"),)


@pytest.mark.parametrize(
    "wrong", [{}, {"format_version": "1.2", "resource_changes": [{}]}, plan(change(actions=("x",)))]
)
def test_what_is_no_plan_is_refused(wrong: dict) -> None:
    with pytest.raises(DataError, match="no plan"):
        read_plan(wrong)


def test_an_empty_plan_is_a_plan() -> None:
    assert read_plan(plan()) == Plan(())
