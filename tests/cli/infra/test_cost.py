"""`sco infra cost` through the front door: plans from files, and AWS's own figures from a server that speaks for it."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from fakes.billing_server import HOURS, billing_server

DISK = {"volume_size": 14, "volume_type": "gp3"}
SERVER = {"instance_type": "t3.micro", "associate_public_ip_address": True, "root_block_device": [DISK]}
DENIED = ("AccessDeniedException", "User: arn:aws:iam::1:user/me is not authorized")


def resource(address: str, **after: Any) -> dict[str, Any]:
    about = {"address": address, "mode": "managed", "type": address.partition(".")[0], "name": "a"}
    return {**about, "change": {"actions": ["create"], "before": None, "after": after, "after_unknown": {"id": True}}}


def document(*resources: dict[str, Any]) -> dict[str, Any]:
    planned = [{name: each[name] for name in ("address", "mode", "type", "name")} for each in resources]
    return {
        "format_version": "1.2",
        "terraform_version": "1.15.5",
        "resource_changes": list(resources),
        "planned_values": {"root_module": {"resources": planned}},
    }


TWO = document(*(resource(f"aws_instance.host[{n}]", **SERVER) for n in range(2)), resource("aws_vpc.main"))


@pytest.fixture
def plan(tmp_path):
    """Writes a plan's JSON and returns where it is."""

    def write(content=TWO):
        path = tmp_path / "plan.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def test_a_plan_as_text(sco, plan):
    said = sco("infra", "cost", "--plan", plan(), "--account", "legacy", "--egress-gb", "0")
    assert said.status == 0, said.err
    lines = said.out.splitlines()
    assert lines[0].split() == ["RESOURCE", "WHAT", "QUANTITY", "LIST", "TO", "PAY"]
    (total,) = [line for line in lines if line.startswith("total ")]
    assert total.split()[-2:] == ["$24.72", "$10.93"]
    assert "  1,460 of 750 free hours of t2.micro and t3.micro used: $7.38" in lines
    assert "free by themselves: 1 resource (vpc)" in lines
    assert "AWS's prices of us-east-1, 2026-01-19, before taxes" in lines


def test_a_plan_as_json(sco, plan):
    said = sco("infra", "cost", "--plan", plan(), "--json", "--region", "eu-west-1")
    found = json.loads(said.out)
    assert (found["account"], found["region"], found["dated"]) == ("2025", "eu-west-1", "2026-01-19")
    assert found["list_usd"] == pytest.approx(sum(row["list_usd"] for row in found["prices"]), abs=1e-3)
    assert found["over"][0] == {
        "what": "hours of t2.micro and t3.micro", "used": 1460, "free": 750, "unit": "h", "usd": 8.094,
    }  # fmt: skip


def test_a_plan_as_csv_has_every_row_and_plain_numbers(sco, plan):
    said = sco("infra", "cost", "--plan", plan(), "-o", "csv")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert {row["resource"] for row in rows} == {
        "aws_instance.host[0]",
        "aws_instance.host[1]",
        "aws_vpc.main",
        "traffic",
    }
    assert float(rows[0]["list_usd"]) == 7.592
    assert "list price: $25.17 a month" in said.err
    assert sco("-q", "infra", "cost", "--plan", plan(), "-o", "csv").err == ""


def test_a_plan_as_markdown(sco, plan):
    said = sco("infra", "cost", "--plan", plan(), "-o", "md")
    assert said.out.startswith("| resource | what | quantity | list | to pay |\n")
    assert "\n- list price: $25.17 a month\n" in said.out


def test_standard_input(sco, plan, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(plan().read_bytes())))
    assert "$25.17" in sco("infra", "cost", "--plan", "-").out


def test_what_has_no_price_is_named_and_told_by_the_status(sco, plan):
    said = sco("infra", "cost", "--plan", plan(document(resource("aws_mystery.box"))))
    assert said.status == 4
    assert "not in these sums: aws_mystery.box: no price for this type in the table" in said.out


def test_nothing_costs_nothing(sco, plan):
    said = sco("infra", "cost", "--plan", plan(document()))
    assert said.status == 0
    assert said.out.startswith("nothing here costs anything\nlist price: $0 a month\n")


def test_names_with_escapes_are_shown_harmless(sco, plan):
    said = sco("infra", "cost", "--plan", plan(document(resource('aws_eip.a["\x1b[31m"]'))))
    assert "\x1b" not in said.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--plan", "missing.json"), "cannot read missing.json: No such file or directory"),
        (("--plan", "a", "--state"), "--plan and --state name two things to price"),
        (("--actual", "--state"), "--actual asks AWS"),
        (("--plan", "plan.json", "--egress-gb", "inf"), "--egress-gb inf is no number of GB"),
        (("--plan", "plan.json", "--logs-gb", "-1"), "greater than or equal to 0"),
        (("--account", "2024"), "2024"),
        ((), "no Terraform files in"),
    ],
)
def test_wrong_usage(sco, plan, arguments, says):
    plan()
    said = sco("infra", "cost", *arguments)
    assert said.status == 2
    assert says in said.err


