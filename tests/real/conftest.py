"""Real servers on loopback, started once a session and stopped at its end."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from fakes import machines
from fakes.machines import Machine
from fakes.recordings import history, write_csv

from smartcloudops.core.errors import Status

# History as OpenMetrics text (`fakes.prometheus_text.openmetrics` writes it) -> the server's URL.
# The newest sample should be at least 3 h old: younger ones overlap what the server itself writes.
PrometheusFactory = Callable[[str], str]

_READY_S = 30.0


@pytest.fixture(scope="session")
def prometheus_factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusFactory]:
    """Start a Prometheus whose history is the given text; the same text gets the same server."""
    for program in ("prometheus", "promtool"):
        need(program)
    running: dict[str, str] = {}
    with ExitStack() as stack:

        def start(text: str) -> str:
            if text not in running:
                folder = tmp_path_factory.mktemp("prometheus")
                running[text] = stack.enter_context(prometheus(text, folder))
            return running[text]

        yield start


def need(program: str) -> None:
    """Skip where a program is missing; under CI that is a failure."""
    if shutil.which(program) is None:
        package = "prometheus" if program == "promtool" else program
        reason = f"{program} is not installed (Debian: apt-get install {package})"
        if os.environ.get("CI", "").lower() not in {"", "0", "false"}:
            pytest.fail(reason)
        pytest.skip(reason)


@contextmanager
def prometheus(text: str, folder: Path) -> Iterator[str]:
    """A running server over back-filled blocks; its URL."""
    back_fill(text, folder)
    (folder / "prom.yml").write_text("global: {}\n")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        "prometheus",
        f"--config.file={folder / 'prom.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=10y",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with running(command, f"{url}/-/ready", folder / "log"):
        yield url


@contextmanager
def receiving_prometheus(folder: Path, config: str = "") -> Iterator[str]:
    """An empty Prometheus that takes remote write; its URL."""
    need("prometheus")
    (folder / "prom.yml").write_text(config or "global: {}\n")
    url = f"http://127.0.0.1:{free_port()}"
    command = [
        "prometheus",
        f"--config.file={folder / 'prom.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={url.removeprefix('http://')}",
        "--web.enable-remote-write-receiver",
    ]
    with running(command, f"{url}/-/ready", folder / "log"):
        yield url


@contextmanager
def running(command: list[str], ready: str, log_file: Path) -> Iterator[None]:
    """A server that answers at the URL `ready`, stopped at the end."""
    with log_file.open("ab") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            wait_until_ready(ready, process, log_file)
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def back_fill(text: str, folder: Path) -> None:
    """Write the history as blocks of a week: with promtool's own 2 h blocks it takes thirty times as long."""
    data = folder / "data"
    data.mkdir()
    if text.strip() == "# EOF" or not text.strip():
        return
    source = folder / "history.om"
    source.write_text(text)
    command = ["promtool", "tsdb", "create-blocks-from", "--max-block-duration=168h", "openmetrics", source, data]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    source.unlink()


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@contextmanager
def node_exporter(directory: Path, folder: Path) -> Iterator[str]:
    """A node_exporter that only reads the textfiles of a directory; the URL of its metrics."""
    need("prometheus-node-exporter")
    address = f"127.0.0.1:{free_port()}"
    command = [
        "prometheus-node-exporter",
        f"--web.listen-address={address}",
        "--collector.disable-defaults",
        "--collector.textfile",
        f"--collector.textfile.directory={directory}",
    ]
    with running(command, f"http://{address}/metrics", folder / "node_exporter.log"):
        yield f"http://{address}/metrics"


@contextmanager
def alertmanager(folder: Path, settings: str = "") -> Iterator[str]:
    """An Alertmanager that notifies nobody; its URL."""
    need("prometheus-alertmanager")
    (folder / "am.yml").write_text(settings or "route: { receiver: none }\nreceivers: [{ name: none }]\n")
    url = f"http://127.0.0.1:{free_port()}"
    command = [
        "prometheus-alertmanager",
        f"--config.file={folder / 'am.yml'}",
        f"--storage.path={folder / 'am'}",
        f"--web.listen-address={url.removeprefix('http://')}",
        "--cluster.listen-address=",
    ]
    with running(command, f"{url}/-/ready", folder / "am.log"):
        yield url


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it answers with 200; the server's own log if it does not."""
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise AssertionError(f"{url} is not ready: {log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def s3_port() -> Iterator[int]:
    """A real S3 API with one empty bucket."""
    with machines.s3_server() as port:
        machines.client(port).create_bucket(Bucket=machines.BUCKET)
        yield port


@pytest.fixture(scope="session")
def school(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model store with two versions, learnt from unlike data; the older one is in use."""
    home = tmp_path_factory.mktemp("school")
    teacher = machines.Machine(home, port=9, prefix="", uri="")
    for seed, hosts in ((1, ("web-1", "web-2")), (2, ("web-2",))):
        learnt = {n: v * seed for n, v in history(rows=500, seed=seed).items() if any(host in n for host in hosts)}
        write_csv(home / "metrics.csv", learnt)
        said = teacher.sco("train", "--from", "metrics.csv", "--until", "2h", "--no-promote", "-q")
        assert said.status == Status.DONE, said.err
    teacher.store.promote(teacher.store.versions()[-1])
    return home / "models"


@pytest.fixture
def machine(tmp_path: Path, s3_port: int, school: Path, request: pytest.FixtureRequest) -> Callable[..., Machine]:
    """`machine(name)` with the two models, `machine(name, models=False)` with none; all of a test share a prefix."""
    prefix = f"sco/{re.sub(r'[^a-z0-9_]', '-', request.node.name)[:80]}"

    def make(name: str, *, models: bool = True, **more: Any) -> Machine:
        home = tmp_path / name
        home.mkdir()
        if models:
            shutil.copytree(school, home / "models")
        return machines.Machine(home, **{"port": s3_port, "prefix": prefix, **more})

    return make


@pytest.fixture
def accounts(s3_port: int) -> Iterator[Callable[[str, dict[str, Any]], tuple[str, str]]]:
    """`accounts(name, policy)` is a key of a user who may do that; policies count until the test ends."""
    import boto3

    about = {"endpoint_url": f"http://127.0.0.1:{s3_port}", "region_name": "us-east-1"}
    iam = boto3.client("iam", aws_access_key_id="root", aws_secret_access_key="root", **about)

    def make(name: str, policy: dict[str, Any]) -> tuple[str, str]:
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return key["AccessKeyId"], key["SecretAccessKey"]

    yield make
    machines.check_accounts(s3_port, wanted=False)
