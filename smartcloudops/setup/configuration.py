"""A configuration file with comments, from a few answers; what has not been asked for stands there as a comment."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path

from smartcloudops.core.errors import ConfigError
from smartcloudops.core.keys import toml_text
from smartcloudops.core.layers import read_file
from smartcloudops.core.settings import Gemini, OpenAI

KEYS = {"openai": "OPENAI_API_KEY", "gemini": "GEMINI_API_KEY"}
MODELS = {"openai": str(OpenAI().model), "gemini": str(Gemini().model)}


@dataclass(frozen=True, slots=True)
class Answers:
    """What a user says about the set-up; None is "as sco would do it". Secrets are named by their file, never held."""

    url: str | None = None
    username: str | None = None
    password_file: Path | None = None
    token_file: Path | None = None
    ca_file: Path | None = None
    presets: tuple[str, ...] | None = None
    # Who answers questions, and where: a provider's name, its model, an endpoint of the user's own.
    ask: str | None = None
    ask_model: str | None = None
    ask_url: str | None = None

    def over(self, others: Answers) -> Answers:
        """These, and where they say nothing the others."""
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        return replace(others, **{name: value for name, value in said.items() if value is not None})


def known(path: Path, home: Path) -> Answers:
    """The answers that a file which is there amounts to; none where it is not there, or cannot be read."""
    try:
        found = {name: each.value for name, each in read_file(path, "file", home=home).settings.items()}
    except ConfigError:
        return Answers()
    names = ("url", "username", "password_file", "token_file", "ca_file")
    provider = next((name for name in found.get("ask.route", ()) if name != "offline"), None)
    return Answers(
        **{name: found.get(f"prometheus.{name}") for name in names},
        presets=found.get("metrics.presets"),
        ask=provider,
        ask_model=found.get(f"ask.{provider}.model"),
        ask_url=found.get(f"ask.{provider}.base_url"),
    )


def text(answers: Answers) -> str:
    """The file; the same answers give the same bytes.

    >>> print(text(Answers(url="http://prom:9090")).splitlines()[5])
    url = "http://prom:9090"
    """
    return "\n".join([_HEAD, *_prometheus(answers), *_metrics(answers), _LEARNING, *_ask(answers), _REST])


def _prometheus(answers: Answers) -> list[str]:
    return [
        "[prometheus]",
        _line("url", answers.url, "http://localhost:9090", "or what speaks its API; without one: this machine"),
        _line("username", answers.username, "sco", "basic authentication"),
        _line("password_file", answers.password_file, "/etc/sco/password", "chmod 600; or password_env, password_cmd"),
        _line("token_file", answers.token_file, "/etc/sco/token", "a bearer token; or token_env, token_cmd"),
        _line("ca_file", answers.ca_file, "/etc/ssl/certs/internal.pem", "an authority of your own"),
        "",
    ]


def _metrics(answers: Answers) -> list[str]:
    about = "node: machines (node_exporter); http: response times, rates, errors"
    return ["[metrics]", _line("presets", answers.presets, ("node", "http"), about), _METRIC]


def _ask(answers: Answers) -> list[str]:
    """Who answers questions; a key is named by its variable where the official endpoint is asked."""
    name = answers.ask
    route = None if name is None else (name, "offline")
    about = "who answers `sco ask`, in order; nobody else is sent anything"
    lines = ["[ask]", _line("route", route, ("openai", "gemini", "offline"), about)]
    if name is None:
        return [*lines, _NOBODY]
    key = KEYS[name] if answers.ask_url is None else None
    return [
        *lines,
        "",
        f"[ask.{name}]",
        _line("model", answers.ask_model, MODELS[name], "the model to ask"),
        _line("base_url", answers.ask_url, "http://localhost:11434/v1", "a server of your own that speaks the API"),
        _line("key_env", key, KEYS[name], "the variable that holds the key; or key_file, key_cmd"),
        _line("send", None, ("metrics", "alerts"), "what may leave this machine, redacted"),
        "",
    ]


def _line(key: str, value: object, example: object, about: str) -> str:
    """`key = value`, or the example as a comment, what it means behind it."""
    given = value is not None
    shown = value if given else example
    setting = f"{'' if given else '# '}{key} = {toml_text(list(shown) if isinstance(shown, tuple) else shown)}"
    return f"{setting:<42} # {about}" if not given else f"# {about}\n{setting}"


_HEAD = """\
# Settings of sco, made by `sco init`. What is commented out shows a default or an example.
# `sco config show` gives every setting, its value and where it comes from; `sco doctor` checks them.
"""

_METRIC = """\

# [[metric]]                               # your own, beside or in the place of a preset's of that name
# name = "queue"
# expr = "sum by (instance) (rabbitmq_queue_messages)"
# by = ["instance"]                        # the labels that make an entity: its series are learnt together
# unit = "messages"
# direction = "up"                         # only growth is bad; or "down", "both"
# min_dev = 100.0                          # less than that from what was expected wakes nobody
# for = "10m"                              # nor does what lasts less than that
"""

_NOBODY = """\

[ask.openai]                               # or what speaks its API: Ollama, vLLM, llama.cpp, OpenRouter, Azure
# key_env = "OPENAI_API_KEY"
# model = "gpt-5.4-mini"
# base_url = "http://localhost:11434/v1"
# send = ["metrics", "alerts"]             # what may leave this machine, redacted
"""

_LEARNING = """\
[train]
# lookback = "14d"                         # history to learn from; more is better, up to a month
# step = "5m"                              # time between points
# exclude = ["2026-11-20..2026-11-21"]     # times not to learn from

[detect]
# threshold = 1.0                          # alarm that counts; raise it to hear less
# repeat = "4h"                            # time between reminders of an open incident
# hold = "1h"                              # quiet time that closes an incident
"""

_REST = """\
[models]
# keep = 5                                 # versions that `sco models prune` keeps

[state]
# dir = "/var/lib/sco"                     # incidents, runs and locks
"""
