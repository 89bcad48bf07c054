"""`sco infra init` through the front door, with a program that stands for Terraform and writes down how it was run."""

from __future__ import annotations

import json
import sys

import pytest

from smartcloudops.infra import stack

_TERRAFORM = """#!{python} -IS
import json, os, sys
with open({log!r}, "a") as f:
    f.write(json.dumps([sys.argv[1:], os.getcwd()]) + "\\n")
if sys.argv[1] == "version":
    print(json.dumps({{"terraform_version": "1.15.5"}}))
elif os.path.exists("fail"):
    sys.exit("Error: Failed to query available provider packages\\n\\nno such host")
"""


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """A `terraform` on the PATH; `runs()` are the command lines that it got, with their directories."""
    log, folder = tmp_path / "runs", tmp_path / "bin"
    folder.mkdir()
    program = folder / "terraform"
    program.write_text(_TERRAFORM.format(python=sys.executable, log=str(log)))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))

    def read():
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    return read


@pytest.fixture
def newer(tmp_path, monkeypatch):
    """`newer(**files)`: what the packaged stack becomes with those files in the place of its own."""
    source = stack.packaged()

    def make(**files):
        folder = tmp_path / "newer"
        for name, content in stack.contents(source).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for name, text in files.items():
            (folder / name.replace("__", ".")).write_text(text)
        monkeypatch.setattr(stack, "packaged", lambda: folder)

    return make


def test_a_first_time(sco, runs, tmp_path):
    said = sco("infra", "init", "--admin-cidr", "203.0.113.7")
    assert said.status == 0, said.err
    infra = tmp_path / "infra"
    assert (infra / "terraform.tfvars").read_text() == 'admin_cidr = "203.0.113.7/32"\n'
    assert (infra / "hosts" / "install.sh").is_file()
    (init,) = [argv for argv, _ in runs() if argv[0] == "init"]
    assert "-input=false" in init
    assert [folder for argv, folder in runs() if argv[0] == "init"] == [str(infra)]
    assert "files written" in said.err
    assert "next: sco infra plan\n" in said.err
    assert said.out == ""


def test_again_changes_nothing(sco, runs, tmp_path):
    sco("infra", "init", "--no-terraform")
    before = {path: path.read_bytes() for path in (tmp_path / "infra").rglob("*") if path.is_file()}
    said = sco("infra", "init", "--no-terraform")
    assert said.status == 0
    assert "up to date" in said.err
    assert {path: path.read_bytes() for path in (tmp_path / "infra").rglob("*") if path.is_file()} == before


def test_without_an_address_nothing_is_asked_of_anybody(sco, runs, tmp_path):
    said = sco("infra", "init", "-y")
    assert said.status == 0, said.err
    assert not (tmp_path / "infra" / "terraform.tfvars").exists()
    assert "--var admin_cidr=" in said.err


def test_another_directory(sco, runs, tmp_path):
    said = sco("infra", "init", "--dir", "clouds/mine", "--no-terraform")
    assert said.status == 0, said.err
    assert (tmp_path / "clouds" / "mine" / "versions.tf").is_file()
    assert f'[infra] dir = "{tmp_path / "clouds" / "mine"}"' in said.err


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (["--admin-cidr", "0.0.0.0/0"], "open to the world"),
        (["--admin-cidr", "::/0"], "no IPv6"),
        (["--bucket", "mine"], "--bucket goes with --backend s3"),
        (["--migrate", "--backend", "local"], "--migrate goes with --backend s3"),
        (["-e", "prod"], "no environment 'prod'"),
    ],
)
def test_wrong_flags(sco, runs, flags, why):
    said = sco("infra", "init", *flags)
    assert said.status == 2
    assert why in said.err
    assert [argv for argv, _ in runs() if argv[0] == "init"] == []


def test_an_address_that_is_there_already_is_not_replaced(sco, runs, tmp_path):
    sco("infra", "init", "--no-terraform", "--admin-cidr", "203.0.113.7/32")
    said = sco("infra", "init", "--no-terraform", "--admin-cidr", "203.0.113.8/32")
    assert said.status == 2
    assert "admin_cidr is 203.0.113.7/32 already" in said.err
    assert "203.0.113.7" in (tmp_path / "infra" / "terraform.tfvars").read_text()


def test_an_environment_gets_its_own(sco, runs, tmp_path):
    sco("infra", "init", "--no-terraform")
    path = tmp_path / "infra" / "envs" / "prod.tfvars"
    path.write_text('stack_name = "sco-prod"\n')
    said = sco("infra", "init", "-e", "prod", "--admin-cidr", "203.0.113.7/32")
    assert said.status == 0, said.err
    assert path.read_text() == 'stack_name = "sco-prod"\nadmin_cidr = "203.0.113.7/32"\n'
    assert "next: sco infra plan -e prod\n" in said.err


def test_an_upgrade_is_shown_and_needs_a_yes(sco, runs, newer, tmp_path):
    sco("infra", "init", "--no-terraform")
    newer(network__tf="# newer\n")
    said = sco("infra", "init", "--no-terraform")
    assert said.status == 2
    assert "+# newer" in said.out
    assert "nobody to ask" in said.err
    assert (tmp_path / "infra" / "network.tf").read_text() != "# newer\n"
    said = sco("infra", "init", "--no-terraform", "-y")
    assert said.status == 0, said.err
    assert (tmp_path / "infra" / "network.tf").read_text() == "# newer\n"
    assert "network.tf: updated" in said.err


def test_an_edited_file_stays(sco, runs, newer, tmp_path):
    sco("infra", "init", "--no-terraform")
    path = tmp_path / "infra" / "network.tf"
    path.write_text("# mine \x1b[2J\n")
    newer(network__tf="# newer\n")
    said = sco("infra", "init", "--no-terraform")
    assert said.status == 0, said.err
    assert path.read_text() == "# mine \x1b[2J\n"
    assert "network.tf: kept: you edited it; sco's changed since" in said.err
    assert "-# mine \\x1b[2J\n+# newer" in said.out


def test_only_the_differences(sco, runs, tmp_path):
    said = sco("infra", "init", "--diff")
    assert (said.status, said.out) == (0, "")
    sco("infra", "init", "--no-terraform")
    path = tmp_path / "infra" / "network.tf"
    path.write_text("# mine\n")
    said = sco("infra", "init", "--diff")
    assert said.status == 0
    assert "-# mine" in said.out
    assert path.read_text() == "# mine\n"


def test_no_terraform_here(sco, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    said = sco("infra", "init")
    assert said.status == 2
    assert "install Terraform" in said.err
    assert (tmp_path / "infra" / "versions.tf").is_file()


def test_a_terraform_that_fails(sco, runs, tmp_path):
    sco("infra", "init", "--no-terraform")
    (tmp_path / "infra" / "fail").write_text("")
    said = sco("infra", "init")
    assert said.status == 69
    assert "provider cannot be had" in said.err


def test_help_has_examples(sco):
    said = sco("infra", "init", "--help")
    assert said.status == 0
    assert "sco infra init --backend s3" in said.out
