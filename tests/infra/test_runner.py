"""How Terraform is run: quiet, predictable, its files private, its lines as events, its errors as ours."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from smartcloudops.core.errors import ScoError, Status
from smartcloudops.infra.arguments import built
from smartcloudops.infra.binary import Binary
from smartcloudops.infra.environments import Stack
from smartcloudops.infra.records import Step, Summary
from smartcloudops.infra.runner import Runner, Watch, running

PROGRAM = """#!{python} -S
import json, os, sys
open("made", "w").close()
if sys.argv[1] == "environment":
    print(json.dumps(dict(os.environ)))
elif sys.argv[1] == "fail":
    sys.exit("Error: No value for required variable: variable \\"x\\" is not set")
elif sys.argv[1] == "much":
    print("x" * 5000)
elif sys.argv[1] == "apply":
    hook = {{"resource": {{"addr": "aws_vpc.a"}}, "action": "create"}}
    print(json.dumps({{"type": "apply_start", "hook": hook}}))
    print("no JSON at all")
    print(json.dumps({{"type": "change_summary", "changes": {{"add": 1, "operation": "apply"}}}}))
elif sys.argv[1] == "sleep":
    print("up", flush=True)
    sys.stdin.read()
else:
    sys.stderr.write("Error: it went wrong\\n")
    sys.exit(3)
"""


@pytest.fixture
def runner(tmp_path) -> Runner:
    program = tmp_path / "bin/terraform"
    program.parent.mkdir()
    program.write_text(PROGRAM.format(python=sys.executable))
    program.chmod(0o755)
    (tmp_path / "infra").mkdir()
    stack = Stack(tmp_path / "infra", "prod", "sco", None)
    environ = {
        "PATH": os.environ["PATH"],
        "TF_LOG": "trace",
        "TF_LOG_PATH": "/somewhere",
        "TF_CLI_ARGS_plan": "-lock=false",
        "TF_WORKSPACE": "other",
        "TF_VAR_password": "hunter2hunter2",
        "AWS_SECRET_ACCESS_KEY": "open-sesame",
    }
    return Runner.of(Binary(program, "terraform", (1, 15, 5)), stack, environ)


def test_its_environment_is_quiet_and_means_the_stack_s(runner) -> None:
    import json

    found = json.loads(runner.capture("environment"))
    assert (found["TF_WORKSPACE"], found["TF_INPUT"], found["CHECKPOINT_DISABLE"]) == ("prod", "0", "1")
    assert found["TF_VAR_password"] == "hunter2hunter2"
    assert not {"TF_LOG", "TF_LOG_PATH", "TF_CLI_ARGS_plan"} & found.keys()
    assert found["GOGC"] == "200"


def test_whoever_tunes_go_is_obeyed(runner) -> None:
    import json

    tuned = replace(runner, environ={**runner.environ, "GOGC": "50"})
    assert json.loads(tuned.capture("environment"))["GOGC"] == "50"


def test_no_secret_of_the_environment_is_in_its_representation(runner) -> None:
    assert "open-sesame" not in repr(runner)
    assert "hunter2" not in repr(runner)


@pytest.mark.parametrize("command", ["environment", "apply"])
def test_what_it_writes_is_for_this_user_alone(runner, command) -> None:
    (runner.stream if command == "apply" else runner.capture)(command)
    assert (runner.dir / "made").stat().st_mode & 0o77 == 0


def test_lines_are_events(runner) -> None:
    events = []
    ran = runner.stream("apply", "plan", watch=Watch(on_event=events.append))
    assert events == [Step("began", "aws_vpc.a", "create"), Summary("apply", 1)]
    assert (ran.status, ran.summary, ran.interrupted, ran.complaints) == (0, Summary("apply", 1), False, ())


def test_an_error_of_a_captured_command_is_ours(runner) -> None:
    with pytest.raises(ScoError) as e:
        runner.capture("fail")
    assert e.value.status is Status.USAGE
    assert "variable `x`" in e.value.message


def test_an_error_without_json_is_told(runner) -> None:
    ran = runner.stream("other")
    assert (ran.status, runner.failed(ran).message) == (3, "Terraform: Error: it went wrong")


def test_more_than_is_borne_is_an_error(runner) -> None:
    with pytest.raises(ScoError, match="printed more than"):
        runner.capture("much", limit=1000)


def test_a_running_one_is_found_by_where_it_works(runner, tmp_path) -> None:
    assert running(runner.binary, runner.dir) is None
    command = [str(runner.binary.path), "sleep"]
    with subprocess.Popen(command, cwd=runner.dir, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert running(runner.binary, runner.dir) == process.pid
        assert running(runner.binary, tmp_path) is None
        assert running(Binary(Path("/bin/other"), "tofu", (1, 8, 0)), runner.dir) is None
        process.kill()
    scene = runner.scene()
    assert scene.holder is None
    assert scene.command == (
        f"cd {runner.dir} && TF_DATA_DIR={runner.dir}/.terraform/sco/prod TF_WORKSPACE=prod terraform"
    )


def test_arguments_are_built_by_python_terraform(runner) -> None:
    argv = built(
        runner.binary, "plan", "x y", json=True, out="/tmp/p", target=["a", "b"], destroy=False, lock_timeout="3s"
    )
    path = str(runner.binary.path)
    assert argv == [path, "plan", "-json", "-out=/tmp/p", "-target=a", "-target=b", "-lock-timeout=3s", "x y"]
    assert built(runner.binary, "state pull") == [path, "state", "pull"]
