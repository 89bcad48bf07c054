"""The settings that sco knows: one frozen dataclass a section, each field with its form, safety and meaning."""

# ruff: noqa: RUF009  (`key` returns a dataclass field, which ruff cannot see)

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from smartcloudops.core.times import DAY, HOUR, MINUTE, SECOND

Kind = Literal["traffic", "latency", "errors", "saturation"]
Direction = Literal["up", "down", "both"]
Form = Literal[
    "text",
    "texts",
    "flag",
    "whole",
    "wholes",
    "number",
    "duration",
    "size",
    "path",
    "program",
    "argv",
    "uri",
    "table",
    "ranges",
]


def meta(
    form: Form,
    doc: str,
    *,
    safe: bool = False,
    choices: tuple[str, ...] = (),
    minimum: float | None = None,
    maximum: float | None = None,
) -> dict[str, Any]:
    """What the table of keys and the converters need to know; `safe` keys may come from any project file."""
    bounds = {"minimum": minimum, "maximum": maximum}
    return {"form": form, "doc": doc, "safe": safe, "choices": choices, **bounds}


def key(default: Any, form: Form, doc: str, **more: Any) -> Any:
    """A field with a default; the key in the file is the field's name without `_ms` or `_bytes`."""
    return field(default=default, metadata=meta(form, doc, **more))


