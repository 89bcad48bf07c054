"""Which stack is meant, what its variables are, and that their values are in private files only."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from smartcloudops.core.config import load
from smartcloudops.core.errors import ConfigError, ScoError, UsageError
from smartcloudops.core.redact import redact
from smartcloudops.infra.environments import Stack, settings_of, stack_of
from smartcloudops.infra.private import private_directory

VARIABLES = """
variable "region" {
  default = "eu-central-1"
}

variable "stack_name" {
  type    = string
  default = "sco"
}

variable "zones" {
  type = list(string)
}

variable "password" {
  type      = string
  sensitive = true
}
"""


@pytest.fixture
def stack(tmp_path, home):
    """`stack(env, *variables)` of ./infra."""
    folder = tmp_path / "infra"
    (folder / "envs").mkdir(parents=True)
    (folder / "variables.tf").write_text(VARIABLES)
    (folder / "envs/prod.tfvars").write_text('stack_name = "sco-prod"\n# region = "us-west-1"\n')

    def make(env: str | None = None, *variables: str, **environ: str) -> Stack:
        config = load(environ={}, cwd=tmp_path, home=home)
        return stack_of(config, env, variables, environ=environ, cwd=tmp_path)

    return make


def test_without_an_environment(stack, tmp_path) -> None:
    found = stack()
    assert (found.name, found.region, found.backend, found.env) == ("sco", "eu-central-1", "local", None)
    assert found.environment() == {}
    assert found.data_dir == tmp_path / "infra/.terraform"
    assert stack("default") == found


def test_an_environment_has_its_variables_its_state_and_its_data_directory(stack, tmp_path) -> None:
    found = stack("prod")
    assert (found.name, found.region, found.state_key) == ("sco-prod", "eu-central-1", "sco/prod/terraform.tfstate")
    assert found.environment() == {
        "TF_DATA_DIR": str(tmp_path / "infra/.terraform/sco/prod"),
        "TF_WORKSPACE": "prod",
    }


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('terraform { backend "azurerm" {} }', "own"),
        ('terraform {\n  backend "local" {\n  }\n}', "local"),
        ('# backend "s3" {}', "local"),
    ],
)
def test_a_backend_of_the_user_s_own_is_left_alone(stack, tmp_path, text, kind) -> None:
    (tmp_path / "infra/state.tf").write_text(text)
    assert stack("prod").backend == kind
    assert stack("prod").environment()["TF_WORKSPACE"] == "prod"


def test_with_s3_the_key_is_the_environment_s_and_no_workspace(stack, tmp_path) -> None:
    (tmp_path / "infra/backend.tf").write_text('terraform {\n  backend "s3" {}\n}\n')
    assert stack("prod").backend == "own"
    (tmp_path / "infra/backend.hcl").write_text('bucket = "b-1"\nuse_lockfile = true\n')
    found = stack("prod")
    assert found.backend == "s3"
    assert "TF_WORKSPACE" not in found.environment()
    assert settings_of(found.dir) == {"bucket": "b-1", "use_lockfile": "true"}


@pytest.mark.parametrize(
    ("given", "environ", "region"),
    [
        ((), {}, "eu-central-1"),
        ((), {"TF_VAR_region": "us-east-2", "AWS_REGION": "us-west-2"}, "us-east-2"),
        (("region=ap-south-1",), {"TF_VAR_region": "us-east-2"}, "ap-south-1"),
    ],
)
def test_where_the_region_comes_from(stack, given, environ, region) -> None:
    assert stack(None, *given, **environ).region == region


def test_variable_files_are_read_in_terraform_s_order(stack, tmp_path) -> None:
    (tmp_path / "infra/terraform.tfvars").write_text('region = "us-west-1"\n')
    (tmp_path / "infra/a.auto.tfvars").write_text('region = "us-west-2"\n')
    assert stack().region == "us-west-2"
    (tmp_path / "infra/envs/prod.tfvars").write_text('region = "eu-west-1"\n')
    assert stack("prod").region == "eu-west-1"


def test_values_go_into_a_private_file_and_not_into_a_representation(stack) -> None:
    found = stack("prod", "password=correct horse", 'zones=["a", "b"]', "region=us-east-1=x")
    assert "correct horse" not in repr(found)
    with found.var_files() as files:
        assert files[0].endswith("envs/prod.tfvars")
        path = Path(files[1])
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        given = json.loads(path.read_text())
    assert given == {"password": "correct horse", "zones": ["a", "b"], "region": "us-east-1=x"}
    assert not path.parent.exists()


def test_what_sco_sets_does_not_replace_what_the_user_gave(stack) -> None:
    found = stack(None, "stack_name=mine").with_variables(stack_name="sco's", region="x")
    assert (found.value("stack_name"), found.value("region")) == ("mine", "x")


def test_values_of_sensitive_variables_are_masked_from_then_on(stack) -> None:
    stack(None, "password=open-sesame-1", TF_VAR_password="open-sesame-2")
    assert redact("it is open-sesame-1, was open-sesame-2") == "it is ***, was ***"


@pytest.mark.parametrize(
    ("env", "variables", "error", "message", "hint"),
    [
        ("prd", (), ConfigError, "no environment 'prd'", "did you mean `prod`?"),
        ("../x", (), UsageError, "no name of an environment", "-e prod"),
        (None, ("regoin=x",), UsageError, "no variable `regoin`", "did you mean `region`?"),
        (None, ("region",), UsageError, "there is no value", "NAME=VALUE"),
    ],
)
def test_what_is_wrong_is_named(stack, env, variables, error, message, hint) -> None:
    with pytest.raises(error, match=message) as e:
        stack(env, *variables)
    assert hint in e.value.hint


def test_no_stack_names_the_command_that_makes_one(tmp_path, home) -> None:
    with pytest.raises(ConfigError, match="no Terraform files") as e:
        stack_of(load(environ={}, cwd=tmp_path, home=home), environ={}, cwd=tmp_path)
    assert "sco infra init" in (e.value.hint or "")


def test_a_private_directory_goes_whatever_happens(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with pytest.raises(ScoError), private_directory() as folder:
        (folder / "plan").write_text("secret")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        raise ScoError("no")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_goes_with_the_next_and_what_a_live_one_needs_stays(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = tmp_path / f"sco-infra-{dead.pid}-x"
    live = tmp_path / f"sco-infra-{os.getppid()}-x"
    for each in (left, live, tmp_path / "other"):
        each.mkdir()
    with private_directory():
        assert not left.exists()
        assert live.exists()
    assert (tmp_path / "other").exists()
