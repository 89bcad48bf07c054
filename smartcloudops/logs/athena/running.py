"""Amazon Athena itself: a workgroup's limit, a statement run to its end or stopped, and its rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from smartcloudops.core.aws import code_of, errors
from smartcloudops.core.errors import ConfigError, ScoError, UnreachableError
from smartcloudops.core.redact import redact
from smartcloudops.core.text import printable
from smartcloudops.logs.athena.selecting import Statement

_FIRST_S, _LONGEST_S = 0.2, 2.0
_SAID = 500
_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
_ALLOW = (
    "allow athena:GetWorkGroup, StartQueryExecution, GetQueryExecution, GetQueryResults and StopQueryExecution,"
    " and glue:GetTable, for these credentials"
)
# What Athena says, and what to do about it.
_HINTS = {
    "TABLE_NOT_FOUND": "make the table first: the same command with --create",
    "does not exist": "make the table first: the same command with --create",
    "COLUMN_NOT_FOUND": "the table was not made by sco: leave `table` out of [logs.NAME], and --create one",
    "Bytes scanned limit": "take a shorter window, or a higher limit of the workgroup",
    "CONSTRAINT_VIOLATION": "the table was made of another layout: leave `table` out of [logs.NAME], and --create one",
    "ccess Denied": "allow s3:GetObject and s3:ListBucket on the logs for whoever runs the query",
    "output location": "aws athena update-work-group --work-group NAME --configuration-updates"
    " 'ResultConfigurationUpdates={OutputLocation=s3://BUCKET/PREFIX/}'",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a statement does: its state in Athena's word, and the bytes that it has scanned."""

    state: str
    scanned: int = 0
    reason: str = ""


class Athena:
    """A workgroup. `pause` waits so many seconds."""

    def __init__(self, client: Any, workgroup: str, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._client, self.workgroup, self._pause = client, workgroup, pause

    def limit(self) -> int:
        """The bytes that one statement may scan in this workgroup; ConfigError where it has no limit, or is off."""
        with _asking(f"look at workgroup {self.workgroup}"):
            group = self._client.get_work_group(WorkGroup=self.workgroup)["WorkGroup"]
        if group.get("State") == "DISABLED":
            raise ConfigError(f"workgroup {self.workgroup} is switched off", hint="another: [logs.NAME] workgroup")
        most = group.get("Configuration", {}).get("BytesScannedCutoffPerQuery")
        if not most:
            command = f"aws athena update-work-group --work-group {self.workgroup} --configuration-updates"
            raise ConfigError(
                f"workgroup {self.workgroup} has no limit of bytes that a query may scan, so its price has none",
                hint=f"set one, as 100 GB: {command} BytesScannedCutoffPerQuery=100000000000",
            )
        return int(most)

    def start(self, statement: Statement, database: str) -> str:
        """The id of a statement that runs from now on."""
        more = {"ExecutionParameters": list(statement.values)} if statement.values else {}
        with _asking("start the query"):
            begun = self._client.start_query_execution(
                QueryString=statement.sql,
                QueryExecutionContext={"Database": database},
                WorkGroup=self.workgroup,
                **more,
            )
        return str(begun["QueryExecutionId"])

    def standing(self, query: str) -> Standing:
        """How a statement does."""
        with _asking("ask how the query does"):
            found = self._client.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        status = found.get("Status", {})
        reason = status.get("StateChangeReason") or status.get("AthenaError", {}).get("ErrorMessage") or ""
        scanned = int(found.get("Statistics", {}).get("DataScannedInBytes") or 0)
        return Standing(str(status.get("State", "QUEUED")), scanned, printable(redact(str(reason)))[:_SAID])

    def wait(self, query: str, tell: Callable[[Standing], None]) -> Standing:
        """Until a statement has ended well; ScoError with Athena's own reason where it has not."""
        pause_s = _FIRST_S
        while (now := self.standing(query)).state not in _ENDED:
            tell(now)
            self._pause(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_S)
        if now.state != "SUCCEEDED":
            failed = "stopped the query" if now.state == "CANCELLED" else "failed"
            why = now.reason or "it gives no reason"
            hint = next((hint for said, hint in _HINTS.items() if said in why), f"query {query} in Athena's console")
            raise ScoError(f"Athena {failed}: {why}", hint=hint)
        return now

    def stop(self, query: str) -> None:
        """Stop a statement; what it has scanned is paid for."""
        with _asking("stop the query"):
            self._client.stop_query_execution(QueryExecutionId=query)

    def rows(self, query: str) -> Iterator[dict[str, str | None]]:
        """Rows of a statement that has ended, page by page."""
        more: dict[str, str] = {}
        is_first = True
        while True:
            with _asking("give the rows"):
                page = self._client.get_query_results(QueryExecutionId=query, **more)
            result = page["ResultSet"]
            names = [column["Name"] for column in result.get("ResultSetMetadata", {}).get("ColumnInfo", [])]
            for row in result.get("Rows", [])[1 if is_first else 0 :]:
                yield dict(zip(names, (cell.get("VarCharValue") for cell in row["Data"]), strict=False))
            is_first = False
            if not page.get("NextToken"):
                return
            more = {"NextToken": page["NextToken"]}


@contextmanager
def _asking(doing: str) -> Iterator[None]:
    from botocore.exceptions import ClientError

    with errors("Athena", doing):
        try:
            yield
        except ClientError as e:
            refused = _refused(e, doing)
            if refused is None:
                raise
            raise refused from e


def _refused(e: Any, doing: str) -> ScoError | None:
    """Athena's own refusals; None for what every service of AWS says."""
    code, said = code_of(e), printable(redact(str(e.response.get("Error", {}).get("Message", ""))))[:_SAID]
    if code in ("AccessDeniedException", "AccessDenied"):
        return ConfigError(f"Athena: access denied to {doing}: {said}", hint=_ALLOW)
    if code in ("UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException"):
        hint = "sign in again, or check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"
        return ConfigError(f"Athena: the credentials are refused ({code}): {said}", hint=hint)
    if code in ("TooManyRequestsException", "InternalServerException"):
        return UnreachableError(f"Athena cannot {doing} now: {said}", hint="run the command again later")
    if code in ("InvalidRequestException", "MetadataException", "ResourceNotFoundException"):
        hint = next((hint for known, hint in _HINTS.items() if known in said), "see [logs.NAME] workgroup and table")
        return ConfigError(f"Athena refuses to {doing}: {said}", hint=hint)
    return None