@dataclass(frozen=True, slots=True)
class Metric:
    """One `[[metric]]` entry: a PromQL expression whose series are learnt and scored.

    `by` are the labels that make an entity (a group); further labels tell series of one entity apart.
    """

    name: str = field(metadata=meta("text", "its name; a preset's name replaces that metric", safe=True))
    expr: str = field(metadata=meta("text", "the PromQL expression", safe=True))
    by: tuple[str, ...] = key(("instance",), "texts", "labels that make an entity", safe=True)
    kind: Kind | None = key(
        None,
        "text",
        "what it measures",
        safe=True,
        choices=("traffic", "latency", "errors", "saturation"),
    )
    unit: str = key("", "text", "its unit, for display", safe=True)
    direction: Direction = key("both", "text", "which way is bad", safe=True, choices=("up", "down", "both"))
    min_dev: float = key(0.0, "number", "smallest deviation that matters, in its unit", safe=True, minimum=0)
    for_ms: int = key(0, "duration", "how long it must last", safe=True)
    prophet: bool = key(False, "flag", "also model its season with Prophet", safe=True)


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is spoken to over HTTP, and what proves who asks."""

    url: str | None = key(None, "text", "base URL")
    timeout_ms: int = key(30 * SECOND, "duration", "longest wait for one answer", safe=True)
    username: str | None = key(None, "text", "user of basic authentication")
    password_env: str | None = key(None, "text", "variable that holds the password")
    password_file: Path | None = key(None, "path", "file that holds the password")
    password_cmd: tuple[str, ...] | None = key(None, "argv", "program that prints the password")
    token_env: str | None = key(None, "text", "variable that holds a bearer token")
    token_file: Path | None = key(None, "path", "file that holds a bearer token")
    token_cmd: tuple[str, ...] | None = key(None, "argv", "program that prints a bearer token")
    headers: dict[str, str] = field(
        default_factory=dict, metadata=meta("table", "further request headers, such as X-Scope-OrgID")
    )
    ca_file: Path | None = key(None, "path", "certificates of the authorities to believe")
    cert_file: Path | None = key(None, "path", "client certificate (mTLS)")
    key_file: Path | None = key(None, "path", "key of the client certificate")
    verify: bool = key(True, "flag", "check the server's certificate")


@dataclass(frozen=True, slots=True)
class Prometheus(Server):
    """`[prometheus]`: where metrics come from."""

    url: str | None = key(None, "text", "base URL; from a project file only without credentials", safe=True)
    concurrency: int = key(4, "whole", "requests at a time", safe=True, minimum=1, maximum=64)
    compression: Literal["auto", "on", "off"] = key(
        "auto", "text", "gzip; `auto` leaves it off on fast links", safe=True, choices=("auto", "on", "off")
    )
    max_response_bytes: int = key(256_000_000, "size", "largest answer to read", safe=True, minimum=1_000_000)


@dataclass(frozen=True, slots=True)
class Presets:
    """`[metrics]`: the packaged metrics to start from."""

    presets: tuple[str, ...] = key(("node", "http"), "texts", "packaged metrics to start from", safe=True)


@dataclass(frozen=True, slots=True)
class Train:
    """`[train]`: what is learnt from, and how."""

    lookback_ms: int = key(14 * DAY, "duration", "history to learn from", safe=True, minimum=HOUR)
    step_ms: int = key(5 * MINUTE, "duration", "time between points", safe=True, minimum=SECOND)
    min_points: int = key(200, "whole", "skip series with fewer points", safe=True, minimum=50)
    max_skipped: float = key(
        0.05, "number", "share of skipped series that is still status 0", safe=True, minimum=0, maximum=1
    )
    exclude: tuple[str, ...] = key((), "ranges", "times not to learn from", safe=True)
    seed: int = key(0, "whole", "seed of everything random", safe=True, minimum=0, maximum=2**32 - 1)
    workers: int = key(0, "whole", "processes; 0 is one per core", safe=True, minimum=0, maximum=1024)
    engine: Literal["sklearn", "numpy"] = key(
        "sklearn", "text", "who grows the forests", safe=True, choices=("sklearn", "numpy")
    )
    trees: tuple[int, ...] = key((64,), "wholes", "trees of a forest to try", safe=True, minimum=1)
    samples: tuple[int, ...] = key((128, 256), "wholes", "rows of a tree to try", safe=True, minimum=2)


@dataclass(frozen=True, slots=True)
class Detect:
    """`[detect]`: what is scored, and when somebody hears of it."""

    window_ms: int = key(HOUR, "duration", "newest time to score", safe=True, minimum=SECOND)
    repeat_ms: int = key(4 * HOUR, "duration", "time between reminders of an open incident", safe=True)
    hold_ms: int = key(HOUR, "duration", "quiet time that closes an incident", safe=True)
    record_ms: int = key(
        DAY, "duration", "after an incident only a stronger alarm opens another for so long", safe=True
    )
    adopt_ms: int = key(DAY, "duration", "an incident open for so long is the new normal", safe=True, minimum=HOUR)
    threshold: float = key(
        1.0,
        "number",
        "alarm that counts; 1 is a mean probability of 1 in 50 to 1 in 1500, by cadence",
        safe=True,
        minimum=0,
    )
    textfile: Path | None = key(None, "path", "newest scores, for node_exporter's textfile collector: `….prom`")


@dataclass(frozen=True, slots=True)
class Explain:
    """`[explain]`: what suspects are judged by."""

    edges: Path | None = key(None, "path", "file of `caller,callee` rows, beside the calls that metrics tell of")
    history_ms: int = key(7 * DAY, "duration", "what came before, to tell the usual from", safe=True, minimum=MINUTE)


@dataclass(frozen=True, slots=True)
class Models:
    """`[models]`: where trained models are kept."""

    dir: Path | None = key(None, "path", "store; default `models/` beside the project file")
    s3: str | None = key(None, "text", "`s3://bucket/prefix` to push to and pull from")
    keep: int = key(5, "whole", "versions that `prune` keeps", minimum=1)


@dataclass(frozen=True, slots=True)
class Logs:
    """One `[logs.NAME]`: a place where logs lie."""

    uri: str = field(metadata=meta("uri", "`s3://bucket/prefix` or a directory"))
    layout: str = key("auto", "text", "how its keys hold dates: a name (`alb`) or a template (`{yyyy}/{mm}/{dd}/`)")
    format: str = key("auto", "text", "format of its lines; known by content by default")
    zone: str = key("UTC", "text", "time zone of times that name none, such as `Europe/Berlin`")
    profile: str | None = key(None, "text", "AWS profile")
    role: str | None = key(None, "text", "ARN of a role to assume")
    region: str | None = key(None, "text", "AWS region of the bucket")
    endpoint: str | None = key(None, "text", "another server that speaks S3, such as http://minio:9000")
    client: Literal["auto", "boto3", "obstore"] = key(
        "auto", "text", "what fetches; obstore where it is installed", choices=("auto", "boto3", "obstore")
    )
    requester_pays: bool = key(False, "flag", "pay for the requests to someone else's bucket")
    unsigned: bool = key(False, "flag", "a public bucket: send no credentials")
    workgroup: str = key("primary", "text", "Athena workgroup, whose limit of scanned bytes holds")
    table: str | None = key(None, "text", "Athena table, `database.table`; made up from the layout by default")


@dataclass(frozen=True, slots=True)
class RemoteWrite(Server):
    """`[remote_write]`: where scores are pushed to."""

    url: str | None = key(None, "text", "push every score there, such as http://prometheus:9090/api/v1/write")
    timeout_ms: int = key(30 * SECOND, "duration", "longest wait for one answer")


@dataclass(frozen=True, slots=True)
class Alerts(Server):
    """One `[alerts.NAME]`: who hears of incidents."""

    type: Literal["webhook", "alertmanager"] = field(
        kw_only=True,
        metadata=meta("text", "what takes the notifications", choices=("webhook", "alertmanager")),
    )
    url: str | None = key(None, "text", "a webhook's whole URL, or Alertmanager's base URL")
    timeout_ms: int = key(10 * SECOND, "duration", "longest wait for one answer")
    labels: dict[str, str] = field(
        default_factory=dict, metadata=meta("table", "further labels of each alert, for Alertmanager's routes")
    )
    secret_env: str | None = key(None, "text", "variable that holds the key that signs a webhook's body")
    secret_file: Path | None = key(None, "path", "file that holds it")
    secret_cmd: tuple[str, ...] | None = key(None, "argv", "program that prints it")


@dataclass(frozen=True, slots=True)
class Provider:
    """A language model, and what it may be sent."""

    model: str | None = key(None, "text", "name of the model")
    base_url: str | None = key(None, "text", "another endpoint that speaks the same API")
    key_env: str | None = key(None, "text", "variable that holds the key")
    key_file: Path | None = key(None, "path", "file that holds the key")
    key_cmd: tuple[str, ...] | None = key(None, "argv", "program that prints the key")
    send: tuple[str, ...] = key(
        ("metrics", "alerts"), "texts", "what may leave this machine", choices=("metrics", "alerts", "logs", "infra")
    )
    timeout_ms: int = key(60 * SECOND, "duration", "longest silence of the server", minimum=SECOND)
    price_input: float | None = key(None, "number", "USD per million tokens sent, where sco knows none", minimum=0)
    price_output: float | None = key(None, "number", "USD per million tokens received", minimum=0)


@dataclass(frozen=True, slots=True)
class OpenAI(Provider):
    """`[ask.openai]`: OpenAI, or any server that speaks its API."""

    model: str | None = key("gpt-5.4-mini", "text", "name of the model")


@dataclass(frozen=True, slots=True)
class Gemini(Provider):
    """`[ask.gemini]`: Google's models."""

    model: str | None = key("gemini-3.5-flash", "text", "name of the model")


