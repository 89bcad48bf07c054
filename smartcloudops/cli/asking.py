"""The questions of `sco init`, each of which a flag answers too."""

from __future__ import annotations

import dataclasses
import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Literal

import typer

from smartcloudops.core.errors import ConfigError, ScoError, UsageError
from smartcloudops.core.redact import redact
from smartcloudops.core.text import printable

if TYPE_CHECKING:
    from smartcloudops.setup.configuration import Answers
    from smartcloudops.setup.probe import Probed

_USUAL = "http://localhost:9090"


@dataclass(frozen=True, slots=True)
class Asking:
    """`yes`: ask nothing. `probe`: ask the server before its address is believed."""

    yes: bool
    probe: bool

    @property
    def asks(self) -> bool:
        """Whether there is somebody to ask."""
        return not self.yes and sys.stdin.isatty() and sys.stderr.isatty()

    def answers(self, given: Answers, known: Answers) -> Answers:
        """What was given, completed by questions, by what is known from before, by what the server says.

        Raises what the server's refusal or silence is where nobody can be asked; UsageError where nothing was said.
        """
        if given.url is None and not self.asks and not self.yes:
            hint = "sco init --url http://prometheus:9090, or sco init -y for what is usual"
            raise UsageError("nobody to ask: standard input is no terminal", hint=hint)
        url = given.url if given.url is not None else self._url(known.url)
        given = self._who_answers(given, known)
        if not url:
            return dataclasses.replace(given, url=None)
        answers = dataclasses.replace(given.over(known) if url == known.url else given, url=url)
        if not self.probe:
            return answers
        return self._tried(answers)

    def _who_answers(self, given: Answers, known: Answers) -> Answers:
        """With who answers questions: as before, or asked where a key lies at hand that nobody was named for."""
        from smartcloudops.setup.configuration import KEYS

        if given.ask is None and known.ask is not None:
            return dataclasses.replace(given, ask=known.ask, ask_model=known.ask_model, ask_url=known.ask_url)
        held = next((name for name, variable in KEYS.items() if os.environ.get(variable)), None)
        if given.ask is not None or held is None or not self.asks:
            return given
        question = (
            f"{KEYS[held]} is set: let {held} answer `sco ask`? It is sent metrics and alerts, redacted (yes, no)"
        )
        said = _prompt(question, "no")
        while said not in ("yes", "no"):
            said = _prompt("yes or no", "no")
        return dataclasses.replace(given, ask=held if said == "yes" else None)

    def schedule(self) -> Literal["systemd", "cron"] | None:
        """Whether sco is to run by itself; nothing where nobody can be asked."""
        if not self.asks:
            return None
        ways = {"systemd": Path("/run/systemd/system").is_dir(), "cron": which("crontab") is not None}
        usual = next((way for way, there in ways.items() if there), "no")
        said = _prompt("Run train every night and detect every 5 minutes? (systemd, cron, no)", usual)
        while said not in (*ways, "no"):
            said = _prompt("systemd, cron or no", usual)
        return "systemd" if said == "systemd" else "cron" if said == "cron" else None

    def _url(self, known: str | None) -> str:
        usual = known or os.environ.get("SCO_PROMETHEUS__URL") or (_USUAL if _is_there("localhost", 9090) else "")
        if not self.asks:
            return usual
        return _prompt("Address of your Prometheus (empty: watch this machine itself)", usual)

    def _tried(self, answers: Answers) -> Answers:
        """The answers once the server agrees with them; another try where somebody can be asked."""
        from smartcloudops.setup.probe import probe

        while True:
            try:
                probed = probe(answers, environ=os.environ, home=Path.home())
            except ScoError as e:
                if not self.asks:
                    raise _with_way_out(e) from e
                sys.stderr.write(redact(f"{printable(e.message)}\n"))
                again = self._otherwise(answers, e)
                if again is None:
                    return answers
                answers = again
                continue
            _say(probed)
            return self._presets(answers, probed)

    def _otherwise(self, answers: Answers, e: ScoError) -> Answers | None:
        """Other answers to try; None to write these as they are."""
        if isinstance(e, ConfigError) and "credentials" in e.message:
            file = _prompt("File with a bearer token (empty: user and password)", "")
            if file:
                return dataclasses.replace(answers, token_file=Path(file).expanduser().absolute(), username=None)
            name = _prompt("User", answers.username or "")
            password = Path(_prompt("File with the password", str(answers.password_file or ""))).expanduser().absolute()
            return dataclasses.replace(answers, username=name, password_file=password, token_file=None)
        url = _prompt("Another address (empty: write this one all the same)", "")
        return dataclasses.replace(answers, url=url) if url else None

    def _presets(self, answers: Answers, probed: Probed) -> Answers:
        """Those with data, unless others were asked for; all, as by default, where none has any."""
        if answers.presets is not None:
            return answers
        useful = probed.useful() or tuple(probed.presets)
        while self.asks:
            said = _prompt(f"Presets ({', '.join(probed.presets)})", ",".join(useful))
            try:
                useful = preset_names(said)
                break
            except UsageError as e:
                sys.stderr.write(f"{e.message}; {e.hint}\n")
        return dataclasses.replace(answers, presets=useful)


def preset_names(text: str) -> tuple[str, ...]:
    """The presets of a list with commas; UsageError names the nearest for a wrong one."""
    from smartcloudops.metrics.presets import load

    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        load(name)
    return names


def _prompt(question: str, usual: str) -> str:
    said: str = typer.prompt(question, default=usual, show_default=bool(usual), err=True)
    return said.strip()


def _say(probed: Probed) -> None:
    version = f", version {probed.version}" if probed.version else ""
    sys.stderr.write(printable(f"{probed.where} answers{version}") + "\n")
    for name, (there, total) in probed.presets.items():
        sys.stderr.write(f"  {name}: {there} of {total} metrics have data\n")
    if probed.skew_ms is not None and abs(probed.skew_ms) > 15_000:
        sys.stderr.write(f"  its clock and ours differ by {abs(probed.skew_ms) // 1000} s: sco doctor clock\n")


def _with_way_out(e: ScoError) -> ScoError:
    hint = f"{e.hint}; --no-probe writes it all the same" if e.hint else "--no-probe writes it all the same"
    return type(e)(e.message, hint=hint)


def _is_there(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=0.3):
            return True
    except OSError:
        return False
