"""A stretch of time as one HTML page: incidents and what their series did, the model, the runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from smartcloudops.anomaly.pointer import learnt_at
from smartcloudops.anomaly.store import Stored
from smartcloudops.cli.render.clock import moment, span
from smartcloudops.cli.render.page import figure, text
from smartcloudops.cli.render.page import page as shell
from smartcloudops.cli.render.panels import chart
from smartcloudops.cli.render.training import compared, count
from smartcloudops.core.errors import MEANING, Status
from smartcloudops.core.records import Incident, Suspect
from smartcloudops.core.runs import Kind, Run
from smartcloudops.core.times import MINUTE, SECOND, format_duration
from smartcloudops.doctor.standing import how
from smartcloudops.triage.panels import Panel
from smartcloudops.triage.review import KINDS, SHOWN, Labels, Review

_NONE = "–"
_LONG = ("last", "it ended")
_LABELS = {True: "real", False: "false alarm", None: ""}


def page(review: Review, *, now: int) -> str:
    """The whole page; nothing in it comes from elsewhere."""
    name = f"{moment(_minute(review.since))} to {moment(_minute(review.until))}"
    body = [
        "<h1>Report</h1>",
        f'<p class="soft">{text(name)}{_of(review)}; made {moment(_minute(now))}</p>',
        "".join(f'<p class="note">{text(note)}</p>' for note in review.notes),
        _tiles(review, now),
        "<h2>Incidents</h2>",
        *_incidents(review),
        "<h2>Model</h2>",
        *_model(review, now),
        "<h2>Runs</h2>",
        *_runs(review),
    ]
    return shell(f"Report, {name}", body)


def _of(review: Review) -> str:
    """Where the metrics come from."""
    _, _, where = review.source.partition(" ")
    return f" · <code>{text(where)}</code>" if where else ""


def _minute(ms: int) -> int:
    return ms // MINUTE * MINUTE


def _tiles(review: Review, now: int) -> str:
    found = review.incidents
    detected = review.runs.get("detect", ())
    failed = sum(how(run) in ("failed", "died") for runs in review.runs.values() for run in runs)
    tiles = [
        ("open now", str(sum(i.end is None for i in found)), any(i.end is None for i in found)),
        ("incidents", str(len(found)), False),
        ("critical", str(sum(i.severity == "critical" for i in found)), False),
        ("false alarms", str(sum(i.label is False for i in found)), False),
        ("runs of detect", str(len(detected)), False),
        ("failed runs", str(failed), failed > 0),
        ("model's age", _age(review.model, now), False),
    ]
    cells = (f'<div class="{"bad" if bad else "fine"}"><dt>{n}</dt><dd>{text(v)}</dd></div>' for n, v, bad in tiles)
    return f'<dl class="tiles">{"".join(cells)}</dl>'


def _age(model: Stored | None, now: int) -> str:
    if model is None:
        return _NONE
    age = now - learnt_at(model.version)
    return format_duration(age // MINUTE * MINUTE) if age >= MINUTE else "under 1m"


def _incidents(review: Review) -> Iterator[str]:
    if not review.incidents:
        yield '<p class="calm">No incident in this time.</p>'
        return
    for incident in review.incidents[:SHOWN]:
        events = review.events.get(incident.id, ())
        yield _card(incident, events, review.panels.get(incident.id, ()), review.until)
    if len(review.incidents) > SHOWN:
        every = len(review.incidents)
        yield f"<p>and {every - SHOWN} more: <code>sco incidents list -n {every}</code></p>"


def _card(incident: Incident, events: Sequence[tuple[str, int]], panels: Sequence[Panel], until: int) -> str:
    """One incident: what, since when, whose fault it looks like, what was done about it, the charts."""
    over = incident.end is not None
    state = "over" if over else "open"
    marks = [incident.severity, state]
    marks += ["acknowledged"] if incident.acked is not None else []
    marks += [_LABELS[incident.label]] if incident.label is not None else []
    badges = "".join(f'<span class="badge b-{mark.replace(" ", "-")}">{mark}</span>' for mark in marks)
    last = incident.end if incident.end is not None else incident.last
    when = f"{moment(incident.start)} to {moment(last)}, {span(incident.start, last)}"
    if not over:
        when = f"since {moment(incident.start)}, last strange {moment(incident.last)}"
    note = f'<p class="said">{text(incident.note)}</p>' if incident.note else ""
    entity = f'<span class="entity">{text(incident.group)}</span>'
    timeline = " · ".join(f"{kind} {moment(at // SECOND * SECOND)}" for kind, at in events)
    return (
        f'<article class="incident {state} {incident.severity}"><h3>{entity}{badges}</h3>'
        f'<p class="soft">{when} · score {incident.peak:.2f} · <code>{text(incident.id)}</code></p>{note}'
        f"{_suspects(incident.suspects)}{''.join(figure(chart(panel)) for panel in panels)}"
        f'<p class="soft timeline">{text(timeline)}</p></article>'
    )


def _suspects(suspects: Sequence[Suspect]) -> str:
    rows = (
        f'<li><span class="share"><span style="width:{100 * min(max(s.share, 0), 1):.0f}%"></span></span>'
        f"<b>{s.share:.0%}</b> <code>{text(s.series)}</code> {text(s.reason)}</li>"
        for s in suspects
    )
    return f'<ol class="suspects">{"".join(rows)}</ol>' if suspects else ""


def _model(review: Review, now: int) -> Iterator[str]:
    """The model in use as its manifest has it, then how people labelled what models found."""
    if review.model is None:
        yield '<p class="calm">There is no model in use yet: <code>sco train</code></p>'
    else:
        yield _facts(_about(review.model, now))
    if review.labels:
        columns = ("model of the incidents", "incidents", "real", "false alarms", "not labelled", "false of labelled")
        yield _table(columns, [_labelled(one) for one in review.labels])
        yield '<p class="soft">Say which were real: <code>sco incidents label ID true|false</code></p>'


def _about(model: Stored, now: int) -> list[tuple[str, str]]:
    manifest, groups = model.manifest, model.groups()
    window = manifest["window"]
    rows = [
        ("in use", model.version),
        ("age", _age(model, now)),
        ("learnt from", f"{window.get('start', '')} to {window.get('end', '')}, every {_step(window)}"),
        ("knows", f"{sum(len(g.names) for g in groups)} series of {count(len(groups), 'entity', 'entities')}"),
        ("detectors", ", ".join(map(str, manifest["detectors"]))),
        ("left out", count(len(manifest["skipped"]), "series", "series")),
    ]
    decision = manifest.get("comparison")
    if isinstance(decision, dict):
        rows.append(("promotion", str(decision.get("reason", ""))))
        if decision.get("comparison"):
            rows.append(("compared", compared(decision["comparison"])))
    return rows


def _step(window: Mapping[str, Any]) -> str:
    return format_duration(window["step_ms"]) if window.get("step_ms") else _NONE


def _labelled(one: Labels) -> tuple[str, ...]:
    known = one.real + one.false
    share = f"{one.false / known:.0%}" if known else _NONE
    counts = (one.incidents, one.real, one.false, one.incidents - known)
    return (one.model or "unknown", *map(str, counts), share)


def _runs(review: Review) -> Iterator[str]:
    rows = [_kind(kind, review.runs.get(kind, ())) for kind in KINDS if review.runs.get(kind)]
    if not rows:
        yield '<p class="calm">No run of <code>sco train</code> or <code>sco detect</code> in this time.</p>'
        return
    yield _table(("runs", "number", "done", "partly", "failed", "took (median)", "last", "it ended"), rows)


def _kind(kind: Kind, runs: Sequence[Run]) -> tuple[str, ...]:
    took = [run.ended - run.started for run in runs if run.ended is not None]
    partly = sum(run.status == Status.PARTIAL for run in runs)
    failed = sum(how(run) in ("failed", "died") for run in runs)
    counts = (len(runs), len(runs) - partly - failed, partly, failed)
    usual = _about_so_long(median(took)) if took else _NONE
    return (kind, *map(str, counts), usual, moment(runs[0].started // SECOND * SECOND), _ended(runs[0]))


def _about_so_long(ms: float) -> str:
    return format_duration(round(ms / SECOND) * SECOND if ms >= SECOND else round(ms))


def _ended(run: Run) -> str:
    if run.status is None:
        return how(run)
    return str(run.facts.get("error") or MEANING[Status(run.status)])


def _facts(rows: Sequence[tuple[str, str]]) -> str:
    return f'<dl class="facts">{"".join(f"<dt>{text(n)}</dt><dd>{text(v)}</dd>" for n, v in rows)}</dl>'


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose cells carry their column's name, which a narrow page shows instead of the head."""
    head = "".join(f'<th scope="col">{text(column)}</th>' for column in columns)
    body = "".join(f"<tr>{_row(columns, row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _row(columns: Sequence[str], cells: Sequence[str]) -> str:
    first, *rest = cells
    out = [f"<td>{text(first)}</td>"]
    for column, cell in zip(columns[1:], rest, strict=True):
        kind = ' class="long"' if column in _LONG else ""
        out.append(f'<td{kind} data-name="{text(column)}">{text(cell)}</td>')
    return "".join(out)
