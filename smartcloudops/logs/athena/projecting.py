"""Where a table's records lie: the place, and partitions that Athena works out from the layout, none of them stored.

What stands in a folder beside the date (an account, a host) is injected: a statement names the ones that it wants,
so one that came after the table was made is searched too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from smartcloudops.core.errors import UsageError
from smartcloudops.core.text import printable
from smartcloudops.logs.athena.tables import Column, Table
from smartcloudops.logs.layouts.shape import Begin
from smartcloudops.logs.layouts.template import Token, Tokens

TIME = "part_time"
# No bucket is older: S3 began in March 2006.
_OLDEST = datetime(2006, 3, 1, tzinfo=UTC)
_JAVA = {"yyyy": "yyyy", "mm": "MM", "dd": "dd", "hh": "HH", "MM": "mm", "ss": "ss"}
_PYTHON = {"yyyy": "%Y", "mm": "%m", "dd": "%d", "hh": "%H", "MM": "%M", "ss": "%S"}
# Finer folders than these are left to the listing below an hour: each would be a partition.
_FINEST = {"yyyy": "YEARS", "mm": "MONTHS", "dd": "DAYS", "hh": "HOURS"}
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,127}")
_REGEX = "org.apache.hadoop.hive.serde2.RegexSerDe"
_TRAIL = "com.amazon.emr.hive.serde.CloudTrailSerde"
_TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
_TRAIL_INPUT = "com.amazon.emr.cloudtrail.CloudTrailInputFormat"
_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"


@dataclass(frozen=True, slots=True)
class Projection:
    """Where records lie. `names`: what a statement must say of each (part_host: host). `date`: the tokens of the
    folders that hold the date; `file`: those of the date in the file's own name, where that is all there is, and
    they stand at its start.
    """

    location: str
    template: str
    names: dict[str, str]
    date: tuple[Token, ...] = ()
    file: tuple[Token, ...] = ()

    @property
    def unit(self) -> str | None:
        """How long a partition is: YEARS to HOURS; None without partitions by date."""
        units = [token.text for token in self.date if token.unit]
        return _FINEST[max(units, key=list(_FINEST).index)] if units else None

    def written(self, ms: int) -> str:
        """The partition that holds a moment, as its column has it; the oldest there is for what came before S3."""
        moment = max(datetime.fromtimestamp(ms // 1000, UTC), _OLDEST)
        return _written(self.date, moment)

    def file_start(self, ms: int) -> str:
        """How the address of a file of that moment begins, where files hold the date."""
        return self.location + _written(self.file, max(datetime.fromtimestamp(ms // 1000, UTC), _OLDEST))


def _written(tokens: Sequence[Token], moment: datetime) -> str:
    return "".join(moment.strftime(_PYTHON[token.text]) if token.unit else token.text for token in tokens)


def projected(begin: Begin, address: str) -> Projection:
    """The projection of a layout whose keys begin at `begin` below `address` (s3://bucket/prefix)."""
    _check(address)
    location = address.rstrip("/") + "/"
    template, names = location, dict[str, str]()
    parts = begin.shape.template.parts[begin.at :]
    folders = parts if begin.shape.template.folder else parts[:-1]
    for at, part in enumerate(folders):
        if any(token.unit for token in part):
            literal, date = _date(folders[at:])
            whole = f"{template}{literal}${{{TIME}}}/" if date else template
            return Projection(location, whole, names, date)
        template += _folder(part, names)
    file = parts[-1] if not begin.shape.template.folder and not names else ()
    return Projection(location, template, names, file=_leading(file))


def _folder(part: Tokens, names: dict[str, str]) -> str:
    """A folder of names and text, as the template of locations has it."""
    text = ""
    for token in part:
        if token.name:
            names[f"part_{token.text.lower()}"] = token.text
            text += f"${{part_{token.text.lower()}}}"
        else:
            text += token.text
    return text + "/"


def _date(folders: Sequence[Tokens]) -> tuple[str, tuple[Token, ...]]:
    """The text before a date, and the date itself over as many folders as hold nothing else, down to the hour."""
    tokens: list[Token] = []
    for part in folders:
        units = [token.text for token in part if token.unit]
        if any(token.name for token in part) or not units or not set(units) <= set(_FINEST):
            break
        tokens += [Token("/"), *part] if tokens else list(part)
    lead = next((i for i, token in enumerate(tokens) if token.unit), 0)
    return "".join(token.text for token in tokens[:lead]), tuple(tokens[lead:])


def _leading(part: Tokens) -> tuple[Token, ...]:
    """The date in a file's name, if the name begins with it or with text that is always the same."""
    end = next((i for i, token in enumerate(part) if token.name), len(part))
    known = part[:end]
    return tuple(known) if any(token.unit for token in known) else ()


def _check(address: str) -> None:
    if not address.startswith("s3://"):
        raise UsageError(f"Athena reads S3 only, not {printable(address)}", hint="sco logs search does")
    if set("${}'\\`") & set(address):
        raise UsageError(
            f"{printable(address)}: a quote, a backslash, a dollar sign or a brace in it means something to Athena",
            hint="sco logs search reads it",
        )


def format_of(date: Sequence[Token]) -> str:
    """The date as Java writes it, text between its parts quoted.

    >>> from smartcloudops.logs.layouts.template import parse
    >>> format_of(_date(parse("dt={yyyy}-{mm}-{dd}/hour={hh}/").parts)[1])
    "yyyy-MM-dd/'hour='HH"
    """
    return "".join(
        _JAVA[t.text] if t.unit else f"'{t.text}'" if any(c.isalpha() for c in t.text) else t.text for t in date
    )


def table_name(asked: str | None, source: str, layout: str, table: Table, place: Projection) -> tuple[str, str]:
    """Database and table: those that were asked for, else made of what the table is, so that it means one thing only.

    >>> table_name("ops.web", "", "alb", Table(), Projection("s3://b/", "", {}))
    ('ops', 'web')
    """
    if asked:
        database, dot, name = asked.partition(".")
        if not dot or not (_NAME.fullmatch(database) and _NAME.fullmatch(name)):
            hint = "write it as database.table, in small letters, digits and underscores"
            raise UsageError(f"table '{printable(asked)}' is no name that Athena takes", hint=hint)
        return database, name
    digest = sha256(create("", "", table, place).encode()).hexdigest()[:8]
    words = re.sub(r"[^a-z0-9]+", "_", f"{source.removeprefix('s3://')}_{layout}".lower()).strip("_")
    return "default", f"sco_{words[:80]}_{digest}"


def create(database: str, name: str, table: Table, place: Projection) -> str:
    """The statement that makes the table; it may run again and again."""
    line = () if table.serde == "cloudtrail" else (Column("line"),)
    columns = ",\n".join(f"  `{column.name}` {column.type}" for column in (*line, *table.columns))
    keys = [*place.names, *([TIME] if place.date else [])]
    parts = [
        f"CREATE EXTERNAL TABLE IF NOT EXISTS `{database}`.`{name}` (\n{columns}\n)",
        f"PARTITIONED BY ({', '.join(f'`{key}` string' for key in keys)})" if keys else "",
        _reader(table),
        f"LOCATION {_text(place.location)}",
        f"TBLPROPERTIES (\n{_properties(table, place)}\n)" if keys or table.header else "",
    ]
    return "\n".join(part for part in parts if part)


def _reader(table: Table) -> str:
    if table.serde == "cloudtrail":
        return f"ROW FORMAT SERDE '{_TRAIL}'\nSTORED AS INPUTFORMAT '{_TRAIL_INPUT}'\nOUTPUTFORMAT '{_OUTPUT}'"
    # What is not of the format has its line all the same, and no fields.
    pattern = f"({table.pattern}|.*)" if table.pattern else "(.*)"
    return (
        f"ROW FORMAT SERDE '{_REGEX}'\nWITH SERDEPROPERTIES (\n  'serialization.format' = '1',\n"
        f"  'input.regex' = {_text(pattern)}\n)\nSTORED AS INPUTFORMAT '{_TEXT_INPUT}'\nOUTPUTFORMAT '{_OUTPUT}'"
    )


def _properties(table: Table, place: Projection) -> str:
    properties: dict[str, str] = {}
    if table.header:
        properties["skip.header.line.count"] = str(table.header)
    if place.names or place.date:
        properties["projection.enabled"] = "true"
    for key in place.names:
        properties[f"projection.{key}.type"] = "injected"
    if place.date:
        properties |= {
            f"projection.{TIME}.type": "date",
            f"projection.{TIME}.format": format_of(place.date),
            f"projection.{TIME}.range": f"{_written(place.date, _OLDEST)},NOW+1{place.unit}",
            f"projection.{TIME}.interval": "1",
            f"projection.{TIME}.interval.unit": str(place.unit),
        }
    if place.names or place.date:
        properties["storage.location.template"] = place.template
    return ",\n".join(f"  '{key}' = {_text(value)}" for key, value in properties.items())


def _text(value: str) -> str:
    r"""Text as a statement of Hive holds it.

    >>> _text(r"[^\t]'")
    "'[^\\\\t]\\''"
    """
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
