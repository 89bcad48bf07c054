"""Ships the journal and log files to the logs bucket as gzipped JSON lines, each record once.

One batch: collected into the directory `pending`, which appears whole by a rename and holds the keys that its objects
get; uploaded; then `state.json` moves on, and `pending` goes. Stopped at any point, the next run goes on from there:
what was sent already is sent again under the same key, so nothing is in the bucket twice and nothing is left out.

Log files are followed by inode through a rotation that renames them. Runs on the server's own Python (3.9).
"""

# ruff: noqa: T201, UP017  (a script, and for an older Python)

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from datetime import datetime, timezone
from pathlib import Path

STATE = Path(os.environ.get("STATE_DIRECTORY", "/var/lib/ship-logs"))
LOGS = Path(os.environ.get("LOGS_DIRECTORY_ROOT", "/var/log"))
# Stream -> the files of it; a file that was rotated away is read to its end if it was followed before.
STREAMS = {"nginx": ("nginx", "access.log"), "app": ("app", "*.log")}
RECORDS, BYTES = int(os.environ.get("SHIP_RECORDS", "200000")), 128_000_000
HEAD = 256
ATTEMPTS = 4
TIMES = ("time", "timestamp", "@timestamp", "ts")


def main() -> int:
    STATE.mkdir(parents=True, exist_ok=True)
    more = True
    while more:
        if not (STATE / "pending").exists() and not collect():
            break
        more = send()
    return 0


class Batch:
    """Records that go out together: one object for each stream and hour."""

    def __init__(self, folder):
        self.folder, self.records, self.bytes = folder, 0, 0
        self.name = uuid.uuid4().hex[:12]
        self._open = {}
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()

    def full(self):
        return self.records >= RECORDS or self.bytes >= BYTES

    def add(self, stream, ms, line):
        hour = datetime.fromtimestamp(ms / 1000, timezone.utc).strftime("dt=%Y-%m-%d/hour=%H")
        path = f"{hour}/{stream}-{self.name}.jsonl.gz"
        if path not in self._open:
            self._open[path] = gzip.GzipFile(self.folder / path.replace("/", "~"), "wb", compresslevel=6, mtime=0)
        self._open[path].write(line.rstrip(b"\n") + b"\n")
        self.records += 1
        self.bytes += len(line)

    def close(self):
        for each in self._open.values():
            each.close()
        return sorted(self._open)


def collect():
    """Whether there was anything to ship; it is in `pending` then."""
    before = read(STATE / "state.json", {})
    batch = Batch(STATE / "pending.new")
    after = {"cursor": journal(batch, before.get("cursor")), "files": files(batch, before.get("files", {}))}
    names = batch.close()
    write(batch.folder / "manifest.json", {"objects": names, "state": after, "full": batch.full()})
    if not names:
        write(STATE / "state.json", after)
        return False
    for path in batch.folder.iterdir():
        sync(path)
    batch.folder.rename(STATE / "pending")
    sync(STATE)
    return True


def journal(batch, cursor):
    """All entries after the cursor, or as many as fit; the cursor of the last one."""
    after = ["--after-cursor=" + cursor] if cursor else []
    argv = ["journalctl", "--output=json", "--all", "--no-pager", "--quiet", *after]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as reading:
        for line in reading.stdout:
            entry = json.loads(line)
            batch.add("journal", int(entry["__REALTIME_TIMESTAMP"]) // 1000, line)
            cursor = entry["__CURSOR"]
            if batch.full():
                reading.kill()
                return cursor
    if reading.returncode:
        raise SystemExit(f"journalctl ended with status {reading.returncode}")
    return cursor


def files(batch, known):
    """The new lines of every log file; how far each is read now, by inode."""
    after = {}
    for stream, (folder, pattern) in STREAMS.items():
        found = [(path, path.stat()) for path in (LOGS / folder).glob(pattern + "*") if path.is_file()]
        for path, about in sorted(found, key=lambda each: each[1].st_mtime):
            inode = f"{about.st_dev}:{about.st_ino}"
            # A copy that was rotated away under a new inode has been read already.
            if path.name.endswith(".gz") or (not path.name.endswith(".log") and inode not in known):
                continue
            with path.open("rb") as f:
                after[inode] = follow(batch, stream, f, known.get(inode))
    return after


def follow(batch, stream, f, known):
    """Ship whole lines from where reading ended; from the start where the file is another one by now."""
    offset = known["offset"] if known and known["head"] == head(f, known["length"]) else 0
    f.seek(0, os.SEEK_END)
    f.seek(offset if offset <= f.tell() else 0)
    offset = f.tell()
    while not batch.full():
        line = f.readline()
        if not line.endswith(b"\n"):
            break
        offset += len(line)
        if line.strip():
            batch.add(stream, *record(line))
    length = min(offset, HEAD)
    return {"offset": offset, "length": length, "head": head(f, length)}


def head(f, length):
    f.seek(0)
    return hashlib.sha256(f.read(length)).hexdigest()


def record(line):
    """When a line was written (ms), and the line as JSON."""
    now = time.time() * 1000
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        text = line.decode(errors="replace").rstrip("\r\n")
        when = datetime.fromtimestamp(now / 1000, timezone.utc).isoformat(timespec="milliseconds")
        return now, json.dumps({"time": when, "message": text}).encode()
    return next((ms for ms in (moment(found.get(name)) for name in TIMES) if ms is not None), now), line


def moment(value):
    """Milliseconds of an ISO time, or of seconds or milliseconds since 1970; None for anything else."""
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
        ms = float(value) * (1 if float(value) > 1e11 else 1000)
        datetime.fromtimestamp(ms / 1000, timezone.utc)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    return ms


def send():
    """Upload what is pending, and move on; whether more is waiting."""
    folder = STATE / "pending"
    manifest = read(folder / "manifest.json", None)
    for name in manifest["objects"]:
        target = f"s3://{os.environ['LOGS_BUCKET']}/logs/{os.environ['HOST']}/{name}"
        upload(folder / name.replace("/", "~"), target)
    write(STATE / "state.json", manifest["state"])
    shutil.rmtree(folder)
    print(f"shipped {len(manifest['objects'])} objects")
    return manifest["full"]


def upload(path, target):
    wait_s = float(os.environ.get("SHIP_WAIT_S", "10"))
    argv = ["aws", "s3", "cp", "--only-show-errors", "--content-type", "application/gzip", str(path), target]
    for attempt in range(1, ATTEMPTS + 1):
        if subprocess.run(argv, check=False).returncode == 0:
            return
        time.sleep(wait_s * attempt if attempt < ATTEMPTS else 0)
    raise SystemExit(f"cannot upload {target}: it stays here, and goes first the next time")


def read(path, default):
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return default


def write(path, value):
    """Whole or not at all."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(json.dumps(value))
    sync(temporary)
    temporary.replace(path)
    sync(path.parent)


def sync(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


if __name__ == "__main__":
    sys.exit(main())
