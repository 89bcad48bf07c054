"""A server's logs are shipped once each, whatever fails; programs stand for journalctl and aws."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from smartcloudops.infra.stack import packaged

# The journal is a file of entries; their cursors are their numbers.
_JOURNALCTL = """#!{python} -IS
import json, os, sys
after = next((a.split("=", 1)[1] for a in sys.argv if a.startswith("--after-cursor=")), None)
if os.path.exists({root!r} + "/journal-broken"):
    sys.exit(3)
for line in open({root!r} + "/journal"):
    if after is None or int(json.loads(line)["__CURSOR"]) > int(after):
        print(line, end="")
"""
_AWS = """#!{python} -IS
import os, shutil, sys
path, target = sys.argv[-2:]
left = {root!r} + "/failures"
count = int(open(left).read()) if os.path.exists(left) else 0
if count:
    open(left, "w").write(str(count - 1))
    sys.exit("no answer")
target = {root!r} + "/s3/" + target.removeprefix("s3://")
os.makedirs(os.path.dirname(target), exist_ok=True)
shutil.copy(path, target)
if os.path.exists({root!r} + "/kill-after-upload"):
    os.unlink({root!r} + "/kill-after-upload")
    os.kill(os.getppid(), 9)
"""
_HOUR = 3_600_000_000
_START = 1_795_600_800_000_000  # 2026-11-25T10:00:00Z, in µs


class Host:
    """A server with a journal and log files, and a bucket."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.entries = 0
        for name, text in (("journalctl", _JOURNALCTL), ("aws", _AWS)):
            path = root / "bin" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text.format(python=sys.executable, root=str(root)))
            path.chmod(0o755)
        (root / "journal").touch()
        for name in ("nginx", "app"):
            (root / "log" / name).mkdir(parents=True)

    def happen(self, count: int, *, at: int = _START) -> None:
        with (self.root / "journal").open("a") as f:
            for _ in range(count):
                self.entries += 1
                entry = {"__CURSOR": str(self.entries), "__REALTIME_TIMESTAMP": str(at), "MESSAGE": f"m{self.entries}"}
                f.write(json.dumps(entry) + "\n")

    def log(self, name: str, *lines: str) -> Path:
        path = self.root / "log" / name
        with path.open("a") as f:
            f.write("".join(lines))
        return path

    def ship(self, **more: str) -> int:
        environ = {
            "PATH": f"{self.root / 'bin'}",
            "HOST": "web",
            "LOGS_BUCKET": "logs-1",
            "STATE_DIRECTORY": str(self.root / "state"),
            "LOGS_DIRECTORY_ROOT": str(self.root / "log"),
            "SHIP_WAIT_S": "0",
            **more,
        }
        argv = [sys.executable, packaged() / "hosts" / "ship_logs.py"]
        return subprocess.run(argv, env=environ, capture_output=True, timeout=60, check=False).returncode

    def objects(self) -> dict[str, list[dict[str, object]]]:
        top = self.root / "s3" / "logs-1"
        return {
            path.relative_to(top).as_posix(): [
                json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()
            ]
            for path in sorted(top.rglob("*.gz"))
        }

    def messages(self, stream: str) -> list[object]:
        found = [(key, records) for key, records in self.objects().items() if f"/{stream}-" in key]
        return sorted(r.get("MESSAGE") or r.get("message") or r.get("path") for _, records in found for r in records)


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def wanted(count):
    return sorted(f"m{number}" for number in range(1, count + 1))


def test_records_go_to_the_hour_that_they_are_of(host):
    host.happen(2)
    host.happen(1, at=_START + _HOUR)
    host.log("nginx/access.log", '{"time":"2026-11-25T10:59:59+00:00","path":"/"}\n')
    assert host.ship() == 0
    keys = [key.rpartition("-")[0] for key in host.objects()]
    assert keys == [
        "logs/web/dt=2026-11-25/hour=10/journal",
        "logs/web/dt=2026-11-25/hour=10/nginx",
        "logs/web/dt=2026-11-25/hour=11/journal",
    ]


