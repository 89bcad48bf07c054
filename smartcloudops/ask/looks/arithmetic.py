"""Arithmetic as text, evaluated on floats with units; nothing else of Python can be said in it."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from smartcloudops.core.errors import UsageError

MOST_CHARACTERS = 1_000
_MOST_NODES, _DEEPEST, _LARGEST_POWER = 300, 40, 64
_HINT = "numbers, names such as E2.1.max, + - * / ** ( ) and min max abs round sum mean"


@dataclass(frozen=True, slots=True)
class Term:
    """A value in a unit; `ratio`: units cancelled out."""

    value: float
    unit: str = ""
    ratio: bool = False


_ADDING: dict[type[ast.operator], Callable[[float, float], float]] = {ast.Add: operator.add, ast.Sub: operator.sub}
_SCALING: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_SIGNS: dict[type[ast.unaryop], Callable[[float], float]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
_FUNCTIONS: dict[str, Callable[[Sequence[float]], float]] = {
    "min": min,
    "max": max,
    "abs": lambda values: abs(values[0]),
    "sum": sum,
    "mean": lambda values: sum(values) / len(values),
}


def evaluate(expression: str, names: Mapping[str, Term]) -> Term:
    """The result; UsageError says what cannot be understood or calculated.

    >>> evaluate("(a - b) / b", {"a": Term(3.0, "s"), "b": Term(2.0, "s")})
    Term(value=0.5, unit='', ratio=True)
    """
    if len(expression) > MOST_CHARACTERS:
        raise UsageError(f"the expression is longer than {MOST_CHARACTERS} characters", hint="calculate it in parts")
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as e:
        raise UsageError(f"`{expression[:60]}` is no expression that can be read", hint=_HINT) from e
    _bounded(tree)
    try:
        found = _term(tree.body, names)
    except ZeroDivisionError as e:
        raise UsageError(f"`{expression[:60]}` divides by zero") from e
    except OverflowError as e:
        raise UsageError(f"`{expression[:60]}` is too large to calculate") from e
    if not math.isfinite(found.value):
        raise UsageError(f"`{expression[:60]}` has no finite result")
    return found


def _bounded(tree: ast.Expression) -> None:
    """Neither large nor deep, seen without recursion."""
    nodes, level, depth = 0, [tree.body], 0
    while level:
        nodes, depth = nodes + len(level), depth + 1
        if nodes > _MOST_NODES or depth > _DEEPEST:
            raise UsageError("the expression is too long or too deeply nested", hint="calculate it in parts")
        level = [c for node in level for c in ast.iter_child_nodes(node) if isinstance(c, ast.expr)]


def _term(node: ast.expr, names: Mapping[str, Term]) -> Term:
    if isinstance(node, ast.Constant):
        return _constant(node)
    if isinstance(node, ast.Name):
        if node.id not in names:
            raise UsageError(f"`{node.id[:60]}` names nothing", hint=_HINT)
        return names[node.id]
    if isinstance(node, ast.UnaryOp) and type(node.op) in _SIGNS:
        one = _term(node.operand, names)
        return Term(_SIGNS[type(node.op)](one.value), one.unit, one.ratio)
    if isinstance(node, ast.BinOp):
        return _operated(type(node.op), _term(node.left, names), _term(node.right, names))
    if isinstance(node, ast.Call):
        return _called(node, names)
    raise UsageError(f"{type(node).__name__.lower()} is nothing to calculate with", hint=_HINT)


def _constant(node: ast.Constant) -> Term:
    if isinstance(node.value, bool) or not isinstance(node.value, int | float):
        raise UsageError(f"{type(node.value).__name__} is nothing to calculate with", hint=_HINT)
    return Term(float(node.value))


def _operated(op: type[ast.operator], a: Term, b: Term) -> Term:
    if op in _ADDING:
        return Term(_ADDING[op](a.value, b.value), _joined([a, b]), a.ratio or b.ratio)
    if op not in _SCALING:
        raise UsageError(f"{op.__name__.lower()} is nothing to calculate with", hint=_HINT)
    if op is ast.Pow:
        return _powered(a, b)
    value = _SCALING[op](a.value, b.value)
    ratio = a.ratio or b.ratio
    if op is ast.Div and b.unit:
        # Bytes by bytes a second are seconds; what else does not cancel out has no name.
        lasting = "s" if b.unit in (f"{a.unit}/s", f"{a.unit.removesuffix('ytes')}/s") and a.unit else ""
        return Term(value, lasting, ratio or a.unit == b.unit)
    return Term(value, a.unit or b.unit if not (a.unit and b.unit) else "", ratio)


def _powered(a: Term, b: Term) -> Term:
    if abs(b.value) > _LARGEST_POWER:
        raise UsageError(f"a power may be at most {_LARGEST_POWER}")
    if a.value < 0 and b.value != int(b.value):
        raise UsageError("a root of a negative number is none")
    return Term(a.value**b.value, a.unit if b.value == 1 else "", a.ratio)


def _called(node: ast.Call, names: Mapping[str, Term]) -> Term:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name not in (*_FUNCTIONS, "round") or node.keywords or not node.args:
        raise UsageError(f"`{name or 'that'}` cannot be called", hint=_HINT)
    terms = [_term(arg, names) for arg in node.args]
    ratio = any(term.ratio for term in terms)
    if name == "round":
        digits = int(terms[1].value) if len(terms) == 2 else 0
        if len(terms) > 2 or abs(digits) > 12:
            raise UsageError("`round` takes a number and digits, at most 12")
        return Term(round(terms[0].value, digits), terms[0].unit, ratio)
    if name == "abs" and len(terms) > 1:
        raise UsageError("`abs` takes one number")
    return Term(float(_FUNCTIONS[name]([term.value for term in terms])), _joined(terms), ratio)


def _joined(terms: Sequence[Term]) -> str:
    """The unit of what is added or compared; numbers alone take that of the rest."""
    units = dict.fromkeys(term.unit for term in terms if term.unit)
    if len(units) > 1:
        raise UsageError(f"{' and '.join(units)} cannot be added or compared", hint="bring them to one unit first")
    return next(iter(units), "")