def test_what_is_no_plan(sco, plan):
    said = sco("infra", "cost", "--plan", plan("hello"))
    assert said.status == 1
    assert "is no JSON" in said.err


@pytest.fixture
def aws(monkeypatch):
    """Credentials, and a region that none of these services is in."""
    for name, value in (("ACCESS_KEY_ID", "testing"), ("SECRET_ACCESS_KEY", "testing"), ("REGION", "eu-west-1")):
        monkeypatch.setenv(f"AWS_{name}", value)

    def at(url):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)

    return at


def test_actual_counts_and_what_was_spent(sco, aws):
    with billing_server() as billing:
        aws(billing.url)
        said = sco("infra", "cost", "--actual", "-y")
    assert said.status == 0, said.err
    assert billing.operations() == ["GetFreeTierUsage"] * 2 + ["GetAccountPlanState", "GetCostAndUsage"]
    lines = said.out.splitlines()
    assert "700" in lines[1] and "750 Hrs" in lines[1] and "93%" in lines[1] and "1,460" in lines[1]
    assert "more than is free by the month's end: 750 hours of t2.micro or t3.micro" in lines
    assert "account plan: FREE, ACTIVE, $87.50 of credits left, ends on 2027-02-01" in lines
    assert "spent this month: $1.25, by Cost Explorer" in lines
    assert "  EC2 - Other: $1.25" in lines


def test_cost_explorer_is_not_paid_without_a_yes(sco, aws, monkeypatch):
    with billing_server(charges=[3.5, 3.25]) as billing:
        aws(billing.url)
        said = sco("infra", "cost", "--actual")
    assert said.status == 0
    assert "GetCostAndUsage" not in billing.operations()
    assert "takes $0.01 a request; -y allows that" in said.err
    assert "spent this month: $3.50, by CloudWatch's EstimatedCharges of " in said.out


def test_no_figure_of_what_was_spent_is_told(sco, aws):
    with billing_server() as billing:
        aws(billing.url)
        said = sco("infra", "cost", "--actual")
    assert said.status == 4
    assert "not known: what was spent (switch on billing alerts" in said.out


@pytest.mark.parametrize("answer", [True, False])
def test_cost_explorer_is_asked_for_on_a_terminal(sco, aws, monkeypatch, answer):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stdin", Terminal("y\n" if answer else "n\n"))
    with billing_server(refusals={"GetMetricStatistics": DENIED}) as billing:
        aws(billing.url)
        said = sco("infra", "cost", "--actual")
    assert ("GetCostAndUsage" in billing.operations()) is answer
    assert "AWS takes $0.01 for it" in said.err


def test_denial_is_named_with_the_right_that_is_needed(sco, aws):
    refused = dict.fromkeys(("GetFreeTierUsage", "GetCostAndUsage", "GetMetricStatistics"), DENIED)
    with billing_server(refusals=refused, plan=None) as billing:
        aws(billing.url)
        said = sco("infra", "cost", "--actual", "-y", "--json")
    assert said.status == 4
    found = json.loads(said.out)
    assert found["free_tier"] is None
    assert found["plan"] is None
    hints = " ".join(each["hint"] for each in found["missing"])
    assert "freetier:GetFreeTierUsage" in hints
    assert "ce:GetCostAndUsage" in hints
    assert "cloudwatch:GetMetricStatistics" in hints
    assert "user/me" not in said.out


def test_an_answer_of_another_form_is_an_error(sco, aws):
    with billing_server(usages=[{**HOURS, "limit": None}, "odd"]) as billing:
        aws(billing.url)
        said = sco("infra", "cost", "--actual", "-y")
    assert said.status == 1
    assert "AWS answers otherwise than it should, asked to read the use of the free tier" in said.err


def test_pages_without_an_end_are_not_followed_for_ever(sco, aws):
    with billing_server(usages=[HOURS] * 60) as billing:
        aws(billing.url)
        said = sco("infra", "cost", "--actual", "-y")
    assert said.status == 1
    assert len(billing.asked) == 20


def test_nothing_answers(sco, aws):
    aws("http://127.0.0.1:9")
    said = sco("infra", "cost", "--actual", "-y")
    assert said.status == 69
    assert "nothing answers at that address" in said.err


def test_no_credentials(sco, monkeypatch):
    said = sco("infra", "cost", "--actual", "-y")
    assert said.status == 2
    assert "aws configure" in said.err
