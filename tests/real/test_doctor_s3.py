"""`sco doctor s3` on a real S3 API: what may be listed, read and written, and what a probe leaves behind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fakes import machines

from smartcloudops.core.errors import Status

pytestmark = pytest.mark.real

LISTING = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::ops"}
READING = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::ops/*"}
WRITING = {"Effect": "Allow", "Action": ["s3:PutObject", "s3:DeleteObject"], "Resource": "arn:aws:s3:::ops/*"}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def look(machine: machines.Machine, *more: str) -> dict[str, str]:
    said = machine.sco("doctor", "s3", "--json", *more)
    (found,) = [each for each in said.json["checks"] if each["check"] == "s3"]
    assert said.status == (Status.FAILED if found["level"] == "fail" else Status.DONE)
    return dict(found)


def keys(machine: machines.Machine) -> list[str]:
    listed = machines.client(machine.port).list_objects_v2(Bucket=machines.BUCKET, Prefix=machine.prefix + "/")
    return [row["Key"] for row in listed.get("Contents", [])]


def test_a_store_is_listed_and_read_and_a_probe_leaves_nothing(machine):
    a = machine("a")
    found = look(a)
    assert found["level"] == "ok" and "nothing was pushed yet" in found["seen"] and "not tried" in found["seen"]
    assert a.sco("models", "push").status == Status.DONE
    before = keys(a)
    found = look(a, "--write")
    assert found["level"] == "ok" and f"{a.in_use} is in use there" in found["seen"]
    assert "a probe was written" in found["seen"] and keys(a) == before


def test_what_is_refused_is_said(machine, accounts, s3_port):
    readers = accounts("doctors-reader", policy(LISTING, READING))
    listers, writers = (
        accounts("doctors-lister", policy(LISTING)),
        accounts("doctors-writer", policy(LISTING, READING, WRITING)),
    )
    machines.check_accounts(s3_port, wanted=True)
    reader = machine("a", account=readers)
    assert look(reader)["level"] == "ok"
    found = look(reader, "--write")
    assert found["level"] == "fail" and "access denied to write a probe" in found["seen"]
    assert "s3:PutObject" in found["mend"]
    assert "access denied to read the pointer" in look(replace(reader, account=listers))["seen"]
    assert look(replace(reader, account=writers), "--write")["level"] == "ok"


def test_a_bucket_that_is_missing_an_address_that_is_none_and_nobody_there(machine):
    a = machine("a", models=False)
    assert "no such bucket" in look(replace(a, uri="s3://nothere-at-all/x"))["seen"]
    assert "it is no s3://bucket/prefix" in look(replace(a, uri="https://ops/x"))["seen"]
    assert look(replace(a, uri=""))["level"] == "info"
    gone = look(replace(a, port=1))
    assert gone["level"] == "fail" and "no answer" in gone["seen"]
