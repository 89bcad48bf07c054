"""`sco infra up` and `down` through the front door, on a recorded plan: what stops them, and what they apply."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from fakes.prometheus_server import FakePrometheus, Reply, always
from fakes.recorded_terraform import Recorded, recorded
from fakes.terraform_documents import SECRETS
from infra.test_preflight import CALLER

from smartcloudops.core.errors import Status

EMPTY = json.dumps({"format_version": "1.2", "terraform_version": "1.15.5"})


@pytest.fixture
def made(tmp_path, monkeypatch) -> Iterator[Recorded]:
    """A stack in ./infra, a Terraform that answers with a recorded plan of changes, and an AWS that knows us."""
    found = recorded(tmp_path / "bin", tmp_path / "infra")
    (tmp_path / "run").mkdir()
    with FakePrometheus(always(Reply(CALLER, 200, "text/xml"))) as aws:
        for name, value in {
            "SCO_INFRA__BINARY": str(found.program),
            "XDG_RUNTIME_DIR": str(tmp_path / "run"),
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
        }.items():
            monkeypatch.setenv(name, value)
        yield found


def applied(made: Recorded) -> list[list[str]]:
    return made.calls("apply")


def test_a_breach_of_severity_high_stops_it(sco, made) -> None:
    said = sco("infra", "up", "-y", "--no-wait")
    assert said.status == Status.FAILED
    assert "the plan breaks a rule of severity high; nothing was changed" in said.err
    assert "--despite-policy" in said.err
    assert applied(made) == []


def test_exactly_the_plan_file_is_applied_and_no_byte_of_a_secret_is_said(sco, made, tmp_path) -> None:
    said = sco("infra", "apply", "-y", "--no-wait", "--despite-policy")
    assert said.status == Status.DONE, said.err
    assert "stack shop in AWS account 111122223333" in said.err
    ((_, plan, *options),) = [sorted(call, key=lambda a: a.startswith("-")) for call in applied(made)]
    assert plan.startswith(str(tmp_path / "run"))
    assert not any(option.startswith(("-var", "-auto")) for option in options)
    assert [secret for secret in SECRETS if secret in said.out + said.err] == []
    assert list((tmp_path / "run").iterdir()) == []


def test_variables_go_by_a_file(sco, made) -> None:
    sco("infra", "up", "-y", "--no-wait", "--despite-policy", "--var", "password=open-sesame-9")
    every = json.dumps(made.calls("plan") + applied(made))
    assert "open-sesame-9" not in every
    assert "given.tfvars.json" in every


def test_quiet_with_a_yes_says_nothing_but_results(sco, made) -> None:
    said = sco("-q", "infra", "up", "-y", "--no-wait", "--despite-policy", "-o", "json")
    assert said.status == Status.DONE
    assert said.err == ""
    assert said.json["stack"] == "shop"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("up", "--no-wait", "--despite-policy"), "nobody to ask"),
        (("down",), "nobody to ask for the stack's name"),
        (("down", "-y"), "sco infra down -y --name shop"),
        (("destroy", "-y", "--name", "prod"), "the stack is called shop"),
        (("down", "--name", "shop"), "nobody to ask"),
        (("restore", "x"), "nobody to ask"),
    ],
)
def test_nobody_is_asked_without_a_terminal(sco, made, command, said) -> None:
    found = sco("infra", *command)
    assert found.status == Status.USAGE
    assert said in found.err
    assert applied(made) == []


def test_a_plan_of_nothing_is_not_applied(sco, made) -> None:
    import gzip

    made.program.with_name("plan.json.gz").write_bytes(gzip.compress(EMPTY.encode()))
    made_plan = made.program.read_text().replace('json.loads(recorded("plan"))["resource_changes"]', "[]")
    made.program.write_text(made_plan)
    found = sco("infra", "up", "-y", "--no-wait")
    assert found.status == Status.DONE, found.err
    assert "no changes" in found.err
    found = sco("infra", "down", "-y", "--name", "shop")
    assert (found.status, found.out) == (Status.DONE, "there is nothing of shop to destroy\n")
    assert applied(made) == []


def test_the_names_that_terraform_has_are_known_and_not_listed(sco) -> None:
    listed = sco("infra", "--help").out
    assert " up " in listed
    assert "restore" in listed
    assert "apply " not in listed.replace("apply exactly", "")
    assert sco("infra", "apply", "--help").status == Status.DONE
    assert "Destroy the stack" in sco("infra", "destroy", "--help").out
