"""How keys hold dates: what a key says of the time of its records, and where in a source a window of time lies.

1. `units`     parts of a date, and the span of time that some of them name
2. `template`  what users write, as `{host}/dt={yyyy}-{mm}-{dd}/`, taken apart and checked
3. `shape`     a template and how far records may be from the time that it gives
4. `layout`    one or several shapes: `span` and `names` of a key, `prefixes` of a window
5. `known`     what AWS services write, and our own
6. `guessing`  a layout from a sample of keys, or none
7. `walking`   a window -> stretches of keys, by listing folders and no more of them than needed

The rule of all: a date may only rule out what cannot hold a record of the window. Names carry the end of an interval,
a time of delivery, an hour that is late by a day: each shape says by how much, and spans are widened by it. What has no
date is never left out.
"""

from __future__ import annotations

from smartcloudops.logs.layouts import template
from smartcloudops.logs.layouts.guessing import guess, known
from smartcloudops.logs.layouts.known import KNOWN
from smartcloudops.logs.layouts.layout import Layout
from smartcloudops.logs.layouts.shape import Begin, Shape, Span

__all__ = ["KNOWN", "Layout", "Span", "guess", "parse"]


def parse(text: str) -> Layout:
    """The layout of a known name, or of a template; UsageError says what is wrong with it.

    >>> parse("{yyyy}/{mm}/{dd}/").span("1970/01/01/x.log")
    (0, 86400000)
    """
    name = text.strip()
    if name in KNOWN:
        return known(name)
    if "{" not in name and "}" not in name:
        from smartcloudops.core.errors import UsageError
        from smartcloudops.core.registry import nearest
        from smartcloudops.core.text import printable

        hint = f"{nearest(name, KNOWN)}; or a template such as {{yyyy}}/{{mm}}/{{dd}}/"
        raise UsageError(f"no layout named '{printable(name)}'", hint=hint)
    return Layout(name, (Begin(Shape(template.parse(name))),))
