"""How long the credits of a new account last. Pure; AWS closes an account on the free plan when they are gone."""

from __future__ import annotations

from dataclasses import dataclass

from smartcloudops.infra.cost.table import accounts


@dataclass(frozen=True, slots=True)
class Outlook:
    """Months that the credits last: those given at once, and with all that can be earned; None: they do not run out.

    `plan_months` is how long the free plan lasts at most, `credit_months` how long credits are good.
    """

    monthly_usd: float
    credits: tuple[float, float]
    months: tuple[float | None, float | None]
    plan_months: int
    credit_months: int


def outlook(monthly_usd: float) -> Outlook:
    """For a stack that costs so much a month after what is always free.

    >>> outlook(25.0).months
    (4.0, 8.0)
    """
    about = accounts()
    least, most = (amount / monthly_usd if monthly_usd > 0 else None for amount in about.credits)
    return Outlook(monthly_usd, about.credits, (least, most), about.plan_months, about.credit_months)
