"""The figures inside a sentence that another part of sco wrote, as evidence has them."""

from __future__ import annotations

import re
from typing import Any

from smartcloudops.ask.grounding.spoken import Spoken, spoken

_NUMBER = re.compile(r"[-+−]?[\d.,]+(?:[eE][-+]?\d+)?\s*")
_MULTIPLE = re.compile(r"(?:[kKMG]|thousand|million|billion)(?:\s+|$|(?=req|ops|/))")


def figures(text: str, *, entity: str, name: str, ref: str, time: int | None = None) -> list[dict[str, Any]]:
    """Each number of the text with its unit; `ref` of the first, `ref` and 2 of the second, and so on.

    >>> found = figures("97.0%, usually 1.50 KiB/s", entity="web-2", name="cpu", ref="1.why")
    >>> [(one["value"], one["unit"], one["ref"]) for one in found]
    [(97.0, '%', '1.why'), (1.5, 'KiB/s', '1.why2')]
    """
    claims = [claim for claim in spoken(text) if claim.kind == "number"]
    return [
        {
            "entity": entity,
            "name": name,
            "value": claim.value,
            "unit": _unit(text, claim),
            "time": time,
            "ref": ref if number == 1 else f"{ref}{number}",
        }
        for number, claim in enumerate(claims, 1)
    ]


def _unit(text: str, claim: Spoken) -> str:
    if claim.unit is None:
        return ""
    return _MULTIPLE.sub("", _NUMBER.sub("", text[claim.start : claim.end], count=1), count=1).strip()
