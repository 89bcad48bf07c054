"""Following a real S3 API: two writers, objects that are replaced and come late, a server that goes and returns."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fakes import machines
from fakes.cut_proxy import CutProxy

from smartcloudops.core.errors import Status
from smartcloudops.core.times import HOUR, now_ms, rfc3339

pytestmark = pytest.mark.real
ROOT = Path(__file__).parents[2]


def key_of(prefix: str, host: str, name: str, ms: int) -> str:
    return f"{prefix}/logs/{host}/dt={rfc3339(ms)[:10]}/hour={rfc3339(ms)[11:13]}/{name}"


def record(text: str) -> str:
    return json.dumps({"time": rfc3339(now_ms()), "message": text})


@contextmanager
def tail(prefix: str, port: int, *more: str) -> Iterator[subprocess.Popen[str]]:
    """`sco logs tail` as a process, looking five times a second."""
    source = f"s3://{machines.BUCKET}/{prefix}"
    options = ["--endpoint", f"http://127.0.0.1:{port}", "--layout", "sco", "--every", "200ms", "-o", "jsonl"]
    command = [sys.executable, "-m", "smartcloudops", "logs", "tail", source, *options, *more]
    env = os.environ | {
        "PYTHONPATH": str(ROOT),
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",
    }
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def ended(process: subprocess.Popen[str]) -> tuple[list[str], str]:
    """Ctrl-C; the messages that were shown, and what was said."""
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == Status.INTERRUPTED and "Traceback" not in err, err
    return [json.loads(row)["fields"]["message"] for row in out.splitlines()], err


def wait_for(process: subprocess.Popen[str], text: str) -> str:
    """Read what is said until a line has that."""
    assert process.stderr is not None
    said = ""
    for row in process.stderr:
        said += row
        if text in row:
            return said
    raise AssertionError(f"{text!r} is not said: {said}")


def test_two_writers_late_objects_and_objects_that_grow(s3_port):
    prefix, s3 = f"tail/{time.time_ns()}", machines.client(s3_port)
    written: list[str] = []

    def put(key: str, records: list[str], *, pack: bool = False) -> None:
        body = "".join(f"{each}\n" for each in records).encode()
        s3.put_object(Bucket=machines.BUCKET, Key=key, Body=gzip.compress(body) if pack else body)

    def write(host: str) -> None:
        for batch in range(8):
            grown: list[str] = []
            for n in range(3):
                text = f"{host} {batch} {n}"
                written.append(text)
                grown.append(record(text))
                put(key_of(prefix, host, f"{batch}.json", now_ms()), grown)
                time.sleep(0.05)
            written.append(f"{host} late {batch}")
            late = now_ms() - HOUR // 2
            put(key_of(prefix, host, f"late-{batch}.gz", late), [record(f"{host} late {batch}")], pack=True)

    with tail(prefix, s3_port) as process:
        said = wait_for(process, "following")
        assert "LIST requests an hour, $" in said
        writers = [threading.Thread(target=write, args=(host,)) for host in ("web-1", "web-2")]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        shown, err = ended(process)
    assert sorted(shown) == sorted(written), err
    assert f"{len(written)} hits" in err and "unread" not in err


def test_a_server_that_goes_and_returns(s3_port):
    prefix, s3 = f"tail/{time.time_ns()}", machines.client(s3_port)

    def put(name: str) -> None:
        key = key_of(prefix, "web-1", name, now_ms())
        s3.put_object(Bucket=machines.BUCKET, Key=key, Body=record(name).encode() + b"\n")

    put("before")
    with CutProxy(s3_port) as proxy, tail(prefix, proxy.port) as process:
        wait_for(process, "following")
        proxy.budget = 0
        put("while it was gone")
        wait_for(process, "asked again until it answers")
        proxy.budget = None
        wait_for(process, "answers again")
        put("after")
        shown, _ = ended(process)
    assert shown == ["before", "while it was gone", "after"]


def test_a_server_that_is_not_there_ends_it(tmp_path):
    with tail("x", 9) as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == Status.UNREACHABLE and out == "" and "no answer" in err
