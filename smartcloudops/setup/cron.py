"""Crontab lines."""

from __future__ import annotations

import shlex

from smartcloudops.setup.schedule import Schedule


def lines(schedule: Schedule) -> list[str]:
    """One for train, one for detect; absolute paths, and nothing that cron's own shell could misread."""
    hour, minute = schedule.at
    every = "0 * * * *" if schedule.every_min == 60 else f"*/{schedule.every_min} * * * *"
    return [f"{minute} {hour} * * *  {_command(schedule, 'train')}", f"{every}  {_command(schedule, 'detect')}"]


def _command(schedule: Schedule, kind: str) -> str:
    """Cron makes a newline of `%` wherever it stands, unless a backslash is before it."""
    set_ = [f"{name}={shlex.quote(value)}" for name, value in schedule.environment.items()]
    return " ".join([*set_, shlex.join(schedule.command(kind))]).replace("%", r"\%")
