"""Ctrl-C, SIGTERM and SIGKILL in the middle of an apply: what is in the state, who holds its lock, and the way on."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable

import pytest
from fakes.small_stack import PARAMETER, SLOW, Account
from fakes.terraform_parts import NEW, OLD
from fakes.typist import CTRL_C, Typist, shown

from smartcloudops.core.errors import Status
from smartcloudops.infra.binary import Binary
from smartcloudops.infra.runner import running

pytestmark = pytest.mark.real


def until(happens: Callable[[], object], what: str, within_s: float = 90) -> None:
    deadline = time.monotonic() + within_s
    while not happens():
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.1)


def terraform(account: Account) -> int | None:
    """The process of the Terraform that works for the account now."""
    return running(Binary(account.binary, "terraform", (1, 0, 0)), account.dir)


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, Status.INTERRUPTED), (signal.SIGTERM, Status.TERMINATED)])
def test_the_current_resource_is_finished_and_the_next_run_goes_on(mine, sent, status):
    have = mine(PARAMETER, SLOW)
    process = have.account.start("up", "-y", "--no-wait")
    until(have.instances, "the server's creation")
    process.send_signal(sent)
    _, err = process.communicate(timeout=60)
    assert process.returncode == status, err
    assert "stopping: Terraform finishes creating aws_instance.slow" in err
    assert "2 created in" in err
    if sent == signal.SIGINT:
        assert "2 steps are done and in the state; its lock is released" in err
        assert "try: sco infra up goes on from here" in err
    assert list((have.account.home / "tmp").glob("sco-*")) == []
    assert have.parameters() == ["note"]
    (server,) = have.instances()
    assert server["InstanceId"] in (have.account.dir / "terraform.tfstate").read_text()
    if sent == signal.SIGINT:
        found = have.account.sco("up", "-y", "--no-wait")
        assert found.status == Status.DONE, found.err
        assert "1 created in" in found.err
        assert (have.parameters(), len(have.instances())) == (["after", "note"], 1)


def test_a_second_ctrl_c_asks(mine):
    have = mine(SLOW)
    account = have.account
    command = account.command("up", "-y", "--no-wait")
    with Typist(command, columns=120, cwd=str(account.home), **account.environment()) as one:
        one.until("creating aws_instance.slow", within_s=120)
        until(have.instances, "the server's creation")
        one.type(CTRL_C)
        one.until("again to choose")
        one.type(CTRL_C)
        said = one.until("[w] ")
        assert "stop now: aws_instance.slow may be lost from the state" in said
        one.type("w\r")
        one.until("waiting")
        assert one.ends(60) == Status.INTERRUPTED
        assert "1 created in" in shown(one.raw)
        assert one.is_sane()
    (server,) = have.instances()
    assert server["InstanceId"] in (account.dir / "terraform.tfstate").read_text()


def test_terraform_outlives_a_killed_sco_and_the_next_run_waits_for_it(mine):
    have = mine(PARAMETER, SLOW)
    account = have.account
    process = account.start("up", "-y", "--no-wait")
    until(have.instances, "the server's creation")
    process.kill()
    process.communicate()
    pid = terraform(account)
    assert pid is not None
    found = account.sco("up", "-y", "--no-wait")
    assert found.status == Status.LOCKED, found.err
    assert f"it runs here as process {pid}" in found.err
    until(lambda: terraform(account) is None, "its end")
    found = account.sco("up", "-y", "--no-wait")
    assert found.status == Status.DONE, found.err
    assert "no changes" in found.err
    assert (have.parameters(), len(have.instances())) == (["after", "note"], 1)
    assert list((account.home / "tmp").glob("sco-*")) == []


def lock(account: Account) -> dict[str, object] | None:
    """What `sco infra status` says of it."""
    return account.sco("status", "--no-check", "-o", "json").json["lock"]


@pytest.mark.parametrize("version", [NEW, OLD], ids=["a file beside the state", "a table"])
def test_two_runs_on_s3_and_a_killed_terraform_whose_lock_stays(mine, bootstrap, version):
    """The second run is told who holds the lock; after a SIGKILL, that nobody does, and the command that unlocks."""
    have = mine(PARAMETER, SLOW, version=version)
    account = have.account
    bootstrap(account, bucket=f"{have.name}-state")
    process = account.start("up", "-y", "--no-wait")
    until(have.instances, "the server's creation")
    pid = terraform(account)
    assert pid is not None
    held = lock(account)
    assert held is not None and held["held"] is True and held["operation"] == "apply"
    found = account.sco("up", "-y", "--no-wait")
    assert found.status == Status.LOCKED
    assert re.search(
        rf"locked by \S+@\S+ since \d{{4}}-\d\d-\d\d \S+ UTC, to apply; it runs here as process {pid}", found.err
    )

    os.killpg(pid, signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode == Status.PARTIAL, err
    assert "it was at aws_instance.slow: look in AWS whether that is there" in err
    take_in = next(line for line in err.splitlines() if " import " in line)
    assert take_in.endswith(f"import aws_ssm_parameter.note /{have.name}/note")

    found = account.sco("up", "-y", "--no-wait")
    assert found.status == Status.LOCKED
    assert "that run is dead" in found.err
    unlock = next(line for line in found.err.splitlines() if "force-unlock" in line).removeprefix("  try: ")
    assert lock(account) == held
    typed(account, unlock)
    assert lock(account) is None
    typed(account, take_in)
    (server,) = have.instances()
    typed(
        account,
        take_in.replace("aws_ssm_parameter.note", "aws_instance.slow").replace(
            f"/{have.name}/note", server["InstanceId"]
        ),
    )
    found = account.sco("up", "-y", "--no-wait")
    assert found.status == Status.DONE, found.err
    assert (have.parameters(), len(have.instances())) == (["after", "note"], 1)
    assert not (account.dir / "terraform.tfstate").exists()


def typed(account: Account, command: str) -> None:
    """What a person types into a shell."""
    path = f"{account.binary.parent}{os.pathsep}{os.environ['PATH']}"
    environ = account.environment(PATH=path)
    done = subprocess.run(["sh", "-c", command], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
