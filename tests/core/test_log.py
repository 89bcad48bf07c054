"""Log lines: one a record, redacted, to stderr or a file that rotates."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from smartcloudops.core import log
from smartcloudops.core.errors import ConfigError, ScoError
from smartcloudops.core.log import Log
from smartcloudops.core.log_lines import KEPT_DAYS, DailyFile


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    root, own = logging.getLogger(), logging.getLogger(log.NAME)
    levels = root.level, own.level
    yield
    log.remove()
    root.setLevel(levels[0])
    own.setLevel(levels[1])


def lines(verbosity: int = 1, form: log.Form = "keyvalue") -> io.StringIO:
    out = io.StringIO()
    log.setup(verbosity=verbosity, form=form, stream=out)
    return out


def test_key_value_lines_hold_the_fields() -> None:
    out = lines()
    Log("metrics").info("fetched", series=12, took_s=0.5, name='a "b"')
    line = out.getvalue()
    assert 'level=info part=metrics event=fetched series=12 took_s=0.5 name="a \\"b\\""\n' in line
    assert line.startswith("time=20")


def test_json_lines_are_json_with_numbers_kept() -> None:
    out = lines(form="json")
    Log("x").warning("odd", count=1, ratio=0.5, name=None, path=Path("/a"), time="mine")
    found = json.loads(out.getvalue())
    assert (found["count"], found["ratio"], found["name"], found["path"], found["time_"]) == (
        1,
        0.5,
        None,
        "/a",
        "mine",
    )


def test_human_lines_are_short() -> None:
    out = lines(form="human")
    Log("x").info("models loaded", count=3)
    assert out.getvalue()[9:] == "info    models loaded  count=3\n"


@pytest.mark.parametrize("form", ["human", "keyvalue", "json"])
def test_nothing_that_is_logged_makes_a_second_line_or_shows_a_secret(form: log.Form) -> None:
    out = lines(form=form)
    Log("x").info(
        "said\nlevel=error \x1b[31m", reply="a\r\nb\u2028c", url="http://u:hunter2@h", header="Bearer abcdefgh"
    )
    try:
        raise ValueError("password=hunter2\nsecond")
    except ValueError:
        logging.getLogger("urllib3").warning("it %s", "failed", exc_info=True)
    text = out.getvalue()
    assert len(text.splitlines()) == 2
    assert text.replace("\n", "").isprintable()
    assert "hunter2" not in text
    assert "abcdefgh" not in text
    assert "ValueError" in text


@pytest.mark.parametrize(("verbosity", "seen"), [(-1, "e"), (0, "we"), (1, "iwe"), (2, "diwe")])
def test_levels(verbosity: int, seen: str) -> None:
    out = lines(verbosity)
    one = Log("x")
    for write, event in ((one.debug, "d"), (one.info, "i"), (one.warning, "w"), (one.error, "e")):
        write(event)
    assert "".join(line.rpartition("event=")[2] for line in out.getvalue().splitlines()) == seen


def test_other_libraries_are_heard_from_warnings_on() -> None:
    out = lines(1)
    logging.getLogger("boto3").info("chatter")
    logging.getLogger("boto3").warning("trouble")
    assert "chatter" not in out.getvalue()
    assert "trouble" in out.getvalue()


def test_the_form_can_be_asked_for_by_a_variable() -> None:
    out = io.StringIO()
    log.setup(stream=out, environ={"SCO_LOG_FORMAT": "json"})
    Log("x").warning("w")
    assert json.loads(out.getvalue())["event"] == "w"
    with pytest.raises(ConfigError, match="SCO_LOG_FORMAT"):
        log.setup(stream=out, environ={"SCO_LOG_FORMAT": "xml"})


def test_a_log_file_is_private_and_grows(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "sco.log"
    for _ in range(2):
        log.setup(log_file=path)
        Log("x").info("run")
        log.remove()
    assert len(path.read_text().splitlines()) == 2
    assert path.stat().st_mode & 0o777 == 0o600


def test_rotation_keeps_fourteen_days(tmp_path: Path) -> None:
    path = tmp_path / "sco.log"
    today = datetime.now(UTC)
    for age in range(1, 20):
        old = tmp_path / f"sco.log.{today - timedelta(days=age + 1):%Y-%m-%d}"
        old.write_text("old\n")
    path.write_text("yesterday\n")
    yesterday = (today - timedelta(days=1)).timestamp()
    os.utime(path, (yesterday, yesterday))
    log.setup(log_file=path)
    Log("x").info("today")
    log.remove()
    assert "today" in path.read_text()
    kept = sorted(tmp_path.glob("sco.log.*"))
    assert len(kept) == KEPT_DAYS
    assert kept[-1].name == f"sco.log.{today - timedelta(days=1):%Y-%m-%d}"
    assert kept[-1].read_text() == "yesterday\n"


def test_two_runs_over_midnight_rotate_once_and_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "sco.log"
    path.write_text("yesterday\n")
    yesterday = datetime.now(UTC) - timedelta(days=1)
    os.utime(path, (yesterday.timestamp(), yesterday.timestamp()))
    handlers = [DailyFile(path), DailyFile(path)]
    for number in range(4):
        handlers[number % 2].emit(logging.makeLogRecord({"msg": f"line {number}"}))
    for handler in handlers:
        handler.close()
    assert (tmp_path / f"sco.log.{yesterday:%Y-%m-%d}").read_text() == "yesterday\n"
    assert path.read_text().split("\n") == ["line 0", "line 1", "line 2", "line 3", ""]


def test_a_log_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ScoError, match="cannot write"):
        log.setup(log_file=tmp_path)


def test_a_disk_that_fills_up_is_said_once_and_the_run_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    handler = DailyFile(Path("/dev/full"))
    for _ in range(3):
        handler.emit(logging.makeLogRecord({"msg": "x", "levelno": 20}))
    assert capsys.readouterr().err.count("cannot write /dev/full") == 1
    with pytest.raises(OSError, match="No space"):
        handler.close()


def test_logging_is_not_imported_until_something_is_logged() -> None:
    code = "import sys; import smartcloudops.core.log, smartcloudops.core.config; print('logging' in sys.modules)"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert done.stdout == "False\n"
