"""`show_infrastructure`: the state as a file, Terraform only where the configuration names the directory, no secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakes.recorded_terraform import Recorded, recorded
from fakes.terraform_documents import SECRETS

from smartcloudops.ask.messages import ToolCall
from smartcloudops.ask.outgoing import Veil
from smartcloudops.ask.toolbox import Toolbox
from smartcloudops.ask.tools import TOOLS, Result
from smartcloudops.ask.world import World
from smartcloudops.core import config
from smartcloudops.core.errors import ConfigError, DataError, ScoError
from smartcloudops.infra import looking

NOW = 1_795_000_000_000
ESC = "\x1b"
STATE = {
    "version": 4,
    "serial": 3,
    "lineage": "a",
    "outputs": {
        "app_url": {"value": "http://198.51.100.7", "type": "string"},
        "password": {"value": SECRETS[0], "type": "string", "sensitive": True},
    },
    "resources": [
        {"mode": "data", "type": "aws_ami", "name": "x", "instances": [{"attributes": {"id": "ami-1"}}]},
        {
            "mode": "managed",
            "type": "aws_instance",
            "name": "host",
            "instances": [
                {
                    "index_key": name,
                    "attributes": {"id": f"i-{name}", "instance_type": "t3.micro", "user_data": SECRETS[3]},
                    "sensitive_attributes": [],
                }
                for name in ("app", "monitoring")
            ],
        },
        {
            "module": "module.inner",
            "mode": "managed",
            "type": "aws_ssm_parameter",
            "name": "p",
            "instances": [
                {
                    "attributes": {"id": f"/sco/p{ESC}[31m", "name": SECRETS[1], "value": SECRETS[2]},
                    "sensitive_attributes": [[{"type": "get_attr", "value": "name"}]],
                }
            ],
        },
    ],
}


@pytest.fixture
def made(tmp_path, monkeypatch) -> Recorded:
    """A stack with a state, in ./infra; its Terraform notes when it is called."""
    found = recorded(tmp_path / "bin", tmp_path / "infra", kind="drift")
    (found.dir / "terraform.tfstate").write_text(json.dumps(STATE))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCO_INFRA__BINARY", str(found.program))
    return found


def world(tmp_path: Path, made: Recorded, *, named: bool) -> World:
    text = f'[infra]\nbinary = "{made.program}"\n' + (f'dir = "{made.dir}"\n' if named else "")
    (tmp_path / "c.toml").write_text(text)
    return World(config.load(file=tmp_path / "c.toml", environ={}, cwd=tmp_path, home=tmp_path), None, lambda: NOW)


def ask(of: World, **arguments: object) -> Result:
    return TOOLS.load("show_infrastructure").run(of, arguments)


def test_a_local_state_is_read_by_no_program_and_with_no_secret(tmp_path, made) -> None:
    found = ask(world(tmp_path, made, named=False))
    assert made.calls("show") + made.calls("plan") + made.calls("version") == []
    assert "stack shop, environment default" in found.text
    assert "3 resources" in found.text
    assert 'aws_instance.host["monitoring"]' in found.text
    assert "instance_type t3.micro" in found.text
    assert "output app_url = http://198.51.100.7" in found.text
    assert "output password = (sensitive)" in found.text
    assert [secret for secret in SECRETS if secret in repr(found)] == []
    assert ESC not in found.text


def test_what_is_asked_for_is_narrowed_and_counted(tmp_path, made) -> None:
    of = world(tmp_path, made, named=False)
    assert ask(of, contains="instance").data["total"] == 2
    cut = ask(of, limit=1)
    assert "and 2 more resources" in cut.text
    assert len(cut.data["resources"]) == 1
    assert "2 with 'INSTANCE'" in ask(of, contains="INSTANCE").text


def test_numbers_of_an_answer_are_known_to_the_check(tmp_path, made) -> None:
    found = ask(world(tmp_path, made, named=False))
    values = {(v["name"], v["value"]) for v in found.evidence[0].values}
    assert {("resources", 3), ("aws_instance", 2), ("aws_ssm_parameter", 1)} <= values
    assert found.evidence[0].kind == "infra"


def test_terraform_is_not_started_in_a_directory_that_happens_to_be_there(tmp_path, made) -> None:
    """A clone from a stranger must not run code because of a question."""
    with pytest.raises(ConfigError, match="nothing is run") as refused:
        ask(world(tmp_path, made, named=False), drift=True)
    assert "[infra] dir" in (refused.value.hint or "")
    assert made.calls("plan") + made.calls("version") == []


def test_drift_of_a_named_stack_is_told_and_takes_no_lock(tmp_path, made) -> None:
    found = ask(world(tmp_path, made, named=True), drift=True)
    assert "drift: 4 resources changed by others, 0 ignored, as configured" in found.text
    assert "was deleted by others" in found.text
    assert 'drift: aws_vpc.main tags.Owner: null in the state, "somebody" in AWS' in found.text
    assert [secret for secret in SECRETS if secret in repr(found)] == []
    assert made.calls("init") + made.calls("apply") == []
    assert "drifted resources" in {v["name"] for v in found.evidence[0].values}


def test_a_comparison_is_bounded_in_time(tmp_path, made) -> None:
    made.program.write_text(
        made.program.read_text().replace(
            'elif arguments[0] == "plan":', 'elif arguments[0] == "plan":\n    import time; time.sleep(30)'
        )
    )
    of = world(tmp_path, made, named=True)
    with pytest.raises(ScoError, match="took longer than 1s"):
        looking.look(of.config, None, drift=True, environ={}, cwd=tmp_path, patience_s=1.0)


def test_without_a_stack_there_is_a_hint(tmp_path, made) -> None:
    (made.dir / "main.tf").unlink()
    found = ask(world(tmp_path, made, named=False))
    assert "no Terraform files" in found.text
    assert "sco infra init" in found.text


def test_a_stack_that_is_not_applied_says_so(tmp_path, made) -> None:
    (made.dir / "terraform.tfstate").unlink()
    assert "no resource is in the state" in ask(world(tmp_path, made, named=False)).text


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"version": 3}', '{"version": 4, "resources": [1]}', '{"version": 4, "outputs": 1}']
)
def test_a_broken_state_is_told(tmp_path, made, text: str) -> None:
    (made.dir / "terraform.tfstate").write_text(text)
    with pytest.raises(DataError, match="no state"):
        ask(world(tmp_path, made, named=False))


def test_environments_go_by_their_names_only(tmp_path, made) -> None:
    of = world(tmp_path, made, named=False)
    for env in ("../x", "/etc", "nosuch"):
        with pytest.raises(ScoError):
            ask(of, env=env)


def test_it_is_offered_only_where_infra_may_be_sent(tmp_path, made) -> None:
    assert TOOLS.load("show_infrastructure").sends == "infra"
    box = Toolbox(world(tmp_path, made, named=False), Veil())
    (done,) = box.run([ToolCall("1", "show_infrastructure", "{}")])
    assert not done.answer.is_error
    assert [secret for secret in SECRETS if secret in done.answer.text] == []
