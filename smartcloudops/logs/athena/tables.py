"""How Athena reads the records of known layouts: columns as AWS documents them (July 2026), after the whole line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Serde = Literal["regex", "cloudtrail"]

_WORD = "([^ ]*)"
_QUOTED = '"([^"]*)"'
_MAYBE = '("[^"]*"|-)'
_CELL = r"([^\t]*)"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name and its type in Hive's words."""

    name: str
    type: str = "string"

    @property
    def is_number(self) -> bool:
        """Whether it compares as a number."""
        return self.type in ("int", "bigint", "double")

    @property
    def is_nested(self) -> bool:
        """Whether it is shown as JSON."""
        return self.type.startswith(("struct", "array", "map"))


@dataclass(frozen=True, slots=True)
class Table:
    """The records of one layout.

    `pattern`: a group for each column, inside one for the line; "" where the line is all there is. `time`: a record's
    own time, as SQL, null where it has none; `text`: what a pattern is looked for in. `documents`: columns, or the
    line, that hold JSON. `also`: names that our own formats have for a column. `header`: lines to skip in each object.
    """

    columns: tuple[Column, ...] = ()
    pattern: str = ""
    time: str = ""
    text: str = "line"
    serde: Serde = "regex"
    header: int = 0
    documents: tuple[str, ...] = ()
    also: Mapping[str, str] = field(default_factory=dict)

    def column(self, name: str) -> Column | None:
        """The column that a name of a field means: its own, in any case and with any signs, or that of our formats.

        >>> TABLES["cloudfront"].column("cs(User-Agent)").name
        'cs_user_agent'
        """
        plain = "_".join("".join(c if c.isalnum() else " " for c in name.lower()).split())
        wanted = (name, plain, self.also.get(name), plain.replace("_", ""))
        return next((column for column in self.columns if column.name in wanted), None)


def _columns(text: str, **types: str) -> tuple[Column, ...]:
    """Columns by name; types of those that are no text."""
    by_name = {name: kind for kind, names in types.items() for name in names.split()}
    return tuple(Column(name, by_name.get(name, "string")) for name in text.split())


def _optional(parts: list[str]) -> str:
    """Groups that came to the format one after another: each may be missing, with all behind it."""
    return f"(?: {parts[0]}{_optional(parts[1:])})?" if parts else ""


_INSTANT = 'try(from_iso8601_timestamp("time"))'
# Without a question mark, which is a parameter's sign elsewhere in a statement.
_STAMP = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}([.]\d+){0,1}(Z|[+-]\d{2}:{0,1}\d{2}){0,1}"

