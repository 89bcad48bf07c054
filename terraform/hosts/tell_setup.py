"""Puts what the set-up said into the server's log group: `tell_setup.py LOG STATUS`."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# CloudWatch takes 1 MiB and 10,000 events at a time; what was said last matters most.
LAST_BYTES, LINES = 500_000, 5_000


def main() -> int:
    path, status = Path(sys.argv[1]), sys.argv[2]
    with path.open("rb") as f:
        f.seek(max(0, path.stat().st_size - LAST_BYTES))
        text = f.read().decode(errors="replace")
    lines = [line for line in text.splitlines() if line.strip()][-LINES:]
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in [*lines, "set-up ended with status " + status]]
    group, stream = os.environ["LOG_GROUP"], time.strftime("setup-%Y-%m-%dT%H-%M-%SZ", time.gmtime())
    where = ["--log-group-name", group, "--log-stream-name", stream]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
        json.dump(events, f)
        f.flush()
        subprocess.run(["aws", "logs", "create-log-stream", *where], check=True)
        subprocess.run(
            ["aws", "logs", "put-log-events", *where, "--log-events", "file://" + f.name, "--output", "text"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
