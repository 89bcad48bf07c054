"""`sco infra status` and `sco infra output`: without credentials, whatever the state is like, secrets masked."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fakes.recorded_terraform import Recorded, recorded
from fakes.terraform_documents import SECRETS, VERSIONS

from smartcloudops.core.config import load
from smartcloudops.core.errors import Status
from smartcloudops.infra.environments import Stack
from smartcloudops.infra.outputs import as_config
from smartcloudops.infra.reaching import reach
from smartcloudops.infra.records import Output

INFO = {"ID": "abc-1", "Who": "ann@desk", "Operation": "OperationTypeApply", "Created": "2026-11-20T10:00:00.12Z"}


HOLDING = """
import fcntl, sys
state = open(sys.argv[1], "r+")
fcntl.lockf(state, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def made(tmp_path, monkeypatch) -> Recorded:
    found = recorded(tmp_path / "bin", tmp_path / "infra")
    monkeypatch.setenv("SCO_INFRA__BINARY", str(found.program))
    return found


@pytest.fixture
def server() -> Iterator[str]:
    """Answers 200 to /-/ready and 302 to /, and nothing well to /api/health."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response({"/-/ready": 200, "/": 302}.get(self.path, 503))
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_there_is_told_with_no_secret(sco, made, version: str) -> None:
    made.answer("clean", version)
    said = sco("infra", "status", "--no-check")
    assert said.status == Status.DONE, said.err
    assert "11: 3 ssm_parameter, cloudwatch_log_group" in said.out
    assert "(sensitive)" in said.out
    assert "sco infra up" not in said.out
    found = json.loads(sco("infra", "status", "--no-check", "-o", "json").out)
    assert (found["stack"], found["lock"], len(found["resources"])) == ("shop", None, 11)
    assert found["outputs"]["password"] == {"value": "(sensitive)", "sensitive": True}
    everything = (
        said.out + said.err + json.dumps(found) + sco("infra", "output").out + sco("infra", "output", "-o", "json").out
    )
    assert [secret for secret in SECRETS if secret in everything] == []


def test_backups_and_the_way_back_are_named_also_where_the_state_is_corrupt(sco, made) -> None:
    folder = made.dir / ".sco" / "backups" / "default"
    folder.mkdir(parents=True)
    for name in ("20261119T080000Z-serial-3", "20261120T100000Z-serial-4"):
        (folder / f"{name}.tfstate").write_text("{}")
    made.fail("Error: state file could not be parsed")
    said = sco("infra", "status", "--no-check")
    assert said.status == Status.PARTIAL
    assert "resources  not known" in said.out
    assert "backups    2026-11-20 10:00Z, serial 4" in said.out
    assert f"sco infra restore {folder}/20261120T100000Z-serial-4.tfstate" in said.out
    assert "cannot be read" in said.err


@pytest.mark.parametrize("held", [True, False])
def test_a_lock_that_is_held_is_told_from_a_note_that_was_left(sco, made, held: bool) -> None:
    """Terraform keeps the file's own lock, which ends with it; the note beside it does not."""
    state = made.dir / "terraform.tfstate"
    state.write_text("{}")
    (made.dir / ".terraform.tfstate.lock.info").write_text(json.dumps(INFO))
    if not held:
        found = json.loads(sco("infra", "status", "--no-check", "-o", "json").out)
        assert found["lock"]["held"] is False
        assert "that run was killed" in sco("infra", "status", "--no-check").out
        return
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, state], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        said = sco("infra", "status", "--no-check")
        process.kill()
    assert "lock" in said.out
    assert "held by ann@desk since 2026-11-20T10:00:00 UTC, to apply (ID abc-1)" in said.out


def test_servers_are_asked_at_once_and_what_is_silent_is_said(server: str) -> None:
    outputs = [
        Output("prometheus_url", server),
        Output("grafana_url", server),
        Output("app_url", server),
        Output("models_bucket", "b"),
    ]
    found = {each.name: (each.answers, each.said) for each in reach(outputs)}
    assert found == {
        "prometheus_url": (True, "status 200"),
        "grafana_url": (False, "status 503"),
        "app_url": (True, "status 302"),
    }
    (refused,) = reach([Output("app_url", "http://127.0.0.1:9")])
    assert (refused.answers, refused.said) == (False, "connection refused")
    (none,) = reach([Output("app_url", "http://")])
    assert none.answers is False


def test_a_prometheus_inside_the_vpc_is_not_asked() -> None:
    outputs = [Output("prometheus_url", "http://10.0.0.10:9090"), Output("prometheus_exposed", False)]
    (found,) = reach(outputs)
    assert (found.answers, found.said) == (None, "it is reached inside the VPC only")


def test_one_output_is_bare_and_a_wrong_name_gets_the_nearest(sco, made) -> None:
    assert sco("infra", "output", "app_url").out == "http://\n"
    assert sco("infra", "output", "password").out == "(sensitive)\n"
    wrong = sco("infra", "output", "app_ur")
    assert (wrong.status, "did you mean `app_url`?" in wrong.err) == (Status.USAGE, True)
    found = json.loads(sco("infra", "output", "bucket", "-o", "json").out)
    assert list(found["outputs"]) == ["bucket"]


def test_a_stack_that_is_not_applied_says_so(sco, made) -> None:
    (made.program.with_name("outputs.json.gz")).write_bytes(gzip.compress(b"{}"))
    said = sco("infra", "output")
    assert (said.status, "sco infra up" in said.err) == (Status.USAGE, True)


def test_outputs_become_configuration_that_sco_reads(tmp_path: Path) -> None:
    stack = Stack(tmp_path, "prod", "shop", "eu-west-1")
    outputs = [
        Output("prometheus_url", "http://198.51.100.7:9090"),
        Output("models_bucket", "models-1"),
        Output("logs_bucket", "logs-1"),
    ]
    path = tmp_path / "config.toml"
    path.write_text(as_config(outputs, stack))
    config = load(file=path, environ={}, cwd=tmp_path, home=tmp_path)
    assert config.prometheus.url == "http://198.51.100.7:9090"
    assert config.models.s3 == "s3://models-1/models"
    logs = config.logs["prod"]
    assert (logs.uri, logs.layout, logs.region) == ("s3://logs-1", "sco", "eu-west-1")


def test_a_prometheus_inside_the_vpc_is_reached_through_a_tunnel(tmp_path: Path) -> None:
    hidden = [
        Output("prometheus_url", "http://10.0.0.10:9090"),
        Output("prometheus_exposed", False),
        Output("prometheus_tunnel", "aws ssm\nstart-session"),
    ]
    path = tmp_path / "config.toml"
    path.write_text(as_config(hidden, Stack(tmp_path, None, "shop", None)))
    assert load(file=path, environ={}, cwd=tmp_path, home=tmp_path).prometheus.url == "http://localhost:9090"
    assert "#   aws ssm start-session\n" in path.read_text()


def test_as_config_wants_outputs_that_sco_knows(sco, made) -> None:
    said = sco("infra", "output", "--as-config")
    assert (said.status, "prometheus_url, models_bucket, logs_bucket" in said.err) == (Status.USAGE, True)
    assert sco("infra", "output", "--as-config", "app_url").status == Status.USAGE
