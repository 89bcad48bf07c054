"""`sco ask`: a question in plain words, or a conversation."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from smartcloudops.cli.options import FromOption, JsonFlag
from smartcloudops.cli.render.output import Output
from smartcloudops.core.errors import ConfigError, Status, UsageError

if TYPE_CHECKING:
    from smartcloudops.ask.asking import Asking
    from smartcloudops.ask.attachment import Attachment
    from smartcloudops.core.config import Config

app = typer.Typer(rich_markup_mode=None, add_completion=False)
_LARGEST_FILE = 8_000_000


@app.command()
def ask(
    ctx: typer.Context,
    question: Annotated[list[str] | None, typer.Argument(metavar="[QUESTION…]", help="In plain words.")] = None,
    files: Annotated[
        list[Path] | None, typer.Option("-f", "--file", metavar="FILE", help="It is about this file; may be repeated.")
    ] = None,
    go_on: Annotated[bool, typer.Option("-c", "--continue", help="Go on with the newest session.")] = False,
    resume: Annotated[str | None, typer.Option("--resume", metavar="ID", help="Go on with that session.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the sessions that are kept.")] = False,
    evidence: Annotated[
        int | None, typer.Option("--evidence", metavar="N", min=1, help="Look again at evidence N of the session.")
    ] = None,
    provider: Annotated[
        str | None, typer.Option("--provider", metavar="NAME", help="Ask openai, gemini or offline.")
    ] = None,
    model: Annotated[str | None, typer.Option("-m", "--model", metavar="NAME", help="Ask this model of it.")] = None,
    no_fallback: Annotated[bool, typer.Option("--no-fallback", help="Fail where the first provider fails.")] = False,
    from_: FromOption = None,
    max_steps: Annotated[
        int | None, typer.Option("--max-steps", metavar="N", min=1, max=50, help="Requests for one answer; 8.")
    ] = None,
    max_cost: Annotated[
        float | None, typer.Option("--max-cost", metavar="USD", min=0, help="What one answer may cost.")
    ] = None,
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="DURATION", help="Longest time for one answer; 3m.")
    ] = None,
    show_prompt: Annotated[
        bool, typer.Option("--show-prompt", help="Also print what leaves this machine, on stderr.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be sent; send nothing.")] = False,
    no_save: Annotated[bool, typer.Option("--no-save", help="Keep no session.")] = False,
    output: Annotated[
        Output | None, typer.Option("-o", "--output", help="json: one object; jsonl: events as they happen.")
    ] = None,
    as_json: JsonFlag = False,
) -> int:
    """Ask what is going on; the answer rests on metrics, alerts and incidents as they are now, and shows its evidence.

    Without a question it opens a conversation (/help there). Out of the box no model is asked and nothing leaves this
    machine: rules answer from the same tools. To have a model answer, name it: [ask] route in the configuration, or
    --provider. What it gets is redacted, and --dry-run prints it. Every number of an answer is checked against what
    the tools gave; a number that stands in no tool's answer is marked.

    \b
    Examples:
      sco ask why is web-2 slow
      sco ask --provider openai what changed since 14:00
      sco ask                                          a conversation
      sco ask -c 'and since when?'
      sco ask --evidence 3                             look at evidence 3 of the newest session again
      journalctl -u api -n 200 | sco ask what went wrong here
      sco ask -f deploy.log --json 'did the deploy cause it?'
      sco ask --provider gemini --dry-run how are things
      SCO_ASK__OPENAI__BASE_URL=http://localhost:11434/v1 sco ask --provider openai -m qwen3 how are things
    """
    _check_name(provider)
    config: Config = ctx.obj.load(ask__max_steps=max_steps, ask__max_cost=max_cost, ask__timeout=timeout)
    form = _form(output, as_json)
    asking = _asking(config, from_, provider, model, fallback=not no_fallback, save=not no_save)
    if listed:
        return _list(asking, form)
    if go_on or resume is not None or evidence is not None:
        asking.resume(resume)
    if evidence is not None:
        return _look_again(asking, evidence, form)
    asking.attached = _attached(files or [])
    text = " ".join(question or []).strip()
    if not text and asking.attached:
        text = "What does this say, and what matters in it?"
    if dry_run or show_prompt:
        _show_prompt(asking.prompt(text), sys.stdout if dry_run else sys.stderr)
    if dry_run:
        return Status.DONE
    if not text:
        return _converse(asking, config, ctx.obj.verbosity)
    return _answer(asking, text, form, ctx.obj.verbosity)


def _check_name(provider: str | None) -> None:
    """Refuse a name that is none before anything is read for it."""
    from smartcloudops.core.registry import nearest

    known = ("openai", "gemini", "offline")
    if provider is not None and provider not in known:
        raise UsageError(f"no provider named '{provider}'", hint=nearest(provider, known))


def _form(output: Output | None, as_json: bool) -> Output:
    from smartcloudops.cli.render.output import choose

    form = choose(output, as_json, sys.stdout)
    if form is Output.CSV:
        raise UsageError("an answer is no table", hint="-o plain, md, json or jsonl")
    return form


def _asking(
    config: Config, path: Path | None, provider: str | None, model: str | None, *, fallback: bool, save: bool
) -> Asking:
    from smartcloudops.ask.asking import Asking
    from smartcloudops.ask.conversing import Limits
    from smartcloudops.ask.routing import Wanted
    from smartcloudops.ask.sessions import Sessions

    return Asking(
        config,
        Wanted(provider, model, fallback),
        Limits(config.ask.max_steps, config.ask.max_cost, config.ask.timeout_ms / 1000),
        path,
        os.environ,
        sessions=Sessions(config.state_dir) if save else None,
    )


def _attached(files: list[Path]) -> list[Attachment]:
    """Files, and what comes in by a pipe."""
    from smartcloudops.ask.attachment import Attachment

    found = [Attachment(str(path), _read(path)) for path in files]
    if not sys.stdin.isatty():
        piped = sys.stdin.buffer.read(_LARGEST_FILE).decode("utf-8", "replace")
        if piped.strip():
            found.append(Attachment("standard input", piped))
    return found


def _read(path: Path) -> str:
    try:
        with path.open("rb") as f:
            return f.read(_LARGEST_FILE).decode("utf-8", "replace")
    except OSError as e:
        raise ConfigError(f"cannot read {path}: {e.strerror}", hint="-f FILE, a text file") from e


def _show_prompt(text: str, out: TextIO) -> None:
    """With nothing that the terminal would obey: earlier answers are sent as the model gave them."""
    from smartcloudops.cli.render.ask import show_context

    show_context(text, out)


def _answer(asking: Asking, question: str, form: Output, verbosity: int) -> int:
    from smartcloudops.cli.render import ask as render

    return render.show(asking.ask(question), form, sys.stdout, sys.stderr, verbosity=verbosity).status


def _converse(asking: Asking, config: Config, verbosity: int) -> int:
    from smartcloudops.cli.repl import converse

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("there is no question", hint="sco ask why is web-2 slow")
    return converse(asking, config.state_dir, verbosity=verbosity)


def _list(asking: Asking, form: Output) -> int:
    from smartcloudops.cli.render import ask as render

    render.show_sessions(asking.list_sessions(), form, sys.stdout)
    return Status.DONE


def _look_again(asking: Asking, number: int, form: Output) -> int:
    from smartcloudops.cli.render import ask as render

    before, after = asking.look_again(number)
    render.show_evidence(before, after, form, sys.stdout)
    return Status.DONE
