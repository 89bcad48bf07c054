"""What is said of a price in words: one line below a plan, or all that the figures rest on. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from smartcloudops.infra.cost import Limit, Totals, Usage, estimate, limits, totals
from smartcloudops.infra.cost.credits import outlook
from smartcloudops.infra.cost.table import Account, Tariff, accounts, tariff
from smartcloudops.infra.records import Change, Plan, Price


@dataclass(frozen=True, slots=True)
class Estimate:
    """A stack's month: its rows for one kind of account, the sums for both, and what is over the legacy allowances."""

    account: Account
    rows: tuple[Price, ...]
    legacy: Totals
    credited: Totals
    over: tuple[Limit, ...]
    usage: Usage
    tariff: Tariff
    today: date

    @property
    def total(self) -> Totals:
        """The sums for the account that was asked for."""
        return self.legacy if self.account == "legacy" else self.credited


def estimated(
    of: Plan | Iterable[Change],
    *,
    today: date,
    account: Account | None = None,
    region: str | None = None,
    usage: Usage | None = None,
) -> Estimate:
    """All that is said of a stack's price; `account` is that of today's accounts where none is named."""
    changes = tuple(of.resources if isinstance(of, Plan) else of)
    used = usage or Usage()
    by_account = {each: estimate(changes, account=each, region=region, usage=used) for each in _ACCOUNTS}
    chosen = account or usual_account(today)
    return Estimate(
        chosen,
        tuple(by_account[chosen]),
        totals(by_account["legacy"]),
        totals(by_account["2025"]),
        tuple(each for each in limits(changes, region=region, usage=used) if each.is_over),
        used,
        tariff(region),
        today,
    )


_ACCOUNTS: tuple[Account, ...] = ("legacy", "2025")


def usual_account(today: date) -> Account:
    """Which kind of account somebody has who does not say: nobody has the legacy allowances after they ended.

    >>> usual_account(date(2026, 7, 14)), usual_account(date(2026, 7, 15))
    ('legacy', '2025')
    """
    return "legacy" if today < _legacy_ended() else "2025"


def in_a_line(found: Estimate) -> str:
    """What a month costs, for the end of a plan."""
    lasting = _lasting(found.credited.free_usd)
    line = (
        f"a month: {usd(found.total.list_usd)} at list price, {usd(found.legacy.free_usd)} over the legacy free tier"
        f"{_ended(found)}; accounts opened since {accounts().changed}: {lasting}"
    )
    unpriced = found.total.unpriced
    return line + (f"; without a price: {', '.join(unpriced)}" if unpriced else "")


def in_full(found: Estimate) -> Iterator[str]:
    """Every sentence that belongs to the table."""
    about = accounts()
    yield f"list price: {usd(found.total.list_usd)} a month"
    yield f"over the legacy free tier: {usd(found.legacy.free_usd)} a month{_ended(found)}"
    yield from (f"  {_over(limit)}" for limit in found.over)
    yield f"accounts opened since {about.changed}: {_lasting(found.credited.free_usd)}"
    yield f"  the free plan ends after {about.plan_months} months, or with its credits, and the account with it"
    yield from _refused(found.rows)
    yield from _unpriced(found.rows)
    yield from _nothing(found.rows)
    yield f"assumed: {_assumed(found)}"
    yield _whose(found.tariff)


def _ended(found: Estimate) -> str:
    ended = _legacy_ended()
    if found.today < ended:
        return f" (accounts opened before {accounts().changed}, for their first 12 months)"
    return f" (which ended on {ended} for the last account that had it)"


def _legacy_ended() -> date:
    return date.fromisoformat(accounts().legacy_ended)


def _over(limit: Limit) -> str:
    return f"{_amount(limit.used)} of {_amount(limit.free)} free {limit.what} used: {usd(limit.over_usd)}"


def _lasting(monthly: float) -> str:
    """How long credits pay for it; they expire."""
    found = outlook(monthly)
    if monthly <= 0:
        return "nothing is taken from their credits"
    least, most = (min(months or 0.0, float(found.credit_months)) for months in found.months)
    first, all_of_them = (f"${amount:,.0f}" for amount in found.credits)
    return f"{usd(monthly)} a month, from their credits: {first} last {least:.1f} months, {all_of_them} {most:.1f}"


def _refused(rows: Sequence[Price]) -> Iterator[str]:
    """Servers that the free plan does not start."""
    started = accounts().plan_instances
    types = {row.what for row in rows if row.unit == "h" and "." in row.what} - set(started)
    if types:
        yield f"  the free plan starts no {', '.join(sorted(types))}; it has {', '.join(started)}"


def _unpriced(rows: Sequence[Price]) -> Iterator[str]:
    for row in rows:
        if row.list_usd is None:
            yield f"not in these sums: {row.address}: {row.note}"


def _nothing(rows: Sequence[Price]) -> Iterator[str]:
    """What costs nothing by itself, counted by type."""
    priced = {row.address for row in rows if row.list_usd != 0}
    free = {row.address for row in rows if row.list_usd == 0} - priced
    if free:
        types = Counter(_type(address) for address in free)
        named = ", ".join(f"{name} {count}" if count > 1 else name for name, count in sorted(types.items()))
        yield f"free by themselves: {len(free)} resource{'s' if len(free) > 1 else ''} ({named})"


def _type(address: str) -> str:
    parts = address.partition("[")[0].split(".")
    return parts[-2].removeprefix("aws_") if len(parts) > 1 else address


def _assumed(found: Estimate) -> str:
    usage = found.usage
    return (
        f"{found.tariff.hours} hours; {_amount(usage.egress_gb)} GB out (--egress-gb), {_amount(usage.logs_gb)} GB of"
        f" CloudWatch logs (--logs-gb), {_amount(usage.storage_gb)} GB in S3 (--storage-gb) with"
        f" {_amount(usage.puts * 1000)} uploads and {_amount(usage.gets * 1000)} reads"
    )


def _whose(prices: Tariff) -> str:
    said = f"AWS's prices of {prices.region}, {prices.dated}, before taxes"
    if not prices.is_known:
        return f"{said}; the table has none of {prices.asked}, where it may cost up to a half more"
    return said if prices.asked == prices.region else f"{said}; those of {prices.asked} are the same"


def _amount(value: float) -> str:
    """A quantity without digits that say nothing.

    >>> _amount(1460), _amount(0.5)
    ('1,460', '0.5')
    """
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def usd(amount: float) -> str:
    """Dollars and cents; what costs something is never nothing.

    >>> usd(25.768), usd(0.004), usd(0)
    ('$25.77', '<$0.01', '$0')
    """
    if amount <= 0:
        return "$0"
    return "<$0.01" if amount < 0.005 else f"${amount:,.2f}"
