"""`sco init`: a configuration, and what runs it by itself."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from smartcloudops.cli.context import Context, working_directory
from smartcloudops.core.errors import Status, UsageError

if TYPE_CHECKING:
    from smartcloudops.cli.asking import Asking
    from smartcloudops.setup.configuration import Answers

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def init(
    ctx: typer.Context,
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="Address of your Prometheus; '' for none: this machine.")
    ] = None,
    username: Annotated[str | None, typer.Option(metavar="NAME", help="User of basic authentication.")] = None,
    password_file: Annotated[Path | None, typer.Option(metavar="FILE", help="File with its password.")] = None,
    token_file: Annotated[Path | None, typer.Option(metavar="FILE", help="File with a bearer token.")] = None,
    ca_file: Annotated[Path | None, typer.Option(metavar="FILE", help="PEM of the authority to believe.")] = None,
    presets: Annotated[
        str | None, typer.Option(metavar="NAMES", help="node,http; by default those that have data there.")
    ] = None,
    ask: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who answers `sco ask`: openai, gemini; offline by default.")
    ] = None,
    ask_model: Annotated[str | None, typer.Option(metavar="NAME", help="The model of it to ask.")] = None,
    ask_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Your own server that speaks its API; no key is sent there.")
    ] = None,
    project: Annotated[bool, typer.Option("--project", help="Write ./sco.toml, and trust it.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace what is there and differs; kept as FILE.bak.")
    ] = False,
    probe: Annotated[
        bool, typer.Option("--probe/--no-probe", help="Ask the server before anything is written.")
    ] = True,
    systemd: Annotated[bool, typer.Option("--systemd", help="Print systemd units, or install them.")] = False,
    cron: Annotated[bool, typer.Option("--cron", help="Print crontab lines.")] = False,
    install: Annotated[bool, typer.Option("--install", help="With --systemd: put the units in place.")] = False,
    system: Annotated[
        bool | None, typer.Option("--system/--user", help="Units of the machine, or yours; root's are the machine's.")
    ] = None,
    every: Annotated[str, typer.Option(metavar="DURATION", help="Time between detections.")] = "5m",
    train_at: Annotated[str, typer.Option(metavar="HH:MM", help="When to train, every day.")] = "03:17",
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Ask nothing: take flags and defaults.")] = False,
) -> int:
    """Write a commented configuration, and print or install what runs train and detect by themselves.

    Asks on a terminal; every question has a flag. The server is asked first: does it answer, and which presets have
    data. A file that is there and differs is shown with its difference and left alone (status 1) without --force.
    Doing it again changes nothing.

    \b
    Examples:
      sco init
      sco init -y --url http://localhost:9090
      sco init -y --ask openai                  the key stays in OPENAI_API_KEY
      sco init -y --ask openai --ask-url http://localhost:11434/v1 --ask-model qwen3
      sco init --project --url https://prom.example.com --token-file /etc/sco/token
      sco init --systemd                        print units for the configuration there is
      sco init --systemd --install
      (crontab -l; sco init --cron) | crontab -
    """
    from smartcloudops.cli.asking import Asking, preset_names
    from smartcloudops.setup.configuration import Answers

    by = _by(systemd, cron, install)
    files = {"password_file": password_file, "token_file": token_file, "ca_file": ca_file}
    absolute = {name: path.expanduser().absolute() if path else None for name, path in files.items()}
    chosen = preset_names(presets) if presets is not None else None
    provider = _provider(ask, ask_model, ask_url)
    given = Answers(url, username, presets=chosen, ask=provider, ask_model=ask_model, ask_url=ask_url, **absolute)
    asking = Asking(yes=yes, probe=probe)
    target = _Target.of(ctx.obj, project=project)
    kept = given == Answers() and target.path.is_file() and (by is not None or (yes and not force))
    if kept:
        sys.stderr.write(f"{target.path}: kept as it is\n")
    elif not _configure(target, given, asking, force=force):
        return Status.FAILED
    by = by or (None if kept else asking.schedule())
    if by is not None:
        wanted = _Wanted(by, install or (by == "systemd" and not systemd), system, every, train_at, force)
        return _run_by(wanted, ctx.obj, target)
    sys.stderr.write("next: sco doctor, then sco train\n")
    return Status.DONE


def _provider(name: str | None, model: str | None, url: str | None) -> str | None:
    """The provider; `openai` where only a server of one's own is named. UsageError for a name that is none."""
    from smartcloudops.core.registry import nearest
    from smartcloudops.setup.configuration import KEYS

    if name is not None and name not in (*KEYS, "offline"):
        raise UsageError(f"no provider named '{name}'", hint=nearest(name, (*KEYS, "offline")))
    if name == "offline" or (name is None and model is None and url is None):
        return None
    return name or "openai"


