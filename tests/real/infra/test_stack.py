"""The packaged stack with real Terraform: both versions read it, its cases hold, and an AWS in memory takes it."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import terraform_parts
from fakes.small_stack import cloud, redirect
from fakes.terraform_parts import NEW, OLD, Parts

from smartcloudops.core.config import load
from smartcloudops.infra import stack
from smartcloudops.logs import layouts

pytestmark = pytest.mark.real
CASES = Path(__file__).parent
RESOURCES = 31
# EC2 takes no more user data, before its base64.
LARGEST = 16_384
ADMIN = "203.0.113.7/32"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    if lacking := terraform_parts.missing():
        if os.environ.get("CI", "").lower() not in {"", "0", "false"}:
            pytest.fail(lacking)
        pytest.skip(lacking)
    return terraform_parts.make(tmp_path_factory.mktemp("parts"))


def runner(parts: Parts, version: str, folder: Path) -> Run:
    """`run(*arguments)` Terraform in a folder."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "TF_IN_AUTOMATION": "1", **parts.environ}

    def run(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        argv = [str(parts.programs[version]), *arguments]
        done = subprocess.run(argv, cwd=folder, env=environ, capture_output=True, text=True, timeout=180, check=False)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    return run


def prepared(folder: Path) -> Path:
    stack.copy(folder)
    return folder


@pytest.mark.parametrize("version", [OLD, NEW])
def test_both_versions_find_it_valid_and_well_formed(parts, version, tmp_path):
    run = runner(parts, version, prepared(tmp_path / "infra"))
    run("init", "-input=false", "-no-color")
    assert json.loads(run("validate", "-json").stdout)["diagnostics"] == []
    assert run("fmt", "-check", "-recursive", "-diff").stdout == ""


@pytest.fixture(scope="module")
def tested(parts, tmp_path_factory) -> list[dict[str, Any]]:
    """What `terraform test` says, line by line."""
    folder = prepared(tmp_path_factory.mktemp("tested") / "infra")
    (folder / "tests").mkdir()
    for path in CASES.glob("*.tftest.hcl"):
        shutil.copy(path, folder / "tests")
    run = runner(parts, NEW, folder)
    run("init", "-input=false", "-no-color")
    return [json.loads(line) for line in run("test", "-json", "-verbose", check=False).stdout.splitlines()]


def test_every_case_holds(tested):
    runs = [line["test_run"] for line in tested if line["type"] == "test_run"]
    bad = {f"{run['path']} {run['run']}" for run in runs if run.get("status", "pass") not in ("pass", "pending")}
    said = [line["diagnostic"]["detail"] for line in tested if line["type"] == "diagnostic"]
    assert bad == set(), said
    (summary,) = [line["test_summary"] for line in tested if line["type"] == "test_summary"]
    assert (summary["failed"], summary["errored"], summary["skipped"]) == (0, 0, 0)
    assert summary["passed"] == 14


@pytest.fixture(scope="module")
def written(tested) -> dict[tuple[str, str], dict[str, str]]:
    """(case, server) -> path on the server -> content, as cloud-init would write them."""
    found = {}
    for line in tested:
        if line["type"] == "test_state":
            for resource in line["test_state"]["root_module"]["resources"]:
                if resource["type"] == "aws_instance":
                    raw = base64.b64decode(resource["values"]["user_data_base64"])
                    assert len(raw) <= LARGEST
                    found[(line["@testrun"], resource["index"])] = files(gzip.decompress(raw).decode())
    return found


def files(text: str) -> dict[str, str]:
    head, _, body = text.partition("\n")
    assert head == "#cloud-config"
    document = json.loads(body)
    assert document["runcmd"] == [["bash", "/opt/sco-host/setup.sh"]]
    paths = [each["path"] for each in document["write_files"]]
    assert len(paths) == len(set(paths))
    return {each["path"]: each["content"] for each in document["write_files"]}


def test_all_servers_were_written_for(written):
    assert {case for case, _ in written} >= {
        "as_it_comes",
        "one_server",
        "everything_switched_on",
        "one_server_with_everything",
    }


def test_scripts_reach_the_servers_as_they_were_checked(written):
    known = {path.name: path.read_text() for path in (stack.packaged() / "hosts").glob("*.sh")}
    for there in written.values():
        scripts = {Path(path).name: text for path, text in there.items() if path.endswith(".sh")}
        assert {"setup.sh", "install.sh"} <= set(scripts)
        assert scripts.items() <= known.items()
    alone = written[("one_server", "server")]
    assert {Path(path).name for path in alone if path.endswith(".sh")} == set(known)


def test_what_a_script_runs_is_there(written):
    for there in written.values():
        text = "\n".join(content for path, content in there.items() if path.endswith(".sh"))
        roles = settings(there)["ROLES"].split()
        assert all(f"/opt/sco-host/install_{role}.sh" in there for role in roles)
        for unit in ("node-exporter.service", "ship-logs.timer"):
            assert unit in text and f"/etc/systemd/system/{unit}" in there


def settings(there: dict[str, str]) -> dict[str, str]:
    lines = [line for line in there["/etc/sco-host/settings.env"].splitlines() if line and not line.startswith("#")]
    return {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}


def test_settings_are_what_bash_and_systemd_read(written, tmp_path):
    for there in written.values():
        path = tmp_path / "settings.env"
        path.write_text(there["/etc/sco-host/settings.env"])
        names = settings(there)
        quoted = " ".join(f'"${name}"' for name in names)
        script = f"set -eu; . {path}; printf '%s\\n' {quoted}"
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
        assert done.stdout.splitlines() == list(names.values()), done.stderr


def test_no_secret_is_in_user_data(written):
    for there in written.values():
        text = json.dumps({path: content for path, content in there.items() if not path.endswith(".sh")})
        assert "AKIA" not in text
        assert "PRIVATE KEY" not in text
        assert "admin_password = $__file{" in text or "grafana.ini" not in text


def test_sco_reads_its_configuration(written, tmp_path):
    there = written[("as_it_comes", "application")]
    path = tmp_path / "sco.toml"
    path.write_text(there["/etc/sco/sco.toml"])
    config = load(file=path, environ={}, cwd=tmp_path, home=tmp_path)
    assert config.prometheus.url == "http://10.0.0.10:9090"
    assert config.models.s3 == "s3://bucket-1/models"
    logs = tomllib.loads(path.read_text())["logs"]["hosts"]
    span = layouts.parse(logs["layout"]).span("web/dt=2026-11-25/hour=10/journal-1.jsonl.gz")
    assert span is not None


def test_prometheus_reads_its_configuration(written, tmp_path):
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: apt-get install prometheus)")
    for (case, _), there in written.items():
        text = there.get("/etc/prometheus/prometheus.yml")
        if text is None:
            continue
        path, rules = tmp_path / "prometheus.yml", tmp_path / "rules.yml"
        rules.write_text(there["/etc/prometheus/rules/sco.yml"])
        path.write_text(text.replace("/etc/prometheus/rules/*.yml", str(rules)))
        done = subprocess.run(["promtool", "check", "config", path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert text.count(":9100") == (1 if "one_server" in case else 2)


@pytest.mark.parametrize(
    ("case", "server", "there", "absent"),
    [
        ("as_it_comes", "application", "Set app_port", "proxy_pass"),
        ("everything_switched_on", "application", "proxy_pass http://127.0.0.1:8080;", "Set app_port"),
        ("one_server_with_everything", "server", "proxy_pass http://127.0.0.1:8080;", "Set app_port"),
    ],
)
def test_nginx_stands_before_the_application(written, case, server, there, absent):
    text = written[(case, server)]["/etc/nginx/conf.d/app.conf"]
    assert there in text
    assert absent not in text
    assert text.count("{") == text.count("}")


@pytest.fixture
def applied(parts, tmp_path) -> Iterator[tuple[Run, int]]:
    """The stack as it comes, applied to an AWS in memory."""
    folder = prepared(tmp_path / "infra")
    with cloud() as port:
        redirect(folder, port)
        run = runner(parts, NEW, folder)
        run("init", "-input=false", "-no-color")
        run("apply", "-input=false", "-no-color", "-auto-approve", f"-var=admin_cidr={ADMIN}")
        yield run, port


def test_it_comes_up_stays_as_it_is_and_goes_without_a_trace(applied):
    run, port = applied
    managed = [line for line in run("state", "list").stdout.splitlines() if not line.startswith("data.")]
    assert len(managed) == RESOURCES
    outputs = {name: each["value"] for name, each in json.loads(run("output", "-json").stdout).items()}
    assert outputs["prometheus_url"] == "http://10.0.0.10:9090"
    assert re.fullmatch(r"http://\d+\.\d+\.\d+\.\d+:3000", outputs["grafana_url"])
    assert set(outputs["instance_ids"]) == {"monitoring", "application"}
    assert [*open_to_the_world(port)] == [80]
    again = run("plan", "-input=false", "-no-color", "-detailed-exitcode", f"-var=admin_cidr={ADMIN}", check=False)
    assert again.returncode == 0, again.stdout
    client("s3", port).put_object(Bucket=outputs["logs_bucket"], Key="logs/web/x.jsonl.gz", Body=b"x")
    run("destroy", "-input=false", "-no-color", "-auto-approve", "-refresh=false", f"-var=admin_cidr={ADMIN}")
    assert left(port) == []


def client(service: str, port: int) -> Any:
    import boto3

    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return boto3.client(service, endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1", **keys)


def open_to_the_world(port: int) -> Iterator[int]:
    for group in client("ec2", port).describe_security_groups()["SecurityGroups"]:
        if group["GroupName"].startswith("sco-"):
            for rule in group["IpPermissions"]:
                if any(each["CidrIp"] == "0.0.0.0/0" for each in rule["IpRanges"]):
                    yield rule["FromPort"]


def left(port: int) -> list[object]:
    """What is still in the account that could only be ours."""
    ec2, iam = client("ec2", port), client("iam", port)
    states = [i["State"]["Name"] for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]]
    return [
        *client("s3", port).list_buckets()["Buckets"],
        *(state for state in states if state != "terminated"),
        *(vpc for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]),
        *(role for role in iam.list_roles()["Roles"] if role["RoleName"].startswith("sco-")),
        *client("logs", port).describe_log_groups()["logGroups"],
        *client("cloudwatch", port).describe_alarms()["MetricAlarms"],
        *(p for p in client("ssm", port).describe_parameters()["Parameters"] if p["Name"].startswith("/sco")),
    ]
