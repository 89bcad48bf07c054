"""Arithmetic on figures that other calls found, so that a difference or a ratio rests on what was looked at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from smartcloudops.ask.grounding.units import unit as unit_of
from smartcloudops.ask.looks.arithmetic import MOST_CHARACTERS, Term, evaluate
from smartcloudops.ask.tools import Result
from smartcloudops.ask.world import World
from smartcloudops.core.errors import UsageError
from smartcloudops.core.quantities import quantity
from smartcloudops.core.records import Evidence
from smartcloudops.core.text import printable

_REFERENCE = re.compile(r"(?<![\w.])E\d+(?:\.\w+)+")
_BASES = {"time": "s", "bytes": "bytes", "bytes/s": "bytes/s", "rate": "/s"}
_MOST_ENTITIES = 3
_NAMED = 5


def run(world: World, arguments: Mapping[str, Any]) -> Result:
    """Look the references up, calculate, and say it with the values filled in."""
    expression = str(arguments["expression"]).strip()
    if len(expression) > MOST_CHARACTERS:
        raise UsageError(f"the expression is longer than {MOST_CHARACTERS} characters", hint="calculate it in parts")
    found = _operands(world, expression)
    names = {reference: f"r{number}" for number, reference in enumerate(found)}
    terms = {names[reference]: term for reference, term in _terms(found).items()}
    plain = _REFERENCE.sub(lambda m: names[m[0]], expression)
    term = evaluate(plain, terms)
    _depends(plain, terms, term)
    return _result(world, arguments, found, expression, _in_unit(term, str(arguments.get("unit", "")), expression))


def _operands(world: World, expression: str) -> dict[str, Mapping[str, Any]]:
    known = {
        f"{evidence.id}.{value['ref']}": value
        for answer in list(world.answered)
        for evidence in answer.evidence
        for value in evidence.values
        if "ref" in value and isinstance(value.get("value"), int | float)
    }
    asked = dict.fromkeys(_REFERENCE.findall(expression))
    if not asked:
        hint = _near("", known)
        raise UsageError(f"the expression names no result; numbers alone prove nothing: `{expression[:60]}`", hint=hint)
    for reference in asked:
        if reference not in known:
            raise UsageError(f"there is no result `{reference[:60]}`", hint=_near(reference, known))
    return {reference: known[reference] for reference in asked}


def _near(reference: str, known: Mapping[str, Any]) -> str:
    """The nearest name that exists, or some."""
    close = get_close_matches(reference, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean `{close[0]}`? A result is called by evidence, row and column"
    return f"there are, for example: {', '.join(list(known)[:_NAMED])}" if known else "look at something first"


def _terms(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Term]:
    """Values with their units; brought to one base where the same thing comes in several units."""
    units = {str(value.get("unit") or "") for value in found.values()}
    dims = [unit_of(name).dim for name in units if name]
    mixed = {dim for dim in dims if dims.count(dim) > 1 and dim in _BASES}
    terms = {}
    for reference, value in found.items():
        named = str(value.get("unit") or "")
        measured = unit_of(named)
        if named and measured.dim in mixed:
            terms[reference] = Term(float(value["value"]) * measured.scales[0], _BASES[measured.dim])
        else:
            terms[reference] = Term(float(value["value"]), named)
    return terms


def _depends(plain: str, terms: Mapping[str, Term], term: Term) -> None:
    """A result that is the same whatever was found is no finding."""
    for factor in (1.5, 0.3, 40.0):
        moved = {
            name: Term(one.value * factor ** (1 + place) + 0.001, one.unit)
            for place, (name, one) in enumerate(terms.items())
        }
        try:
            if evaluate(plain, moved).value != term.value:
                return
        except UsageError:
            return
    raise UsageError("the result does not depend on any result named in it", hint="calculate with what was found")


def _in_unit(term: Term, wanted: str, expression: str) -> Term:
    """In the unit that is asked for: a ratio in percent, a time in hours."""
    wanted = "%" if wanted.strip().lower() in ("percent", "%") else wanted.strip()
    if not wanted or wanted == term.unit:
        return term
    if wanted == "%" and term.ratio:
        scale = 1.0 if re.search(r"(?<![\w.])100(?:\.0*)?(?![\w.])", expression) else 100.0
        return Term(term.value * scale, "%")
    own, other = unit_of(term.unit), unit_of(wanted)
    if term.unit and own.dim != other.dim:
        raise UsageError(f"a result in {term.unit} cannot be said in {wanted}", hint="leave `unit` out")
    if term.unit and own.dim != "plain":
        return Term(term.value * own.scales[0] / other.scales[0], wanted)
    return Term(term.value, wanted)


def _result(
    world: World, arguments: Mapping[str, Any], found: Mapping[str, Mapping[str, Any]], expression: str, term: Term
) -> Result:
    filled = _REFERENCE.sub(lambda m: _shown(found[m[0]]), expression)
    names = dict.fromkeys(str(value.get("name") or "") for value in found.values())
    about = printable(str(arguments.get("about", "")).strip())[:200]
    entities = list(dict.fromkeys(str(value.get("entity") or "") for value in found.values()))
    entity = ", ".join(entities) if len(entities) <= _MOST_ENTITIES else ""
    value = {"entity": entity, "name": about or f"calculated from {', '.join(names)}", "value": term.value}
    value |= {"unit": term.unit, "time": None, "ref": "1.value"}
    now = world.clock()
    text = f"{about or 'calculated'}: {filled} = {quantity(term.value, term.unit)}"
    evidence = Evidence("", "metric", "calculate", filled, None, None, now, (value,), "")
    data = {"expression": expression, "value": term.value, "unit": term.unit, "entity": entity, "about": about}
    return Result(f"§1 {text}\n§1.1.value is its name", (evidence,), data)


def _shown(value: Mapping[str, Any]) -> str:
    return quantity(float(value["value"]), str(value.get("unit") or ""))
