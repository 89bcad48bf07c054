"""Which part is to blame: ranked suspects with evidence, what was ruled out, and what was not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from smartcloudops.ask.entities import entity_of
from smartcloudops.ask.looks.list_incidents import entity as entity_of_incident
from smartcloudops.ask.looks.quoting import figures
from smartcloudops.ask.sheet import Cell, Row, Sheet
from smartcloudops.ask.tools import Result
from smartcloudops.ask.world import World
from smartcloudops.core.errors import DataError, UsageError
from smartcloudops.core.records import Evidence
from smartcloudops.core.text import printable
from smartcloudops.core.times import minute
from smartcloudops.explain.evidence import shown
from smartcloudops.explain.findings import MODES, Culprit, Explanation, document
from smartcloudops.metrics.series import parse_series_name
from smartcloudops.triage.why import Answer, Request, why

_SUSPECTS, _RULED_OUT, _LIMITS = 5, 6, 6
_EVIDENCE = 8
_REFS = ("usual", "worst")


def run(world: World, arguments: Mapping[str, Any]) -> Result:
    """Explain an incident, a symptom, or whatever stands out; nobody is accused where nothing does.

    Without logs: `send` decides on them alone, and search_logs shows them.
    """
    given = {name: str(arguments[name]) for name in ("incident", "series", "at", "since") if name in arguments}
    if "incident" in given and len(given) > 1:
        raise UsageError("an incident has its own series and time", hint="give `incident` alone, or `series` and `at`")
    if "at" in given and "since" in given:
        raise UsageError("`at` and `since` exclude each other", hint="`at`: it began then; `since`: look from then on")
    request = Request(
        given.get("incident"),
        given.get("series"),
        given.get("at"),
        path=world.path,
        since=given.get("since"),
        logs=False,
    )
    answer = why(world.config, request, now=world.clock())
    return _Told(answer, given, world.clock()).result()


@dataclass(frozen=True, slots=True)
class _Told:
    """One explanation as text, evidence and data."""

    answer: Answer
    given: Mapping[str, str]
    now: int

    @property
    def found(self) -> Explanation:
        return self.answer.explanation

    def result(self) -> Result:
        suspects = self.found.suspects[:_SUSPECTS]
        passed_on = list(_passed_on(suspects))[:_EVIDENCE]
        sheet = Sheet(
            self.head(),
            ("suspect", "share", "confidence", "since", "excess", "path"),
            [self.row(s) for s in suspects],
            [
                *(f"§{n} {name}: {printable(e.text)}" for n, (name, e) in enumerate(passed_on, 2)),
                *self.rest(),
            ],
        )
        evidence = (self.evidence(sheet), *(e for _, e in passed_on))
        return Result(sheet.text(), evidence, self.data())

    def head(self) -> str:
        found, incident = self.found, self.answer.incident
        told = f"incident {incident.id} of {entity_of_incident(incident)}: " if incident else ""
        if not found.suspects:
            return f"§1 {told}nothing stands out, so there is no suspect{self.symptom()}"
        return f"§1 {told}suspects by {MODES[found.mode]}{self.symptom()}"

    def symptom(self) -> str:
        s = self.found.symptom
        if s is None:
            return ""
        values = f"usually {shown(s.before, s.unit)}, {shown(s.after, s.unit)} at the worst"
        name = "the strangest" if not self.found.suspects and not self.given else "the symptom"
        return f"; {name} is {printable(s.series)}: {values}, {minute(s.at)} to {minute(s.end)}"

    def row(self, s: Culprit) -> Row:
        cells = {
            "suspect": Cell(s.entity),
            "share": Cell(round(100 * s.share, 1), "%"),
            "confidence": Cell(s.confidence),
            "since": Cell("" if s.onset is None else minute(s.onset)),
            "excess": Cell(s.excess, self.found.unit),
            "path": Cell(" > ".join(s.path)),
        }
        return Row(part_of(s.entity), cells)

    def rest(self) -> Iterator[str]:
        """What is left out, what was ruled out, what was not known."""
        left = len(self.found.suspects) - _SUSPECTS
        if left > 0:
            yield f"{left} more suspects have smaller shares"
        ruled_out = [f"{printable(r.entity)} ({printable(r.reason)})" for r in self.found.ruled_out[:_RULED_OUT]]
        if ruled_out:
            yield ("ruled out: " if self.found.suspects else "as near as it gets: ") + "; ".join(ruled_out)
        if self.found.limits:
            yield "not known: " + "; ".join(map(printable, self.found.limits[:_LIMITS]))

    def evidence(self, sheet: Sheet) -> Evidence:
        """The shares and the symptom's own values."""
        s, first = self.found.symptom, next((e for c in self.found.suspects for e in c.evidence), None)
        values = [
            {**v, "time": self.found.suspects[int(v["ref"].partition(".")[0]) - 1].onset} for v in sheet.values("")
        ]
        values = [{**v, "name": f"suspect {v['name']}"} for v in values]
        for n, r in enumerate(self.found.ruled_out[:_RULED_OUT], 1):
            values += figures(r.reason, entity=part_of(r.entity), name=self.ruled_by(r.entity), ref=f"0.out{n}_")
        if s is not None:
            name = metric_of(s.series)
            pairs = zip(_REFS, (s.before, s.after), strict=True)
            values += [_value(part_of(s.series), name, v, s.unit, f"0.{ref}") for ref, v in pairs if v is not None]
        asked = " ".join(f"{name}={value}" for name, value in self.given.items())
        return Evidence(
            id="",
            kind="metric",
            source=first.source if first else "",
            query=f"sco explain {asked}".strip(),
            start=s.at if s else None,
            end=s.end if s else None,
            ran_at=self.now,
            values=tuple(values),
            text=sheet.head.removeprefix("§1 "),
        )

    def ruled_by(self, entity: str) -> str:
        """The metric that a reason is about: that of the series, or of the symptom where a part is meant."""
        own = metric_of(entity)
        return own if own != entity or self.found.symptom is None else metric_of(self.found.symptom.series)

    def data(self) -> dict[str, Any]:
        """The command's document, with the host of each suspect and the incident's id."""
        said = document(self.found)
        for suspect in said["suspects"]:
            suspect["host"] = part_of(suspect["entity"])
        incident = self.answer.incident
        return said | {"incident": incident.id if incident else None}


