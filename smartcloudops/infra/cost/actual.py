"""What AWS itself counts this month: use of the free tier, credits left, and what has been spent so far.

Three services of AWS's are asked, all in us-east-1 and each for itself, since each needs a right of its own. Only Cost
Explorer takes money for it, so whoever calls asks before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from smartcloudops.core import aws
from smartcloudops.core.errors import DataError, ScoError, Status
from smartcloudops.core.text import printable

REQUEST_USD = 0.01
_REGION = "us-east-1"
_ATTEMPTS, _READ_S, _PAGES, _ROWS = 2, 10.0, 20, 100
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized")


class DeniedError(ScoError):
    """AWS does not let these credentials ask; the message names the right that they need."""

    status = Status.PARTIAL


@dataclass(frozen=True, slots=True)
class Used:
    """One allowance as AWS counts it: this month so far, its limit, and what it expects by the month's end."""

    service: str
    what: str
    used: float
    limit: float
    forecast: float
    unit: str
    kind: str

    @property
    def share(self) -> float:
        """How much of the limit is used, 1 being all; of a limit of nothing everything is."""
        return self.used / self.limit if self.limit else float(self.used > 0)


@dataclass(frozen=True, slots=True)
class Credits:
    """The plan of an account opened since 2025-07-15: FREE or PAID, how it stands, credits left and its end."""

    plan: str
    state: str
    left_usd: float | None
    ends: str


@dataclass(frozen=True, slots=True)
class Spent:
    """USD of this month so far; `by` service, the most first; `more`: there are services beyond these."""

    usd: float
    by: tuple[tuple[str, float], ...]
    source: str
    more: bool = False


def session(environ: Mapping[str, str]) -> Any:
    """The account's session where these services are."""
    return aws.session(region=_REGION, environ=environ)


def free_tier(opened: Any) -> list[Used]:
    """Use of every allowance of the account, the fullest first. DeniedError, ConfigError or UnreachableError."""
    with _asked("freetier:GetFreeTierUsage", "read the use of the free tier"):
        client = _client(opened, "freetier")
        found: list[Used] = []
        more: dict[str, str] = {}
        for _ in range(_PAGES):
            page = client.get_free_tier_usage(maxResults=_ROWS, **more)
            found += [_used(each) for each in page["freeTierUsages"]]
            if not page.get("nextToken"):
                return sorted(found, key=lambda used: -used.share)
            more = {"nextToken": page["nextToken"]}
    raise DataError(f"AWS has more than {_PAGES} pages of the free tier's use, which cannot be")


def _used(said: Mapping[str, Any]) -> Used:
    def text(name: str) -> str:
        return printable(str(said.get(name) or ""))

    return Used(
        text("service"),
        text("description") or text("usageType"),
        float(said.get("actualUsageAmount") or 0),
        float(said.get("limit") or 0),
        float(said.get("forecastedUsageAmount") or 0),
        text("unit"),
        text("freeTierType"),
    )


def credits_left(opened: Any) -> Credits | None:
    """The plan of the account and its credits; None for accounts that have no plan, which are the older ones."""
    from botocore.exceptions import ClientError

    with _asked("freetier:GetAccountPlanState", "read the account's plan"):
        try:
            said = _client(opened, "freetier").get_account_plan_state()
        except ClientError as e:
            if aws.code_of(e) == "ResourceNotFoundException":
                return None
            raise
        return _credits(said)


def _credits(said: Mapping[str, Any]) -> Credits:
    left = said.get("accountPlanRemainingCredits") or {}
    ends = said.get("accountPlanExpirationDate")
    return Credits(
        printable(str(said["accountPlanType"])),
        printable(str(said["accountPlanStatus"])),
        float(left["amount"]) if "amount" in left else None,
        ends.date().isoformat() if isinstance(ends, datetime) else "",
    )


def spent(opened: Any, today: date) -> Spent:
    """This month by Cost Explorer: one request, which costs $0.01. DeniedError, ConfigError or UnreachableError."""
    period = {"Start": today.replace(day=1).isoformat(), "End": (today + timedelta(days=1)).isoformat()}
    with _asked("ce:GetCostAndUsage", "read what was spent"):
        # Asked once: each request is billed.
        said = _client(opened, "ce", attempts=1).get_cost_and_usage(
            TimePeriod=period,
            Granularity="MONTHLY",
            Metrics=["UnblendedCost"],
            GroupBy=[{"Type": "DIMENSION", "Key": "SERVICE"}],
        )
        return _spent(said)


def _spent(said: Mapping[str, Any]) -> Spent:
    groups = [group for result in said.get("ResultsByTime", ()) for group in result.get("Groups", ())]
    by = [(printable(str(g["Keys"][0])), float(g["Metrics"]["UnblendedCost"]["Amount"])) for g in groups]
    by.sort(key=lambda each: -each[1])
    return Spent(sum(usd for _, usd in by), tuple(by), "Cost Explorer", bool(said.get("NextPageToken")))


def charged(opened: Any, now: datetime) -> Spent | None:
    """This month by CloudWatch's metric of charges, for nothing; None where billing alerts are not switched on."""
    with _asked("cloudwatch:GetMetricStatistics", "read what was charged"):
        said = _client(opened, "cloudwatch").get_metric_statistics(
            Namespace="AWS/Billing",
            MetricName="EstimatedCharges",
            Dimensions=[{"Name": "Currency", "Value": "USD"}],
            StartTime=now - timedelta(days=1),
            EndTime=now,
            Period=21_600,
            Statistics=["Maximum"],
        )
    points = sorted(said.get("Datapoints", ()), key=lambda point: point["Timestamp"])
    if not points:
        return None
    at = points[-1]["Timestamp"].astimezone(UTC).strftime("%Y-%m-%d %H:%MZ")
    return Spent(float(points[-1]["Maximum"]), (), f"CloudWatch's EstimatedCharges of {at}")


def _client(opened: Any, service: str, attempts: int = _ATTEMPTS) -> Any:
    return aws.client(opened, service, attempts=attempts, read_s=_READ_S)


@contextmanager
def _asked(right: str, doing: str) -> Iterator[None]:
    """Denial as such, anything else as everywhere; an answer of another form is DataError."""
    from botocore.exceptions import ClientError

    with aws.errors("AWS", doing, reading=True):
        try:
            yield
        except ClientError as e:
            if aws.code_of(e) in _DENIED:
                hint = f"allow {right} for these credentials, and IAM access to billing for the account"
                raise DeniedError(f"AWS denies these credentials to {doing}", hint=hint) from e
            raise
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as e:
            raise DataError(f"AWS answers otherwise than it should, asked to {doing}") from e
