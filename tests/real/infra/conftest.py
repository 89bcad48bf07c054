"""Real Terraform of both versions with the real AWS provider, against an AWS in memory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fakes import small_stack, terraform_parts
from fakes.small_stack import Account
from fakes.terraform_parts import NEW, Parts

from smartcloudops.core.config import load
from smartcloudops.infra import backend, preflight
from smartcloudops.infra.backend import Bootstrapped
from smartcloudops.infra.binary import find
from smartcloudops.infra.environments import stack_of


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    """Both executables and the provider; skips where a package is missing, which under CI is a failure."""
    if lacking := terraform_parts.missing():
        if os.environ.get("CI", "").lower() not in {"", "0", "false"}:
            pytest.fail(lacking)
        pytest.skip(lacking)
    return terraform_parts.make(tmp_path_factory.mktemp("parts"))


@pytest.fixture(scope="session")
def cloud(parts: Parts) -> Iterator[int]:
    """An AWS in memory for the session; its port."""
    with small_stack.cloud() as port:
        yield port


@dataclass(frozen=True)
class Mine:
    """What one test has in the account: everything whose name begins with the stack's."""

    account: Account
    name: str

    def instances(self) -> list[dict[str, Any]]:
        """Its servers that are there."""
        pages = self.account.client("ec2").describe_instances(Filters=[{"Name": "tag:Stack", "Values": [self.name]}])[
            "Reservations"
        ]
        found = [each for page in pages for each in page["Instances"]]
        return [each for each in found if each["State"]["Name"] != "terminated"]

    def parameters(self) -> list[str]:
        """Names of its parameters, without the stack's."""
        pages = self.account.client("ssm").get_paginator("describe_parameters").paginate()
        names = [each["Name"] for page in pages for each in page["Parameters"]]
        return sorted(name.split("/")[2] for name in names if name.startswith(f"/{self.name}/"))

    def buckets(self) -> list[str]:
        """Names of its buckets."""
        found = self.account.client("s3").list_buckets()["Buckets"]
        return [each["Name"] for each in found if each["Name"].startswith(f"{self.name}-")]


@pytest.fixture
def bootstrap(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Bootstrapped]:
    """`bootstrap(account)`: from now on its state lies in S3."""

    def make(account: Account, **more: Any) -> Bootstrapped:
        environ = account.environment()
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        config = load(environ=environ, cwd=account.home, home=account.home)
        stack = stack_of(config, environ=environ, cwd=account.home)
        caller = preflight.look(stack.region, environ=environ)
        return backend.bootstrap(stack, find(config), caller, environ=environ, **more)

    return make


@pytest.fixture
def mine(parts: Parts, cloud: int, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., Mine]:
    """`mine(*parts of the stack, version=…)`: a stack of these parts in ./infra, named after the test."""

    def make(*stack: str, version: str = NEW, port: int = cloud) -> Mine:
        name = "t" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]
        account = Account(tmp_path, port, parts.programs[version], parts.environ)
        small_stack.write(account.dir, port, *stack)
        (account.dir / "terraform.tfvars").write_text(f'stack_name = "{name}"\n')
        (tmp_path / "tmp").mkdir(exist_ok=True)
        return Mine(account, name)

    return make
