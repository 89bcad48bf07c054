"""A real S3 API for tests, and machines that share models through it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

from smartcloudops.anomaly.store import LocalStore
from smartcloudops.cli.main import run

BUCKET = "ops"
SERVER = Path(__file__).with_name("s3_server.py")
ROOT = Path(__file__).parents[2]


@contextmanager
def s3_server() -> Iterator[int]:
    """A running server's port; skips where moto is missing."""
    if find_spec("moto") is None:
        pytest.skip("moto is not installed: pip install -e '.[dev]'")
    command = [sys.executable, str(SERVER)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def client(port: int) -> Any:
    """boto3 itself, as some other tool that uses the bucket."""
    import boto3

    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="root",
        aws_secret_access_key="root",
    )


def check_accounts(port: int, *, wanted: bool) -> None:
    """From now on credentials and policies count, or no longer."""
    url, plain = f"http://127.0.0.1:{port}/moto-api/reset-auth", {"Content-Type": "text/plain"}
    with urllib.request.urlopen(urllib.request.Request(url, b"0" if wanted else b"inf", plain), timeout=10) as answer:
        assert answer.status == 200


@dataclass(frozen=True)
class Said:
    """What a command line ended in."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Machine:
    """One machine: its own models and state, and the `port` where its S3 answers.

    `uri` stands in for bucket and prefix; "" is none.
    """

    home: Path
    port: int
    prefix: str
    account: tuple[str, str] = ("any", "any")
    uri: str | None = None

    @property
    def store(self) -> LocalStore:
        return LocalStore(self.home / "models")

    @property
    def in_use(self) -> str | None:
        found: str | None = self.store.pointer()["version"]
        return found

    def sco(self, *args: str | Path) -> Said:
        """Run a command line here, in this process."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            for name in [name for name in os.environ if name.startswith(("SCO_", "AWS_"))]:
                patch.delenv(name)
            for name, value in self.environment().items():
                patch.setenv(name, value)
            patch.chdir(self.home)
            status = run([str(a) for a in args])
        assert "Traceback" not in err.getvalue()
        return Said(status, out.getvalue(), err.getvalue())

    def start(self, *args: str | Path) -> subprocess.Popen[str]:
        """Run a command line in a process of its own."""
        command = [sys.executable, "-m", "smartcloudops", *map(str, args)]
        return subprocess.Popen(command, env=os.environ | self.environment(), cwd=self.home, stderr=PIPE, text=True)

    def environment(self) -> dict[str, str]:
        """Everything that a process on this machine is told."""
        uri = f"s3://{BUCKET}/{self.prefix}" if self.uri is None else self.uri
        return {
            **({"SCO_MODELS__S3": uri} if uri else {}),
            "HOME": str(self.home),
            **{f"XDG_{name}_HOME": str(self.home / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")},
            "PYTHONPATH": str(ROOT),
            "SCO_MODELS__DIR": str(self.home / "models"),
            "SCO_STATE__DIR": str(self.home / "state"),
            "SCO_TRAIN__ENGINE": "numpy",
            "SCO_TRAIN__SAMPLES": "[64]",
            "SCO_TRAIN__WORKERS": "1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": self.account[0],
            "AWS_SECRET_ACCESS_KEY": self.account[1],
            "AWS_EC2_METADATA_DISABLED": "true",
        }
