"""Waivers: a breach that is allowed, by whom it is known why, and until when. Pure; the day is an argument."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from typing import Protocol

from smartcloudops.core.errors import ConfigError
from smartcloudops.core.registry import nearest
from smartcloudops.infra.records import Breach

EXPIRED, UNUSED = "expired-waiver", "unused-waiver"
_HOW = '[waive.NAME] rule = "open-port", resource = "aws_security_group.*", reason = "…", until = "2027-06-30"'


class Waiver(Protocol):
    """One `[waive.NAME]` of the configuration."""

    @property
    def rule(self) -> str:
        """Id of the rule."""

    @property
    def resource(self) -> str:
        """Address that it is allowed for; * stands for any text."""

    @property
    def reason(self) -> str:
        """Why it is allowed."""

    @property
    def until(self) -> str:
        """Last day of it, as 2027-06-30."""


@dataclass(frozen=True, slots=True)
class _Checked:
    waiver: Waiver
    until: date

    def fits(self, breach: Breach) -> bool:
        return self.waiver.rule == breach.rule and is_meant(self.waiver.resource, breach.address)


def is_meant(pattern: str, address: str) -> bool:
    """Whether an address is meant; only * and ? are special, since addresses have brackets.

    >>> is_meant('aws_instance.host["*"]', 'aws_instance.host["web"]'), is_meant("aws_s3*", "aws_instance.a")
    (True, False)
    """
    return fnmatchcase(address, pattern.replace("[", "[[]"))


def waived(found: Sequence[Breach], waivers: Iterable[Waiver], known: Iterable[str], today: date) -> list[Breach]:
    """The breaches, those that are allowed with the reason; then waivers that have expired, and that nothing needs.

    ConfigError for a waiver without a reason or a date, or of a rule that is not among `known`.
    """
    rules = {*known, *(breach.rule for breach in found)}
    checked = [_check(waiver, rules) for waiver in waivers]
    good = [each for each in checked if each.until >= today]
    allowed = [_allowed(breach, good) for breach in found]
    return [*allowed, *_told(checked, found, rules, today)]


def _check(waiver: Waiver, known: set[str]) -> _Checked:
    where = f"[waive.NAME] rule = {waiver.rule!r}"
    if waiver.rule not in known and not waiver.rule.startswith("CKV"):
        raise ConfigError(f"{where}: there is no such rule", hint=nearest(waiver.rule, known))
    if not waiver.reason.strip():
        raise ConfigError(f"{where}: there is no reason", hint=_HOW)
    try:
        return _Checked(waiver, date.fromisoformat(waiver.until))
    except ValueError as e:
        raise ConfigError(f"{where}: until = {waiver.until!r} is no day", hint=_HOW) from e


def _allowed(breach: Breach, good: Sequence[_Checked]) -> Breach:
    for each in good:
        if each.fits(breach):
            return replace(breach, waived=f"{each.waiver.reason} (until {each.until})")
    return breach


def _told(checked: Sequence[_Checked], found: Sequence[Breach], rules: set[str], today: date) -> Iterator[Breach]:
    """What is to be done about the waivers themselves. One of a scanner that did not run is not unused."""
    for each in checked:
        waiver, needed = each.waiver, any(map(each.fits, found))
        if each.until < today and needed:
            why = f"its waiver of {waiver.rule} ended on {each.until}: {waiver.reason}"
            yield Breach(EXPIRED, "medium", waiver.resource, why, "mend it, or set a later `until` with a reason")
        elif not needed and waiver.rule in rules:
            why = f"nothing needs its waiver of {waiver.rule} any more: {waiver.reason}"
            yield Breach(UNUSED, "low", waiver.resource, why, "take it out of the configuration")