def _by(systemd: bool, cron: bool, install: bool) -> Literal["systemd", "cron"] | None:
    if install and not systemd:
        raise UsageError("--install goes with --systemd", hint="sco init --systemd --install")
    if systemd and cron:
        raise UsageError("--systemd and --cron: both would run everything twice", hint="choose one of them")
    return "systemd" if systemd else "cron" if cron else None


@dataclass(frozen=True, slots=True)
class _Target:
    """The file to write, and whether it is a project's, which needs trust."""

    path: Path
    project: bool

    @classmethod
    def of(cls, context: Context, *, project: bool) -> _Target:
        """`--config FILE` names it; else it is ./sco.toml or the user's."""
        from smartcloudops.core.config import user_file
        from smartcloudops.core.layers import PROJECT_FILE

        if context.config_file is not None:
            if project:
                raise UsageError("--project writes ./sco.toml: it does not go with --config", hint="leave one out")
            return cls(context.config_file.absolute(), project=False)
        if project:
            return cls(working_directory() / PROJECT_FILE, project=True)
        return cls(user_file(os.environ, Path.home()), project=False)


def _configure(target: _Target, given: Answers, asking: Asking, *, force: bool) -> bool:
    """Write the file where it is new, or differs and `force` says so; whether it is now as wanted."""
    from smartcloudops.core.redact import redact
    from smartcloudops.setup import place
    from smartcloudops.setup.configuration import known, text

    answers = asking.answers(given, known(target.path, Path.home()))
    (compared,) = files = place.compare({target.path: text(answers)})
    if compared.what == "differs" and not force:
        sys.stdout.writelines(f"{redact(line)}\n" for line in compared.lines)
        sys.stderr.write(f"sco: {target.path} is there and differs: it is left as it is\n")
        sys.stderr.write("  try: edit it, or replace it with --force (it stays as .bak)\n")
        return False
    place.write(files, mode=0o644 if target.project else 0o600)
    _trust(target)
    said = {"new": "written", "same": "up to date", "differs": "replaced; the one before is beside it, .bak"}
    sys.stderr.write(f"{target.path}: {said[compared.what]}\n")
    return True


def _trust(target: _Target) -> None:
    """What sco has written itself needs no second look."""
    if target.project:
        from smartcloudops.core.config import load_project, trust_store
        from smartcloudops.core.trust import trust

        read = load_project(target.path, environ=os.environ, cwd=working_directory(), home=Path.home())
        trust(target.path, trust_store(os.environ, Path.home()), digest=read.digest)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the flags say about the schedule."""

    by: Literal["systemd", "cron"]
    install: bool
    system: bool | None
    every: str
    at: str
    force: bool


def _run_by(wanted: _Wanted, context: Context, target: _Target) -> int:
    """Print or install what runs sco, for the configuration that was just written or found."""
    from smartcloudops.core.config import load
    from smartcloudops.setup.schedule import plan

    named = context.config_file or (target.path if target.project else None)
    config = load(file=named, environ=os.environ, cwd=working_directory(), home=Path.home())
    _warn_of_variables([str(origin) for origin in config.origins.values() if origin.kind == "variable"])
    schedule = plan(config, every=wanted.every, at=wanted.at)
    if wanted.by == "cron":
        from smartcloudops.setup.cron import lines

        sys.stdout.writelines(f"{line}\n" for line in lines(schedule))
        sys.stderr.write("add them with: (crontab -l; sco init --cron) | crontab -\n")
        return Status.DONE
    from smartcloudops.cli.installing import install, print_units
    from smartcloudops.setup.units import units

    system = os.geteuid() == 0 if wanted.system is None else wanted.system
    files = units(schedule, system=system)
    if wanted.install:
        return install(files, schedule, system=system, force=wanted.force)
    print_units(files, system=system)
    return Status.DONE


def _warn_of_variables(names: list[str]) -> None:
    lost = sorted(set(names) - {"SCO_STATE__DIR", "SCO_MODELS__DIR"})
    if lost:
        sys.stderr.write(f"note: {', '.join(lost)} will not be set there: write them into the configuration\n")
