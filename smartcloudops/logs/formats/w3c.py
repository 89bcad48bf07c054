"""W3C extended logs: CloudFront and IIS, whose columns `#Fields:` names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from smartcloudops.logs.formats import Framing, Hint, LineReader
from smartcloudops.logs.formats.columns import Fields, whole
from smartcloudops.logs.formats.framing import LINES
from smartcloudops.logs.formats.likeness import share
from smartcloudops.logs.formats.stamps import Stamps
from smartcloudops.logs.objects import Event

_CLOUDFRONT = (
    "date time x_edge_location sc_bytes c_ip cs_method cs_host cs_uri_stem sc_status cs_referer cs_user_agent"
    " cs_uri_query cs_cookie x_edge_result_type x_edge_request_id x_host_header cs_protocol cs_bytes time_taken"
    " x_forwarded_for ssl_protocol ssl_cipher x_edge_response_result_type cs_protocol_version fle_status"
    " fle_encrypted_fields c_port time_to_first_byte x_edge_detailed_result_type sc_content_type sc_content_len"
    " sc_range_start sc_range_end"
)
_IIS = (
    "date time s_ip cs_method cs_uri_stem cs_uri_query s_port cs_username c_ip cs_user_agent cs_referer sc_status"
    " sc_substatus sc_win32_status time_taken"
)
_ALIKE = {"sc_status": "status", "cs_method": "method", "cs_uri_stem": "path"}
_NUMBERS = (
    "sc_status sc_bytes cs_bytes c_port s_port sc_substatus sc_win32_status sc_content_len sc_range_start sc_range_end"
)
_FIELDS = re.compile(rb"^#Fields:[ \t]*([^\r\n]+)", re.MULTILINE)
_LINE = re.compile(rb"\d{4}-\d\d-\d\d\t\d\d:\d\d:\d\d\t[^\t]+\t")


@dataclass(frozen=True, slots=True)
class W3C:
    """Names are in lower case, with underscores: `cs(User-Agent)` is `cs_user_agent`.

    >>> event = CLOUDFRONT.open(CLOUDFRONT.example, Hint()).read(CLOUDFRONT.example)
    >>> event.time, event.fields["sc_status"], event.fields["x_edge_location"], event.fields["path"]
    (1795168800000, 503, 'FRA56-C1', '/cart')
    """

    name: str
    about: str
    example: bytes
    default: str
    tabs: bool

    def likeness(self, lines: list[bytes]) -> float:
        """All of it with a header of its kind; for CloudFront, the share of lines with tabs behind date and time."""
        header = next(filter(None, map(_FIELDS.match, lines)), None)
        if header is not None:
            return float((b"x-edge-" in header[1]) == self.tabs)
        return share(lines, _LINE.match) if self.tabs else 0.0

    def open(self, head: bytes, hint: Hint) -> LineReader:
        """A reader of the columns that the head names."""
        header = _FIELDS.search(head)
        names = map(_plain, header[1].decode("utf-8", "replace").split()) if header else self.default.split()
        return _Reader(tuple(names), Stamps(hint))


class _Reader:
    __slots__ = ("_alike", "_clock", "_ints", "_names", "_stamps", "framing")

    def __init__(self, names: tuple[str, ...], stamps: Stamps) -> None:
        self.framing: Framing = LINES
        self._names, self._stamps = names, stamps
        self._ints = tuple(name for name in names if name in _NUMBERS.split())
        self._alike = tuple((name, other) for name, other in _ALIKE.items() if name in names)

    def read(self, record: bytes) -> Event | None:
        text = record.decode("utf-8", "replace")
        values = text.split("\t") if "\t" in text else text.split(" ")
        if len(values) != len(self._names) or text[:1] == "#":
            return None
        named = zip(self._names, values, strict=True)
        fields: Fields = {name: None if value == "-" else value for name, value in named}
        for name in self._ints:
            fields[name] = whole(fields[name])
        for name, other in self._alike:
            fields[other] = fields[name]
        return Event(self._stamps(f"{fields.get('date') or ''} {fields.get('time') or ''}"), fields)


@lru_cache(maxsize=256)
def _plain(name: str) -> str:
    return "_".join(re.sub(r"[^0-9A-Za-z]+", " ", name).lower().split()) or name


CLOUDFRONT = W3C(
    "cloudfront",
    "AWS CloudFront, by its `#Fields:` or the standard ones; also `status`, `method`, `path`",
    b"2026-11-20\t10:00:00\tFRA56-C1\t2390\t192.0.2.7\tGET\td111111abcdef8.cloudfront.net\t/cart\t503\t-\tcurl/8.5.0\tq=1"
    b"\t-\tError\tSOX4xwn4XV6Q4rgb7XiVGOHms_BGlTAC4KyHmureZmBNrjGdRLiNIQ==\tshop.example\thttps\t23\t0.001\t-\tTLSv1.3"
    b"\tTLS_AES_128_GCM_SHA256\tError\tHTTP/2.0\t-\t-\t11040\t0.001\tOriginError\ttext/html\t78\t-\t-",
    _CLOUDFRONT,
    tabs=True,
)
IIS = W3C(
    "iis",
    "IIS and other W3C extended logs, by their `#Fields:`; also `status`, `method`, `path`",
    b"2026-11-20 10:00:00 10.0.0.1 GET /cart q=1 443 - 192.0.2.7 curl/8.5.0 - 503 0 0 46",
    _IIS,
    tabs=False,
)
