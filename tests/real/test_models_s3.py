"""Models shared through a real S3 API: what is pushed, who moves the pointer, what a pull shows and changes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from fakes import machines
from fakes.recordings import history, write_csv

from smartcloudops.core.errors import Status

pytestmark = pytest.mark.real


def keys(machine) -> list[str]:
    listed = machines.client(machine.port).list_objects_v2(Bucket=machines.BUCKET, Prefix=machine.prefix + "/")
    return [row["Key"].removeprefix(machine.prefix + "/") for row in listed.get("Contents", [])]


def pointer(machine) -> dict:
    body = machines.client(machine.port).get_object(Bucket=machines.BUCKET, Key=f"{machine.prefix}/current.json")
    return json.loads(body["Body"].read())


def test_what_one_machine_learnt_another_detects_with(machine):
    a, b = machine("a"), machine("b", models=False)
    older = a.in_use
    pushed = a.sco("models", "push")
    assert pushed.status == Status.DONE and f"in use there now: {older}" in pushed.err
    assert set(keys(a)) == {"current.json"} | {
        f"versions/{older}/{path.name}" for path in (a.store.directory / "versions" / older).iterdir()
    }
    assert b.sco("models", "pull", "-y").status == Status.DONE
    assert b.in_use == older
    write_csv(b.home / "metrics.csv", history(rows=500, seed=1))
    found = b.sco("detect", "--from", "metrics.csv", "--since", "2h", "--json")
    assert found.status == Status.DONE, found.err
    assert [i["group"] for i in found.json["incidents"]] == ['{instance="web-1"}']


def test_train_pushes_what_it_learnt(machine):
    a = machine("a", models=False)
    write_csv(a.home / "metrics.csv", history(rows=400))
    said = a.sco("train", "--from", "metrics.csv", "--json")
    assert said.status == Status.DONE, said.err
    assert said.json["s3"]["in_use"] == said.json["version"] == pointer(a)["version"]
    kept = a.sco("train", "--from", "metrics.csv", "--no-promote", "--json")
    assert kept.json["s3"]["in_use"] == said.json["version"]
    assert f"versions/{kept.json['version']}/manifest.json" in keys(a)
    assert a.sco("train", "--from", "metrics.csv", "--dry-run", "-q").status == Status.DONE
    assert len(a.store.versions()) == 2


def test_what_is_there_is_not_sent_again(machine):
    a = machine("a")
    first = a.sco("models", "push", "--json").json["sent"][0]
    again = a.sco("models", "push", "--json").json["sent"][0]
    assert first["there"] == 0 and again["files"] == again["bytes"] == 0
    assert again["there"] == first["files"]


def test_a_file_that_was_altered_in_s3_is_sent_again(machine):
    a = machine("a")
    a.sco("models", "push")
    s3, key = machines.client(a.port), f"{a.prefix}/versions/{a.in_use}/shard-0000.npz"
    whole = s3.get_object(Bucket=machines.BUCKET, Key=key)["Body"].read()
    s3.put_object(Bucket=machines.BUCKET, Key=key, Body=whole[:-1])
    assert a.sco("models", "push", "--json").json["sent"][0]["files"] == 2
    assert s3.get_object(Bucket=machines.BUCKET, Key=key)["Body"].read() == whole


def test_a_pull_shows_what_it_changes_and_asks(machine):
    a, b = machine("a"), machine("b")
    newer, older = a.store.versions()
    a.store.promote(newer)
    a.sco("models", "push")
    refused = b.sco("models", "pull")
    assert refused.status == Status.USAGE and "nobody to ask" in refused.err and "--dry-run" in refused.err
    shown = b.sco("models", "pull", "--dry-run", "--json")
    assert b.in_use == older and shown.json["promoted"] is False
    changes = {(c["what"], c["entity"]): (c["before"], c["after"]) for c in shown.json["changes"]}
    assert changes["version", ""] == (older, newer)
    assert changes["entity", '{instance="web-1"}'] == ("3 series", "")
    before, after = changes["usual range", 'memory{instance="web-2"}']
    assert float(after.split()[0]) == pytest.approx(2 * float(before.split()[0]), rel=0.1)
    assert b.sco("models", "pull", "-y").status == Status.DONE
    assert b.in_use == newer
    assert b.sco("models", "rollback").status == Status.DONE and b.in_use == older


def test_a_dry_run_and_a_stored_only_pull_leave_what_is_in_use(machine):
    a, b = machine("a"), machine("b", models=False)
    a.sco("models", "push")
    assert b.sco("models", "pull", "--dry-run").status == Status.DONE
    assert b.store.versions() == [] and not list(b.home.glob("models/**/.coming*"))
    assert b.sco("models", "pull", "--no-promote").status == Status.DONE
    assert b.store.versions() == [a.in_use] and b.in_use is None


def test_a_push_goes_forwards_only(machine):
    a, b = machine("a"), machine("b")
    newer = a.store.versions()[0]
    a.store.promote(newer)
    a.sco("models", "push")
    late = b.sco("models", "push")
    assert late.status == Status.DONE and f"{newer} in use there is later" in late.err
    assert pointer(a)["version"] == newer


def test_going_back_everywhere_lasts(machine):
    a, b = machine("a"), machine("b")
    newer, older = a.store.versions()
    for each in (a, b):
        each.store.promote(newer)
        each.sco("models", "push")
    assert a.sco("models", "rollback", "--remote").status == Status.DONE
    assert a.in_use == pointer(a)["version"] == older
    # A machine that still uses the newer one pushes again, as every night: nobody goes forward.
    late = b.sco("models", "push")
    assert f"went back from it to {older}" in late.err and pointer(a)["version"] == older
    assert b.sco("models", "pull", "--if-newer", "-y").status == Status.DONE
    assert b.in_use == older
    assert a.sco("models", "promote", newer, "--remote").status == Status.DONE
    assert pointer(a)["version"] == newer == a.in_use


def test_going_back_here_lasts_until_s3_moves(machine):
    a, b = machine("a"), machine("b")
    newer, older = a.store.versions()
    a.store.promote(newer)
    a.sco("models", "push")
    b.sco("models", "pull", "-y")
    b.sco("models", "rollback")
    said = b.sco("models", "pull", "--if-newer", "-y")
    assert said.status == Status.DONE and "has not changed" in said.err and b.in_use == older
    assert b.sco("models", "pull", "--if-newer", "-y", "-q").err == ""
    a.sco("models", "rollback", "--remote")
    a.sco("models", "promote", newer, "--remote")
    assert b.sco("models", "pull", "--if-newer", "-y").status == Status.DONE and b.in_use == newer


def test_a_later_model_that_waits_to_be_pushed_is_not_replaced(machine):
    a, b = machine("a"), machine("b")
    newer, older = a.store.versions()
    a.sco("models", "push")
    b.store.promote(newer)
    said = b.sco("models", "pull", "--if-newer", "-y")
    assert said.status == Status.DONE and "sco models push" in said.err and b.in_use == newer
    assert b.sco("models", "pull", "-y").status == Status.DONE and b.in_use == older


def test_list_says_where_each_version_is(machine):
    a, b = machine("a"), machine("b", models=False)
    newer, older = a.store.versions()
    a.sco("models", "push")
    shutil.rmtree(b.home / "models", ignore_errors=True)
    rows = {row["version"]: row for row in a.sco("models", "list", "--remote", "--json").json["models"]}
    assert rows[newer]["where"] == ["local"] and rows[older]["where"] == ["local", "s3"]
    assert rows[older]["in_use"] and rows[older]["in_use_s3"]
    (row,) = b.sco("models", "list", "--remote", "--json").json["models"]
    assert row["where"] == ["s3"] and not row["in_use"] and row["in_use_s3"] and row["series"] is None
    assert "no models" in b.sco("models", "list").out


def test_prune_keeps_what_is_in_use_there_and_removes_leftovers(machine):
    a = machine("a")
    newer, older = a.store.versions()
    a.sco("models", "push")
    a.sco("models", "push", newer)
    s3 = machines.client(a.port)
    for stray in ("versions/20200101T000000Z-aaaaaa/shard-0000.npz", "versions/readme.txt"):
        s3.put_object(Bucket=machines.BUCKET, Key=f"{a.prefix}/{stray}", Body=b"x")
    before = keys(a)
    planned = a.sco("models", "prune", "--remote", "--keep-last", "1", "--dry-run")
    assert planned.status == Status.DONE and keys(a) == before
    # The newest stays by the rule, the older because it is in use; what is half sent is too young to go.
    assert planned.out == ""
    a.sco("models", "promote", newer, "--remote")
    done = a.sco("models", "prune", "--remote", "--keep-last", "1")
    assert done.out.splitlines() == [f"s3://{machines.BUCKET}/{a.prefix}/versions/{older}", older]
    assert not [key for key in keys(a) if older in key]
    assert pointer(a) | {"stamp": ""} == {"version": newer, "history": [], "stamp": ""}
    assert {"versions/readme.txt", "versions/20200101T000000Z-aaaaaa/shard-0000.npz"} <= set(keys(a))


def test_detect_and_list_load_no_boto3(machine):
    a = machine("a")
    write_csv(a.home / "metrics.csv", history(rows=500))
    for arguments in (["detect", "--from", "metrics.csv"], ["models", "list"]):
        command = [sys.executable, "-X", "importtime", "-m", "smartcloudops", *arguments]
        env = os.environ | a.environment()
        done = subprocess.run(command, cwd=a.home, env=env, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr[-2000:]
        modules = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if "import time:" in line}
        assert "smartcloudops.anomaly.store" in modules
        assert not [name for name in modules if name.startswith(("boto3", "botocore", "s3transfer"))]
