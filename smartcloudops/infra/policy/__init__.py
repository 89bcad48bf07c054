"""What is wrong with a plan, by rules with ids that can be waived with a reason and a date. Pure.

A rule is a row of `RULES`: an id, how bad it is, how to mend it, an example that breaks it and one that does not. What
is known only when it is applied breaks no rule; where silence itself is the danger, a rule of its own says that nothing
is said, and does not stop anything. Severity `high` stops `sco infra up` unless waived, or allowed by a flag.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

from smartcloudops.core.registry import Registry
from smartcloudops.infra.policy.rule import Finding, Rule, Severity
from smartcloudops.infra.policy.waiving import Waiver, waived
from smartcloudops.infra.records import Breach, Change, Plan
from smartcloudops.infra.seen import seen

_HERE = "smartcloudops.infra.policy"
RULES: Registry[Rule] = Registry(
    "policy rule",
    {
        "open-admin-port": f"{_HERE}.ports:OPEN_ADMIN_PORT",
        "open-port": f"{_HERE}.ports:OPEN_PORT",
        "wide-prefix-list": f"{_HERE}.ports:WIDE_PREFIX_LIST",
        "public-database": f"{_HERE}.ports:PUBLIC_DATABASE",
        "public-bucket": f"{_HERE}.buckets:PUBLIC_BUCKET",
        "unblocked-bucket": f"{_HERE}.buckets:UNBLOCKED_BUCKET",
        "unencrypted-bucket": f"{_HERE}.buckets:UNENCRYPTED_BUCKET",
        "unversioned-bucket": f"{_HERE}.buckets:UNVERSIONED_BUCKET",
        "unencrypted-disk": f"{_HERE}.servers:UNENCRYPTED_DISK",
        "disk-encryption-unsaid": f"{_HERE}.servers:DISK_ENCRYPTION_UNSAID",
        "imdsv1": f"{_HERE}.servers:IMDSV1",
        "imds-unsaid": f"{_HERE}.servers:IMDS_UNSAID",
        "wildcard-role": f"{_HERE}.roles:WILDCARD_ROLE",
        "open-role": f"{_HERE}.roles:OPEN_ROLE",
        "secret-in-user-data": f"{_HERE}.secrets:SECRET_IN_USER_DATA",
        "key-in-state": f"{_HERE}.secrets:KEY_IN_STATE",
        "over-free-tier": f"{_HERE}.spending:OVER_FREE_TIER",
        "unlimited-credits": f"{_HERE}.servers:UNLIMITED_CREDITS",
        "endless-logs": f"{_HERE}.spending:ENDLESS_LOGS",
    },
)
_RANK: dict[Severity, int] = {"high": 0, "medium": 1, "low": 2}
__all__ = ["RULES", "Breach", "Finding", "Rule", "Severity", "Waiver", "breaches", "rules", "stops"]


def rules() -> list[Rule]:
    """Every rule, in the table's order."""
    return [RULES.load(name) for name in RULES]


def breaches(
    plan: Plan | Iterable[Change],
    waivers: Iterable[Waiver] = (),
    *,
    today: date | None = None,
    found: Sequence[Breach] = (),
) -> list[Breach]:
    """What breaks a rule, the worst first, with what a scanner `found`; what is allowed has its reason in `waived`.

    `today` (UTC) decides which waivers have expired. ConfigError for a waiver that is none.
    """
    resources = seen(plan)
    own = [
        Breach(rule.id, rule.severity, finding.address, finding.why, rule.mend)
        for rule in rules()
        for finding in dict.fromkeys(rule.look(resources))
    ]
    told = waived([*own, *found], waivers, RULES, today or datetime.now(UTC).date())
    return sorted(told, key=lambda each: (bool(each.waived), _RANK[each.severity]))


def stops(found: Iterable[Breach]) -> bool:
    """Whether nothing may be applied: something of severity high is not waived."""
    return any(breach.severity == "high" and not breach.waived for breach in found)