@dataclass(frozen=True, slots=True)
class Ask:
    """`[ask]`: who answers questions."""

    route: tuple[str, ...] = key(
        ("offline",), "texts", "providers in the order to try", choices=("openai", "gemini", "offline")
    )
    instructions: Path | None = key(None, "path", "file of standing instructions, added to the prompt")
    runbooks: Path | None = key(None, "path", "runbooks, such as `runbooks/*.md`")
    mask: tuple[str, ...] = key(
        (), "texts", "what is masked beside secrets before anything is sent", safe=True, choices=("email", "ip")
    )
    max_steps: int = key(8, "whole", "requests to a provider for one answer", safe=True, minimum=1, maximum=50)
    max_cost: float | None = key(None, "number", "USD that one answer may cost", safe=True, minimum=0)
    max_question: int = key(4000, "whole", "characters of a question", safe=True, minimum=10, maximum=100_000)
    timeout_ms: int = key(180 * SECOND, "duration", "longest time for one answer", safe=True, minimum=SECOND)
    context_ms: int = key(
        2 * SECOND, "duration", "longest wait for the live context", safe=True, minimum=0, maximum=MINUTE
    )
    openai: OpenAI = field(default_factory=OpenAI)
    gemini: Gemini = field(default_factory=Gemini)


@dataclass(frozen=True, slots=True)
class Infra:
    """`[infra]`: the Terraform stack."""

    dir: Path | None = key(None, "path", "directory of the stack")
    binary: str = key("terraform", "program", "program to run")
    wheel: str | None = key(None, "uri", "wheel of sco to install on the servers")
    drift_ignore: tuple[str, ...] = key(
        (), "texts", "changes by others that are no drift: `ADDRESS` or `ADDRESS.ATTRIBUTE`, with `*`"
    )


@dataclass(frozen=True, slots=True)
class Waive:
    """One `[waive.NAME]`: a breach of the policy on infrastructure that is allowed, for a reason, until a day."""

    rule: str = field(metadata=meta("text", "id of the rule, such as `open-port`"))
    resource: str = field(metadata=meta("text", "address it is allowed for; `*` stands for any text"))
    reason: str = field(metadata=meta("text", "why it is allowed"))
    until: str = field(metadata=meta("text", "last day of it, such as 2027-06-30"))


@dataclass(frozen=True, slots=True)
class StateSection:
    """`[state]`: where incidents and locks are kept."""

    dir: Path | None = key(None, "path", "default `$XDG_STATE_HOME/sco`, or `/var/lib/sco` for root")