_ALB = Table(
    _columns(
        "type time elb client_ip client_port target_ip target_port request_processing_time target_processing_time"
        " response_processing_time elb_status_code target_status_code received_bytes sent_bytes request_verb"
        " request_url request_proto user_agent ssl_cipher ssl_protocol target_group_arn trace_id domain_name"
        " chosen_cert_arn matched_rule_priority request_creation_time actions_executed redirect_url"
        " lambda_error_reason target_port_list target_status_code_list classification classification_reason"
        " conn_trace_id",
        int="client_port target_port elb_status_code",
        bigint="received_bytes sent_bytes",
        double="request_processing_time target_processing_time response_processing_time",
    ),
    " ".join(
        [_WORD] * 3
        + ["([^ ]*):([0-9]*)", "([^ ]*)[:-]([0-9]*)"]
        + [_WORD] * 7
        + ['"([^ ]*) ([^"]*) ([^" ]*)"', _QUOTED, *[_WORD] * 3, *[_QUOTED] * 3, *[_WORD] * 2, _QUOTED]
    )
    + _optional([_QUOTED] * 6 + [_WORD])
    + "(?: .*)?",
    time=_INSTANT,
    also={"status": "elb_status_code", "method": "request_verb"},
)
_NLB = Table(
    _columns(
        "type version time elb listener_id client_ip client_port target_ip target_port tcp_connection_time_ms"
        " tls_handshake_time_ms received_bytes sent_bytes incoming_tls_alert cert_arn certificate_serial"
        " tls_cipher_suite tls_protocol_version tls_named_group domain_name alpn_fe_protocol alpn_be_protocol"
        " alpn_client_preference_list tls_connection_creation_time",
        int="client_port target_port incoming_tls_alert",
        bigint="received_bytes sent_bytes",
        double="tcp_connection_time_ms tls_handshake_time_ms",
    ),
    " ".join([_WORD] * 5 + ["([^ ]*):([0-9]*)"] * 2 + [_WORD] * 11)
    + _optional([_WORD, _WORD, '("[^"]*"|[^ ]*)', _WORD])
    + "(?: .*)?",
    time=_INSTANT,
)
_CLOUDFRONT = Table(
    _columns(
        "date time x_edge_location sc_bytes c_ip cs_method cs_host cs_uri_stem sc_status cs_referer cs_user_agent"
        " cs_uri_query cs_cookie x_edge_result_type x_edge_request_id x_host_header cs_protocol cs_bytes time_taken"
        " x_forwarded_for ssl_protocol ssl_cipher x_edge_response_result_type cs_protocol_version fle_status"
        " fle_encrypted_fields c_port time_to_first_byte x_edge_detailed_result_type sc_content_type sc_content_len"
        " sc_range_start sc_range_end",
        int="sc_status c_port",
        bigint="sc_bytes cs_bytes sc_content_len sc_range_start sc_range_end",
        double="time_taken time_to_first_byte",
    ),
    r"\t".join([_CELL] * 33) + r"(?:\t.*)?",
    time="""try(from_iso8601_timestamp("date" || 'T' || "time" || 'Z'))""",
    header=2,
    also={"status": "sc_status", "method": "cs_method", "path": "cs_uri_stem"},
)
_FLOW = Table(
    _columns(
        "version account_id interface_id srcaddr dstaddr srcport dstport protocol packets bytes start end action"
        " log_status",
        int="version srcport dstport protocol",
        bigint="packets bytes start end",
    ),
    " ".join([_WORD] * 14) + "(?: .*)?",
    time='from_unixtime("start")',
    header=1,
)
_S3 = Table(
    _columns(
        "bucketowner bucket_name requestdatetime remoteip requester requestid operation key request_uri httpstatus"
        " errorcode bytessent objectsize totaltime turnaroundtime referrer useragent versionid hostid sigv"
        " ciphersuite authtype endpoint tlsversion accesspointarn aclrequired",
        int="httpstatus",
        bigint="bytessent objectsize totaltime turnaroundtime",
    ),
    " ".join([_WORD] * 2 + [r"\[([^\]]*)\]"] + [_WORD] * 5 + [_MAYBE] + [_WORD] * 6 + [_MAYBE, _MAYBE, _WORD])
    + _optional([_WORD] * 8)
    + "(?: .*)?",
    time="try(parse_datetime(requestdatetime, 'dd/MMM/yyyy:HH:mm:ss Z'))",
    also={"bucket": "bucket_name", "time": "requestdatetime", "status": "httpstatus"},
)
_IDENTITY = (
    "struct<type:string,principalid:string,arn:string,accountid:string,invokedby:string,accesskeyid:string,"
    "username:string,onbehalfof:struct<userid:string,identitystorearn:string>,"
    "sessioncontext:struct<attributes:struct<mfaauthenticated:string,creationdate:string>,"
    "sessionissuer:struct<type:string,principalid:string,arn:string,accountid:string,username:string>,"
    "ec2roledelivery:string,webidfederationdata:struct<federatedprovider:string,attributes:map<string,string>>>>"
)
_TRAIL_COLUMNS = (
    Column("eventversion"),
    Column("useridentity", _IDENTITY),
    *_columns(
        "eventtime eventsource eventname awsregion sourceipaddress useragent errorcode errormessage requestparameters"
        " responseelements additionaleventdata requestid eventid readonly"
    ),
    Column("resources", "array<struct<arn:string,accountid:string,type:string>>"),
    *_columns(
        "eventtype apiversion recipientaccountid serviceeventdetails sharedeventid vpcendpointid vpcendpointaccountid"
        " eventcategory addendum sessioncredentialfromconsole edgedevicedetails tlsdetails",
    ),
)
_TRAIL = Table(
    _TRAIL_COLUMNS,
    time="try(from_iso8601_timestamp(eventtime))",
    # One object is one line with all its records: AWS's own reader takes it apart, and keeps no line.
    serde="cloudtrail",
    text="concat_ws(' ', eventtime, eventsource, eventname, awsregion, sourceipaddress, useragent, errorcode,"
    " errormessage, json_format(CAST(useridentity AS JSON)), requestparameters, responseelements,"
    " additionaleventdata, requestid, eventid, json_format(CAST(resources AS JSON)), eventtype, recipientaccountid,"
    " serviceeventdetails, sharedeventid, vpcendpointid)",
    documents=("requestparameters", "responseelements", "additionaleventdata", "serviceeventdetails"),
)
_WAF = Table(
    # A filter reaches into the record: `httpRequest.clientIp`; AWS's definition would not keep the line.
    time="try(from_unixtime(CAST(json_extract_scalar(line, '$.timestamp') AS double) / 1000))",
    documents=("line",),
)
# Lines of any other kind: JSON, or text that holds a time as ISO 8601 writes it.
PLAIN = Table(
    time="try(from_iso8601_timestamp(replace(coalesce("
    "json_extract_scalar(line, '$.time'), json_extract_scalar(line, '$.timestamp'),"
    """ json_extract_scalar(line, '$["@timestamp"]'), json_extract_scalar(line, '$.ts'),"""
    f" regexp_extract(line, '{_STAMP}')), ' ', 'T')))",
    documents=("line",),
)

TABLES: dict[str, Table] = {
    "alb": _ALB,
    "nlb": _NLB,
    "cloudfront": _CLOUDFRONT,
    "cloudtrail": _TRAIL,
    "vpcflow": _FLOW,
    "s3access": _S3,
    "waf": _WAF,
    "sco": PLAIN,
}