def part_of(entity: str) -> str:
    """What a person calls it: the host of a series, a part by its own name.

    >>> part_of('cpu{instance="web-2:9100"}'), part_of("checkout")
    ('web-2', 'checkout')
    """
    labels = _labels(entity)
    return entity_of(labels, labels.get("__name__", entity))


def metric_of(series: str) -> str:
    """The metric's name."""
    return _labels(series).get("__name__", series)


def _labels(series: str) -> dict[str, str]:
    try:
        return parse_series_name(series)
    except DataError:
        return {}


def _passed_on(suspects: Sequence[Culprit]) -> Iterator[tuple[str, Evidence]]:
    """All evidence of the first suspect, the first of the others; without ids, under the names that people use."""
    for place, suspect in enumerate(suspects):
        for e in suspect.evidence if place == 0 else suspect.evidence[:1]:
            values = [_renamed(v, n) for n, v in enumerate(e.values) if v["value"] is not None]
            values += _apart(e, part_of(suspect.entity))
            yield part_of(suspect.entity), replace(e, id="", values=tuple(values))


def _apart(e: Evidence, entity: str) -> list[dict[str, Any]]:
    """How many deviations its text speaks of."""
    name = next((v["name"] for v in e.values), "")
    said = [f for f in figures(e.text, entity=entity, name=name, ref="1.deviations") if f["unit"] == "deviations"]
    return [{**f, "ref": "1.deviations"} for f in said[:1]]


def _renamed(value: Mapping[str, Any], place: int) -> dict[str, Any]:
    return {**value, "entity": part_of(value["entity"]), "ref": f"1.{_REFS[place] if place < len(_REFS) else place}"}


def _value(entity: str, name: str, value: float, unit: str, ref: str) -> dict[str, Any]:
    return {"entity": entity, "name": name, "value": value, "unit": unit, "time": None, "ref": ref}
