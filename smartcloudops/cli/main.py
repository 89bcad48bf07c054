"""The way in: the command table, the global options, and the one place where errors become exit statuses."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from smartcloudops.cli.context import Context
from smartcloudops.cli.lazy import LazyGroup
from smartcloudops.core.errors import ScoError, Status, UsageError

_CLICK_ERROR: Any = typer.BadParameter.__mro__[2]


# As what Ctrl-C may come out of a library that is in the midst of something.
_DISGUISES = (OSError, ValueError, RuntimeError, ImportError, SystemError)


class _Terminated(BaseException):
    """SIGTERM arrived."""


class _Heard:
    """Whether SIGTERM arrived during this run: what it raises may be lost, or come out as something else."""

    def __init__(self) -> None:
        self.termination = False

    def terminate(self, signum: int, frame: FrameType | None) -> None:
        self.termination = True
        raise _Terminated

    def ended_by(self, e: Exception) -> Status | None:
        """The status of the signal that is behind an error: a file, say, that cannot be closed in mid-write."""
        if self.termination:
            return Status.TERMINATED
        if not isinstance(e, _DISGUISES):
            return None
        return Status.INTERRUPTED if any(isinstance(c, KeyboardInterrupt) for c in _behind(e)) else None


class Commands(LazyGroup):
    """Every `sco` command."""

    table = (
        ("demo", "smartcloudops.cli.demo:app", "See what sco does, on the recording of a real server."),
        ("init", "smartcloudops.cli.init:app", "Set sco up: a commented configuration, timers or crontab lines."),
        ("ask", "smartcloudops.cli.ask:app", "Ask what is going on, in plain words; with evidence."),
        ("status", "smartcloudops.cli.status:app", "Where things stand, on one screen."),
        ("doctor", "smartcloudops.cli.doctor:app", "What is wrong with the set-up, and what mends it."),
        ("train", "smartcloudops.cli.train:app", "Learn what is normal from history, keep it as a model."),
        ("detect", "smartcloudops.cli.detect:app", "Score the newest window, keep incidents."),
        ("query", "smartcloudops.cli.query:app", "Ask for series: a chart, a table, CSV, JSON or Parquet."),
        ("logs", "smartcloudops.cli.logs:app", "Search, follow and count logs in S3 or a directory."),
        ("infra", "smartcloudops.cli.infra:app", "The AWS stack by Terraform: plan, up, down, drift, cost."),
        ("incidents", "smartcloudops.cli.incidents:app", "List, show, acknowledge and label incidents."),
        ("alerts", "smartcloudops.cli.alerts:app", "What waits to be sent to whom; try a sink."),
        ("explain", "smartcloudops.cli.explain:app", "Name the part that is to blame for an incident."),
        ("report", "smartcloudops.cli.report:app", "Write what happened on one HTML page."),
        ("models", "smartcloudops.cli.models:app", "List, show, promote, roll back and share models."),
        ("backtest", "smartcloudops.cli.backtest:app", "Measure detection on CSV files, causally."),
        ("config", "smartcloudops.cli.config:app", "Show settings and where they come from; trust a project."),
    )


app = typer.Typer(
    name="sco",
    cls=Commands,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from smartcloudops import __version__

        typer.echo(f"sco {__version__}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option("--config", envvar="SCO_CONFIG", metavar="FILE", help="Read this file in place of sco.toml."),
    ] = None,
    log_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Log there (rotated daily, 14 kept), not to stderr.")
    ] = None,
    verbose: Annotated[int, typer.Option("-v", "--verbose", count=True, help="Say more on stderr; -vv for debug.")] = 0,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Only errors on stderr, no progress.")] = False,
    version: Annotated[
        bool, typer.Option("-V", "--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """sco learns what is normal for your servers, says what is not, and why.

    \b
    First steps:
      sco demo                                    what it does, on the recording of a real server
      sco ask how is this machine doing           an answer with evidence; no key, no server needed
      sco init                                    set up for your own servers; then sco doctor
      sco train --from metrics.csv --until 2h     learn from a recorded file, but for its last two hours
      sco detect --from metrics.csv --since 2h    score those
      SCO_PROMETHEUS__URL=http://prom:9090 sco train
      SCO_PROMETHEUS__URL=http://prom:9090 sco detect -o json
    """
    ctx.obj = Context(config_file=config, log_file=log_file, verbosity=-1 if quiet else verbose)
    ctx.obj.start_logging()


def run(argv: Sequence[str]) -> int:
    """Run one command line; every error ends here as a message on stderr and a status."""
    heard = _Heard()
    previous = signal.signal(signal.SIGTERM, heard.terminate)
    try:
        return int(_dispatch(argv))
    except KeyboardInterrupt:
        return _report_signal(Status.INTERRUPTED)
    except _Terminated:
        return _report_signal(Status.TERMINATED)
    except BrokenPipeError:
        _silence_stdout()
        return Status.DONE
    except ScoError as e:
        return _report_signal(Status.TERMINATED) if heard.termination else _report(e)
    except Exception as e:  # noqa: BLE001 - the outermost border: an unexpected error is a bug
        sent = heard.ended_by(e)
        return _report_bug(e, argv) if sent is None else _report_signal(sent)
    finally:
        signal.signal(signal.SIGTERM, previous)


def _dispatch(argv: Sequence[str]) -> int:
    try:
        status = app(args=list(argv), prog_name="sco", standalone_mode=False)
        sys.stdout.flush()
    except _CLICK_ERROR as e:
        return _report_usage(e)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except SystemExit as e:
        # Typer ends the process where a pipe is closed on it.
        if isinstance(e.__context__, BrokenPipeError):
            raise BrokenPipeError from e
        raise
    except OSError as e:
        if isinstance(e, BrokenPipeError) or not _is_stdout_error(e):
            raise
        raise ScoError(f"cannot write the results: {e.strerror}", hint="free some space where stdout goes") from e
    if status == Status.INTERRUPTED:
        # Typer makes a status of Ctrl-C.
        raise KeyboardInterrupt
    return status if isinstance(status, int) else Status.DONE


def _is_stdout_error(e: OSError) -> bool:
    return e.filename is None and e.errno is not None


def _report_usage(e: Any) -> int:
    context = getattr(e, "ctx", None)
    if type(e).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(f"{context.get_help() if context else e.format_message()}\n")
        return Status.USAGE
    path = context.command_path if context else "sco"
    sys.stderr.write(f"sco: {e.format_message()}\n  try: {path} --help\n")
    return Status.USAGE


def _report(e: ScoError) -> int:
    from smartcloudops.core import log
    from smartcloudops.core.redact import redact
    from smartcloudops.core.text import printable

    if log.to_file():
        log.Log("cli").error(e.message, status=int(e.status))
    sys.stderr.write(redact(printable(f"sco: {e.message}")) + "\n")
    if isinstance(e, UsageError) and (picture := e.caret()):
        sys.stderr.write("".join(f"  {redact(line)}\n" for line in picture.splitlines()))
    if e.hint:
        sys.stderr.write(redact(printable(f"try: {e.hint}")).join(("  ", "\n")))
    return e.status


def _report_bug(e: Exception, argv: Sequence[str]) -> int:
    from smartcloudops.core.bugs import write_bug
    from smartcloudops.core.redact import redact

    path = write_bug(e, argv)
    sys.stderr.write(redact(f"sco: a bug: {type(e).__name__}: {e}") + f" (details: {path}; please report it)\n")
    return Status.BUG


def _report_signal(status: Status) -> int:
    sys.stderr.write(f"sco: {status.name.lower()}\n")
    return status


def _behind(e: BaseException) -> Iterator[BaseException]:
    """What an error was raised during, the last first."""
    during = e.__context__
    while during is not None:
        yield during
        during = during.__context__


def _silence_stdout() -> None:
    """The reader went away: keep the interpreter's last flush from complaining."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
