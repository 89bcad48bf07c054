"""S3 that breaks off, refuses, or holds what no sco wrote: what stays whole, what is said, what goes on afterwards."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import machines
from fakes.cut_proxy import CutProxy
from fakes.models import forge
from fakes.recordings import history, write_csv

from smartcloudops.core.errors import Status
from smartcloudops.core.files import sha256

pytestmark = pytest.mark.real

# What the README says is needed, and no more.
NEEDED = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::ops"},
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            "Resource": "arn:aws:s3:::ops/*",
        },
    ],
}


def objects(machine) -> dict[str, bytes]:
    """Every object below the prefix."""
    s3 = machines.client(machine.port)
    listed = s3.list_objects_v2(Bucket=machines.BUCKET, Prefix=machine.prefix + "/").get("Contents", [])
    keys = [row["Key"] for row in listed]
    return {
        k.removeprefix(machine.prefix + "/"): s3.get_object(Bucket=machines.BUCKET, Key=k)["Body"].read() for k in keys
    }


def put(machine, key: str, body: bytes) -> None:
    machines.client(machine.port).put_object(Bucket=machines.BUCKET, Key=f"{machine.prefix}/{key}", Body=body)


def fatten(machine, files: int, size: int) -> str:
    """Make the model in use one of many large files of noise; its new name. It can be pushed, not used."""
    directory = machine.store.directory / "versions" / machine.in_use
    noise = [random.Random(at).randbytes(size) for at in range(files)]
    for at, body in enumerate(noise):
        (directory / f"shard-{at:04d}.npz").write_bytes(body)

    def change(manifest: dict[str, Any]) -> None:
        row = manifest["shards"][0]
        manifest["shards"] = [
            row | {"file": f"shard-{at:04d}.npz", "size": len(body), "sha256": sha256(body)}
            for at, body in enumerate(noise)
        ]

    return forge(directory, change)


def test_a_push_that_is_cut_off_goes_on_where_it_stopped(machine):
    a = machine("a")
    version = fatten(a, files=12, size=300_000)
    with CutProxy(a.port) as proxy:
        proxy.budget = 2_500_000
        cut = replace(a, port=proxy.port).sco("models", "push")
        assert proxy.cuts > 0
        assert cut.status == Status.UNREACHABLE and "broke" in cut.err and "not sent twice" in cut.err
        there = objects(a)
        assert 0 < len(there) < 12 and not [key for key in there if key.endswith(".json")]
        before = replace(a, port=proxy.port).sco("models", "list")
        assert before.status == Status.DONE
        proxy.budget = None
        done = replace(a, port=proxy.port).sco("models", "push", "--json")
    (sent,) = done.json["sent"]
    assert sent["there"] == len(there) and sent["files"] == 13 - len(there)
    local = a.store.directory / "versions" / version
    assert objects(a) | {"current.json": b""} == {"current.json": b""} | {
        f"versions/{version}/{path.name}": path.read_bytes() for path in local.iterdir()
    }


def test_a_pull_that_is_cut_off_leaves_the_model_in_use_and_goes_on(machine):
    a, b = machine("a"), machine("b")
    newer, older = a.store.versions()
    a.store.promote(newer)
    a.sco("models", "push")
    size = sum(path.stat().st_size for path in (a.store.directory / "versions" / newer).glob("*.npz"))
    shutil_target = b.store.directory / "versions" / newer
    for path in shutil_target.iterdir():
        path.unlink()
    shutil_target.rmdir()
    with CutProxy(a.port) as proxy:
        proxy.budget = size // 2
        cut = replace(b, port=proxy.port).sco("models", "pull", "-y")
        assert cut.status == Status.UNREACHABLE and b.in_use == older and b.store.versions() == [older]
        proxy.budget = None
        done = replace(b, port=proxy.port).sco("models", "pull", "-y")
    assert done.status == Status.DONE, done.err
    assert b.in_use == newer
    assert not list(b.store.directory.glob("versions/.coming*"))


def test_a_move_whose_answer_was_lost_counts(machine):
    a = machine("a")
    a.sco("models", "push")
    newer = a.store.versions()[0]
    with CutProxy(a.port) as proxy:
        proxy.lose = f"PUT /{machines.BUCKET}/{a.prefix}/current.json".encode()
        # boto3 tries again, and S3 refuses that: the pointer is no longer what was read.
        said = replace(a, port=proxy.port).sco("models", "promote", newer, "--remote")
        assert proxy.lose is None
    assert said.status == Status.DONE, said.err
    assert json.loads(objects(a)["current.json"])["version"] == newer == a.in_use


def test_a_push_that_is_killed_goes_on(machine):
    a = machine("a")
    version = fatten(a, files=24, size=1_000_000)
    with CutProxy(a.port) as proxy:
        proxy.budget, proxy.stall = 8_000_000, True
        child = replace(a, port=proxy.port).start("models", "push")
        deadline = time.monotonic() + 30
        while not proxy.cuts or not objects(a):
            assert child.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        child.send_signal(signal.SIGKILL)
        child.communicate()
    left = objects(a)
    assert "current.json" not in left
    done = a.sco("models", "push", "--json")
    assert done.status == Status.DONE and done.json["in_use"] == version
    assert 0 < done.json["sent"][0]["there"] == len(left)


def test_training_without_s3_keeps_the_model_and_the_next_push_sends_it(machine):
    a = replace(machine("a", models=False), port=1)
    write_csv(a.home / "metrics.csv", history(rows=400))
    said = a.sco("train", "--from", "metrics.csv", "-q")
    assert said.status == Status.PARTIAL
    assert "not pushed" in said.err and "nothing answers" in said.err and "sco models push" in said.err
    first = a.in_use
    assert first is not None
    again = a.sco("train", "--from", "metrics.csv", "--no-promote", "--json")
    assert again.status == Status.PARTIAL and "nothing answers" in again.json["s3"]["error"]
    back = replace(a, port=machine("x").port)
    done = back.sco("models", "push", "--json").json
    assert {s["version"] for s in done["sent"]} == set(a.store.versions()) and done["in_use"] == first
    assert [s["version"] for s in back.sco("models", "push", "--json").json["sent"]] == [first]


def test_a_bucket_that_is_missing_is_said(machine):
    a = replace(machine("a"), uri="s3://nobody-made-this/x")
    for command in (["models", "push"], ["models", "pull", "-y"], ["models", "list", "--remote"]):
        said = a.sco(*command)
        assert said.status == Status.USAGE and "aws s3 mb s3://nobody-made-this" in said.err
    assert a.in_use in said.out


def test_a_setting_that_is_missing_or_wrong_is_said(machine):
    a = machine("a")
    newer = a.store.versions()[0]
    commands = (["push"], ["pull"], ["list", "--remote"], ["prune", "--remote"], ["promote", newer, "--remote"])
    for command in commands:
        said = replace(a, uri="").sco("models", *command)
        assert said.status == Status.USAGE and "[models] s3" in said.err and "s3://bucket/prefix" in said.err
    write_csv(a.home / "metrics.csv", history(rows=400))
    said = replace(a, uri="https://ops/x").sco("train", "--from", "metrics.csv")
    assert said.status == Status.USAGE and "it is no s3://bucket/prefix" in said.err
    assert len(a.store.versions()) == 2


def test_the_rights_in_the_readme_suffice_and_fewer_are_named(machine, accounts, s3_port):
    full = accounts("full", NEEDED)
    readers = {**NEEDED, "Statement": [NEEDED["Statement"][0], NEEDED["Statement"][1] | {"Action": "s3:GetObject"}]}
    reader, nobody = accounts("reader", readers), accounts("nobody", {**NEEDED, "Statement": NEEDED["Statement"][:1]})
    machines.check_accounts(s3_port, wanted=True)
    a, b = machine("a", account=full), machine("b", models=False, account=reader)
    assert a.sco("models", "push").status == Status.DONE
    assert b.sco("models", "pull", "-y").status == Status.DONE
    denied = replace(a, account=reader).sco("models", "push", a.store.versions()[0])
    assert denied.status == Status.USAGE and "access denied to put model" in denied.err and "s3:PutObject" in denied.err
    assert "access denied to read the pointer" in replace(b, account=nobody).sco("models", "pull", "-y").err
    unknown = replace(a, account=("AKIANOBODYNOBODY1234", "x")).sco("models", "pull", "-y")
    assert unknown.status == Status.USAGE and "credentials are refused (InvalidAccessKeyId)" in unknown.err
    for command in (
        ["promote", a.store.versions()[0], "--remote"],
        ["list", "--remote"],
        ["prune", "--remote", "--keep-last", "1"],
    ):
        assert a.sco("models", *command).status == Status.DONE


def _manifest(machine) -> tuple[str, dict[str, Any]]:
    version = machine.in_use
    return version, json.loads((machine.store.directory / "versions" / version / "manifest.json").read_bytes())


def _named(
    machine,
    manifest: dict[str, Any],
    *,
    shard: bytes | None = None,
    key: str = "shard-0000.npz",
    stamp: str = "20260101T000000Z",
) -> str:
    """Put a version of that manifest in use in S3, under the name that it gives itself."""
    body = json.dumps(manifest).encode()
    version = f"{stamp}-{sha256(body)[:6]}"
    own = machine.store.directory / "versions" / machine.in_use / "shard-0000.npz"
    put(machine, f"versions/{version}/{key}", own.read_bytes() if shard is None else shard)
    put(machine, f"versions/{version}/manifest.json", body)
    put(machine, "current.json", json.dumps({"version": version, "history": [], "stamp": "x"}).encode())
    return version


def refused(machine, *words: str) -> None:
    """A pull is refused with those words, and this machine stays as it is."""
    before = sorted(path.relative_to(machine.home) for path in (machine.home / "models").rglob("*"))
    said = machine.sco("models", "pull", "-y")
    assert said.status == Status.PARTIAL, said
    assert all(word in said.err for word in words), said.err
    now = sorted(path.relative_to(machine.home) for path in (machine.home / "models").rglob("*"))
    assert now == before


@pytest.mark.parametrize("name", ["../../evil.npz", "/etc/passwd", "shard-0000.pkl", "shard-٠٠٠٠.npz", "x", 3, None])
def test_a_manifest_that_names_other_files_is_refused(machine, name):
    a = machine("a")
    _, manifest = _manifest(a)
    manifest["shards"][0]["file"] = name
    _named(a, manifest, key=str(name))
    refused(a, "manifest.json is refused", "names a file or groups wrongly")


def _twice(manifest: dict[str, Any]) -> None:
    manifest["shards"] *= 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_twice, "names a file twice"),
        (lambda m: m["shards"][0].update(size=-1), "a size of -1"),
        (lambda m: m["shards"][0].update(size="9"), "a size of '9'"),
        (lambda m: m["shards"][0].update(size=1 << 40), "a size of"),
        (lambda m: m["shards"][0].update(size=5), "it wants 5 bytes of shard-0000.npz, S3 has"),
        (lambda m: m["shards"][0].update(sha256="0" * 64), "checksum is not the manifest's"),
        (lambda m: m["shards"][0].update(sha256=None), "a size of"),
        (lambda m: m["shards"][0].update(file="shard-0007.npz"), "S3 has none"),
        (lambda m: m.update(schema_version=99), "this sco reads 1"),
        (lambda m: m.update(plans={}), "it has no plan for 3 series"),
        (lambda m: m.update(window={}), "its manifest has no step"),
    ],
)
def test_a_manifest_that_lies_is_refused(machine, change, words):
    a = machine("a")
    _, manifest = _manifest(a)
    change(manifest)
    _named(a, manifest)
    refused(a, words)


@pytest.mark.parametrize("stamp", ["99991231T235959Z", "20261399T000000Z"])
def test_a_version_of_no_past_moment_is_refused(machine, stamp):
    a = machine("a")
    _named(a, _manifest(a)[1], stamp=stamp)
    refused(a, stamp)


class Bomb:
    def __reduce__(self):
        return (os.abort, ())


def _npz(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def _zip_bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", b"0" * (1 << 24))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "body",
    [b"no zip", _npz(x=np.array([Bomb()], dtype=object)), _zip_bomb(), _npz(x=np.zeros(1))],
    ids=["text", "pickle", "bomb", "other"],
)
def test_foreign_arrays_are_refused_even_where_the_manifest_agrees(machine, body):
    a = machine("a")
    _, manifest = _manifest(a)
    manifest["shards"] = [manifest["shards"][0] | {"size": len(body), "sha256": sha256(body)}]
    _named(a, manifest, shard=body)
    refused(a)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"[" * 100_000,
        b'{"version": "../../etc", "history": [], "stamp": ""}',
        b'{"version": "20260101T000000Z-abcdef", "history": ["/"], "stamp": ""}',
        b'{"version": "20260101T000000Z-abcdef", "history": []}',
        b" " * (2 << 20),
    ],
    ids=["empty", "list", "deep", "path", "history", "no stamp", "huge"],
)
def test_a_damaged_pointer_is_refused_and_mended_by_promote(machine, body):
    a = machine("a")
    put(a, "current.json", body)
    refused(a, "current.json is refused")
    if len(body) > 1 << 20:
        return
    assert a.sco("models", "promote", a.in_use, "--remote").status == Status.DONE
    assert json.loads(objects(a)["current.json"])["version"] == a.in_use


def test_a_pointer_to_nothing_and_keys_of_others_are_named_or_left_alone(machine):
    a = machine("a")
    for key in ("versions/../../x", "versions//", "versions/20260101T000000Z-abcdef/../y", "versions/x/manifest.json"):
        put(a, key, b"x")
    put(a, "current.json", b'{"version": "20260101T000000Z-abcdef", "history": [], "stamp": "x"}')
    refused(a, "20260101T000000Z-abcdef is not there, or only in part")
    listed = a.sco("models", "list", "--remote", "--json")
    assert {row["version"] for row in listed.json["models"]} == set(a.store.versions())


def test_a_large_file_goes_in_parts_and_comes_back_whole(machine):
    a = machine("a")
    version = fatten(a, files=1, size=20 << 20)
    assert a.sco("models", "push").status == Status.DONE
    s3 = machines.client(a.port)
    head = s3.head_object(Bucket=machines.BUCKET, Key=f"{a.prefix}/versions/{version}/shard-0000.npz", PartNumber=1)
    assert head["PartsCount"] == 3
    assert a.sco("models", "push", "--json").json["sent"][0]["files"] == 0
    b = machine("b", models=False)
    said = b.sco("models", "pull", "-y")
    # Noise is no model, but every byte of it came: it is the arrays that are refused.
    assert said.status == Status.PARTIAL and "shard-0000.npz is refused: File is not a zip file" in said.err
    assert b.store.versions() == [] and not list(Path(b.home / "models").rglob("*.npz"))
