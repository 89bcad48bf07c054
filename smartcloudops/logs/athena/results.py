"""Athena's rows as hits, as a search would give them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from smartcloudops.core.errors import ScoError
from smartcloudops.core.times import parse_time
from smartcloudops.logs.athena.selecting import LINE, MOMENT, OBJECT
from smartcloudops.logs.athena.tables import Column, Table
from smartcloudops.logs.objects import Event, Hit

# Athena does not tell where in its object a record lies.
NO_OFFSET = -1


def hit_of(row: Mapping[str, str | None], table: Table, location: str) -> Hit:
    """The hit of a row; its key is relative to the place of the table."""
    line = row.get(LINE) or ""
    key = (row.get(OBJECT) or "").removeprefix(location)
    fields = _fields(row, table) if table.columns else _document(line)
    return Hit(key, NO_OFFSET, line.encode("utf-8", "replace"), Event(_moment(row.get(MOMENT)), fields))


def _moment(text: str | None) -> int | None:
    if not text:
        return None
    try:
        return parse_time(text, now=0)
    except ScoError:
        return None


def _fields(row: Mapping[str, str | None], table: Table) -> dict[str, Any]:
    found = ((column, row.get(column.name)) for column in table.columns)
    return {column.name: _value(column, text) for column, text in found if text is not None}


def _value(column: Column, text: str) -> Any:
    if column.is_nested:
        return _json(text)
    if column.is_number:
        try:
            return float(text) if column.type == "double" else int(text)
        except ValueError:
            return text
    return text


def _document(line: str) -> dict[str, Any]:
    """The fields of a line that is a JSON object; none of any other."""
    found = _json(line) if line.startswith("{") else None
    return found if isinstance(found, dict) else {}


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