def test_nothing_new_ships_nothing(host):
    assert host.ship() == 0
    assert host.objects() == {}
    host.happen(1)
    assert [host.ship(), host.ship()] == [0, 0]
    assert host.messages("journal") == wanted(1)


def test_what_could_not_be_sent_goes_first_the_next_time(host):
    host.happen(3)
    (host.root / "failures").write_text("99")
    assert host.ship() != 0
    assert host.objects() == {}
    host.happen(2)
    (host.root / "failures").unlink()
    assert host.ship() == 0
    assert host.ship() == 0
    assert host.messages("journal") == wanted(5)


def test_a_server_that_is_busy_is_asked_again(host):
    host.happen(1)
    (host.root / "failures").write_text("2")
    assert host.ship() == 0
    assert host.messages("journal") == wanted(1)


def test_killed_after_an_upload_nothing_is_there_twice(host):
    host.happen(2)
    host.log("nginx/access.log", '{"time":"2026-11-25T10:00:01Z","path":"/a"}\n')
    (host.root / "kill-after-upload").touch()
    assert host.ship() == -9
    host.happen(1)
    assert host.ship() == 0
    assert host.ship() == 0
    assert host.messages("journal") == wanted(3)
    assert host.messages("nginx") == ["/a"]


def test_many_records_go_in_several_batches(host):
    host.happen(25)
    assert host.ship(SHIP_RECORDS="10") == 0
    assert host.messages("journal") == wanted(25)
    assert len(host.objects()) == 3


def test_a_journal_that_cannot_be_read_moves_nothing_on(host):
    host.happen(1)
    (host.root / "journal-broken").touch()
    assert host.ship() != 0
    (host.root / "journal-broken").unlink()
    assert host.ship() == 0
    assert host.messages("journal") == wanted(1)


def test_a_file_is_followed_through_its_rotation(host):
    path = host.log("app/shop.log", "one\n")
    assert host.ship() == 0
    host.log("app/shop.log", "two\n", "half")
    path.rename(path.with_name("shop.log-20261126"))
    host.log("app/shop.log", "three\n")
    host.log("app/shop.log-20261126", " done\n")
    assert host.ship() == 0
    assert host.messages("app") == sorted(["one", "two", "half done", "three"])


def test_a_line_waits_until_it_is_whole(host):
    host.log("app/shop.log", "whole\n", "ha")
    assert host.ship() == 0
    assert host.messages("app") == ["whole"]
    host.log("app/shop.log", "lf\n")
    assert host.ship() == 0
    assert host.messages("app") == ["half", "whole"]


def test_a_file_that_was_cut_and_begun_anew_is_read_from_its_start(host):
    path = host.log("app/shop.log", "old one\n", "old two\n")
    assert host.ship() == 0
    path.write_text("new, and longer than all of the old ones were\n")
    assert host.ship() == 0
    assert host.messages("app") == sorted(["old one", "old two", "new, and longer than all of the old ones were"])


def test_copies_and_compressed_files_are_not_read_again(host):
    host.log("app/shop.log", "one\n")
    assert host.ship() == 0
    host.log("app/shop.log-20261126", "one\n")
    host.log("app/shop.log.2.gz", "zero\n")
    assert host.ship() == 0
    assert host.messages("app") == ["one"]


def test_other_formats_become_json(host):
    host.log("app/shop.log", "plain \x1b[1m text\n", "[1, 2]\n", '{"ts": 1795600800.5, "message": "s"}\n', "\n")
    with (host.root / "log/app/shop.log").open("ab") as f:
        f.write(b"\xff\n")
    assert host.ship() == 0
    assert len(host.messages("app")) == 4
    assert any("hour=10/app-" in key for key in host.objects())


def test_pending_records_are_for_root_alone(host):
    host.happen(1)
    (host.root / "failures").write_text("99")
    before = os.umask(0o077)
    try:
        host.ship()
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o077 for path in (host.root / "state" / "pending").iterdir()} == {0}
