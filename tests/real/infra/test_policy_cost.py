"""What the packaged stack breaks and costs, as real Terraform plans it; `sco infra cost` of a plan and of a state."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fakes import small_stack
from fakes.small_stack import Account
from fakes.terraform_parts import NEW, Parts

from smartcloudops.infra import stack
from smartcloudops.infra.cost import actual, limits
from smartcloudops.infra.cost.reading import resources_in
from smartcloudops.infra.cost.saying import estimated
from smartcloudops.infra.policy import breaches, stops

pytestmark = pytest.mark.real
VARIABLES = {"two": (), "one": ("-var=single_instance=true",)}


@pytest.fixture(scope="module")
def account(parts: Parts, cloud: int, tmp_path_factory: pytest.TempPathFactory) -> Account:
    """Somebody with the packaged stack in an empty AWS account."""
    home = tmp_path_factory.mktemp("home")
    stack.copy(home / "infra")
    small_stack.redirect(home / "infra", cloud)
    (home / "infra" / "terraform.tfvars").write_text('admin_cidr = "203.0.113.7/32"\n')
    found = Account(home, cloud, parts.programs[NEW], parts.environ)
    terraform(found, "init", "-input=false")
    return found


def terraform(account: Account, *arguments: str) -> str:
    (account.home / "tmp").mkdir(exist_ok=True)
    argv = [str(account.binary), *arguments]
    done = subprocess.run(
        argv, cwd=account.dir, env=account.environment(), capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=["two", "one"])
def planned(request: pytest.FixtureRequest, account: Account) -> tuple[str, str]:
    """How many servers, and `terraform show -json` of the plan."""
    file = f"{request.param}.plan"
    terraform(account, "plan", "-input=false", f"-out={file}", *VARIABLES[request.param])
    return request.param, terraform(account, "show", "-json", file)


def test_the_packaged_stack_breaks_no_rule_but_that_of_money(planned: tuple[str, str]) -> None:
    servers, document = planned
    found = breaches(resources_in(document, "plan"))
    assert not stops(found)
    assert {each.rule for each in found} == ({"over-free-tier"} if servers == "two" else set())


def test_the_packaged_stack_costs_what_the_readme_says(planned: tuple[str, str]) -> None:
    servers, document = planned
    found = estimated(resources_in(document, "plan"), today=datetime.now(UTC).date(), region="us-east-1")
    figures = [round(each, 2) for each in (found.total.list_usd, found.legacy.free_usd, found.credited.free_usd)]
    assert figures == ([25.77, 10.93, 24.85] if servers == "two" else [13.31, 0.0, 12.49])
    assert found.total.unpriced == ()
    hours = next(each for each in limits(resources_in(document, "plan")) if each.name == "instances")
    assert (hours.used, hours.free) == (1460 if servers == "two" else 730, 750)


def test_a_plan_that_is_opened_up_stops(account: Account) -> None:
    (account.dir / "open_override.tf").write_text(
        'resource "aws_security_group" "application" {\n  ingress {\n    from_port = 20\n    to_port = 25\n'
        '    protocol = "tcp"\n    cidr_blocks = ["0.0.0.0/0"]\n  }\n}\n'
        'resource "aws_instance" "host" {\n  user_data_base64 = base64gzip("export DB_PASSWORD=correct-horse-7")\n'
        '  metadata_options {\n    http_tokens = "optional"\n  }\n  root_block_device {\n    encrypted = false\n  }\n'
        "}\n"
        'resource "aws_s3_bucket" "logs" {\n  acl = "public-read"\n}\n'
    )
    try:
        terraform(account, "plan", "-input=false", "-out=open.plan")
        document = terraform(account, "show", "-json", "open.plan")
    finally:
        (account.dir / "open_override.tf").unlink()
    found = breaches(resources_in(document, "plan"))
    high = {each.rule for each in found if each.severity == "high"}
    assert high == {"open-admin-port", "secret-in-user-data", "imdsv1", "unencrypted-disk", "public-bucket"}
    assert "correct-horse" not in repr(found)
    assert stops(found)


def test_sco_prices_the_stack_that_would_be_made(account: Account) -> None:
    said = account.sco("cost", "--var", "single_instance=true", "--json")
    assert said.status == 0, said.err
    found = json.loads(said.out)
    assert (found["region"], round(found["list_usd"], 2), found["legacy_usd"]) == ("us-east-1", 13.31, 0)


def test_sco_prices_a_state(account: Account) -> None:
    said = account.sco("cost", "--state", "-o", "plain")
    assert said.status == 0, said.err
    assert said.out.startswith("nothing here costs anything\n")


def test_charges_by_an_emulated_cloudwatch(cloud: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ACCESS_KEY_ID", "testing"), ("SECRET_ACCESS_KEY", "testing")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{cloud}")
    now = datetime.now(UTC)
    assert actual.charged(actual.session(os.environ), now) is None
    point: dict[str, Any] = {"MetricName": "EstimatedCharges", "Value": 4.25, "Timestamp": now - timedelta(hours=7)}
    point["Dimensions"] = [{"Name": "Currency", "Value": "USD"}]
    small_stack.client(cloud, "cloudwatch").put_metric_data(Namespace="AWS/Billing", MetricData=[point])
    found = actual.charged(actual.session(os.environ), datetime.now(UTC))
    assert found is not None
    assert found.usd == 4.25
